/**
 * The service worker, and newer versions of the page that it finds. One is taken when nothing is lost or disturbed by
 * loading the page anew; until then the person is told and may take it.
 */

import { Store } from "../sync/store";
import { afterPress } from "../sync/press";
import { hasDrafts } from "../sync/storage";
import { TYPING } from "../ui/useShortcuts";

const WORKER = "/worker.js";
const HOUR = 60 * 60 * 1000;
const MOMENT = 1000;
const A_WHILE = 10_000;

const OPEN = "dialog[open], :popover-open, .batch-bar, .notice";

export class Updates {
  /** Whether a newer version of the page is here. */
  readonly found = new Store(false);
  #registration: ServiceWorkerRegistration | null = null;
  #rest: () => boolean = () => true;
  #isHere = false;

  /** Once. */
  async begin(): Promise<void> {
    const { serviceWorker } = navigator;
    if (!serviceWorker) return;
    for (const type of ["pointerdown", "keydown"])
      addEventListener(type, () => (touched = performance.now()), { capture: true });
    const isFirst = serviceWorker.controller === null;
    serviceWorker.addEventListener("controllerchange", () => isFirst || this.#have()); // another tab has taken it
    // Some browsers have none in private windows: then the page needs its server each time.
    const registering = serviceWorker.register(trusted(WORKER), { updateViaCache: "none" });
    const registration = await registering.catch(() => undefined);
    if (!registration) return;
    this.#registration = registration;
    // Of the very first one there is nothing that it would be newer than.
    const look = () => registration.waiting && registration.active && this.#have();
    const follow = () => registration.installing?.addEventListener("statechange", look);
    registration.addEventListener("updatefound", follow);
    follow(); // it may have been found before
    look();
    const ask = () => navigator.onLine && void registration.update().catch(() => {}); // asked again soon enough
    setInterval(ask, HOUR);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask());
  }

  /** Whether nothing of the user's would be cut short, as far as the page does not show it. */
  unless(isBusy: () => boolean): () => void {
    this.#rest = () => !isBusy();
    return () => (this.#rest = () => true);
  }

  /** Load the page anew, as the newer version. */
  readonly take = (): void => {
    const waiting = this.#registration?.waiting;
    if (!waiting) return location.reload();
    waiting.addEventListener("statechange", () => waiting.state === "activated" && location.reload());
    waiting.postMessage("take over");
  };

  #have(): void {
    if (this.#isHere) return;
    this.#isHere = true;
    const show = () => this.found.set(true);
    const look = () => {
      if (!this.#rest() || !isAtRest()) return afterPress(show);
      clearInterval(timer);
      this.take();
      setTimeout(show, A_WHILE); // whoever is still here then has to say it
    };
    const timer = setInterval(look, MOMENT);
    look();
  }
}

/** When something was pressed last. */
let touched = -Infinity;

/** Nothing is open, typed, selected or to be undone, and nobody has pressed anything for a while. */
function isAtRest(): boolean {
  if (performance.now() - touched < A_WHILE) return false;
  const { activeElement: here } = document;
  // The sign-in begins in its first field: nothing is typed there yet.
  const isTyping = document.hasFocus() && here?.matches(TYPING) && !isUntouched(here);
  const typed = [...document.querySelectorAll<HTMLInputElement>("input[type=email], input[type=password]")];
  return !isTyping && !hasDrafts() && !document.querySelector(OPEN) && typed.every(({ value }) => value === "");
}

function isUntouched(field: Element): boolean {
  return field instanceof HTMLInputElement && field.value === "" && field.closest(".sign-in") !== null;
}

/** Of which TypeScript's own types know nothing yet. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: () => string }): { createScriptURL(text: string): string };
}

/** The page's policy lets no text become a script's address, but this one. */
function trusted(address: typeof WORKER): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  return (
    trustedTypes?.createPolicy("tasklane-worker", { createScriptURL: () => address }).createScriptURL("") ?? address
  );
}
