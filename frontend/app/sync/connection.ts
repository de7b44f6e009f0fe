/**
 * Whether the service answers, as every request found it. While it does not, there is one clock for all: when it rings,
 * whoever has something to ask asks again, later and later.
 */

import { failureOf, retryAfterOf } from "./failure";
import { calm } from "./press";
import { Store } from "./store";

export type Link =
  | { state: "ready" }
  | { state: "offline" } // the browser itself has no network
  | { state: "away"; retryAt: number }
  | { state: "limited"; retryAt: number };

/** Asks again; resolves when there was an answer or none. */
type Ask = () => Promise<unknown>;

const LONGEST_WAIT = 15;

export class Connection {
  readonly link = new Store<Link>({ state: "ready" });
  /** The same, for the eye. */
  readonly shown = calm(this.link);
  readonly #asks = new Set<Ask>();
  /** By what was asked for: the service may answer the one and not the other, reads from its cache, say. */
  readonly #troubles = new Map<string, { isLimit: boolean; retryAt: number }>();
  #rounds = 0;
  #trying = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `ask` is called when it is time to ask again. */
  onWake(ask: Ask): () => void {
    this.#asks.add(ask);
    return () => this.#asks.delete(ask);
  }

  /** Follow the browser's own idea of the network, too. */
  watchBrowser(): void {
    if (!navigator.onLine) this.#become({ state: "offline" });
    addEventListener("offline", () => this.#become({ state: "offline" }));
    addEventListener("online", this.tryNow);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.link.get().state !== "limited") this.tryNow();
    });
  }

  /** Wrap a request for `what`: what becomes of it tells how the service is. */
  async watch<T>(what: string, request: Promise<T>): Promise<T> {
    try {
      const answer = await request;
      this.answered(what);
      return answer;
    } catch (error) {
      this.failed(what, error);
      throw error;
    }
  }

  /** The same for who does more than one request. */
  answered(what: string): void {
    if (this.#troubles.delete(what) && !this.#trying) this.#decide();
  }

  failed(what: string, error: unknown): void {
    const failure = failureOf(error);
    if (failure === "refused") this.answered(what);
    if (failure === "refused" || failure === "aborted") return;
    // Whoever is signed out sees the form; a token refused in spite of a session is the service's trouble.
    const wait = retryAfterOf(error) ?? Math.min(LONGEST_WAIT, 2 ** this.#rounds);
    this.#troubles.set(what, { isLimit: failure === "limited", retryAt: Date.now() + wait * 1000 });
    if (!this.#trying) this.#decide();
  }

  /** Ask again now. */
  readonly tryNow = (): void => {
    if (this.link.get().state !== "ready" && !this.#trying) void this.#try();
  };

  async #try(): Promise<void> {
    clearTimeout(this.#timer);
    this.#trying = true;
    this.#rounds += 1;
    this.#troubles.clear();
    await Promise.allSettled([...this.#asks].map((ask) => ask()));
    this.#trying = false;
    this.#decide();
  }

  #decide(): void {
    const troubles = [...this.#troubles.values()];
    if (troubles.length === 0) return this.#become({ state: "ready" });
    if (!navigator.onLine) return this.#become({ state: "offline" });
    const retryAt = Math.max(...troubles.map((trouble) => trouble.retryAt));
    this.#become({ state: troubles.some(({ isLimit }) => isLimit) ? "limited" : "away", retryAt });
  }

  #become(link: Link): void {
    clearTimeout(this.#timer);
    if (link.state === "ready") this.#rounds = 0;
    else {
      // Not all pages at the same moment.
      const wait = "retryAt" in link ? link.retryAt - Date.now() : LONGEST_WAIT * 1000;
      this.#timer = setTimeout(this.tryNow, wait + Math.random() * 200);
    }
    if (link.state !== "ready" || this.link.get().state !== "ready") this.link.set(link);
  }
}
