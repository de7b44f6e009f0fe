/** The tabs of one browser: what one has done, and what only one of them does at a time. */

import { newKey } from "../../lib/key";

const CHANNEL = "tasklane:tabs";

export class Tabs {
  /** This tab's own, as long as it is not loaded again. */
  readonly name = newKey();
  /** False where a page came over plain http from another machine: each tab is as good as alone. */
  readonly canHold = "locks" in navigator;
  readonly #channel = new BroadcastChannel(CHANNEL);

  /** Calls `act` once no other tab holds `what`, and holds it until the signal, or until this tab is gone. */
  hold(what: string, signal: AbortSignal, act: () => void): void {
    if (signal.aborted) return;
    if (!this.canHold) return act();
    const held = () => {
      act();
      return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    };
    navigator.locks.request(`tasklane:${what}`, { signal }, held).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** Say to all other tabs that `what` has changed on the disk. */
  tell(what: string): void {
    this.#channel.postMessage(what);
  }

  onTold(what: string, act: () => void, signal: AbortSignal): void {
    this.#channel.addEventListener("message", ({ data }) => data === what && act(), { signal });
  }
}
