/**
 * What comes by itself waits while somebody presses, and for the click that follows: it may move what is pressed, and
 * the press would arrive at nothing, or at something else.
 */

import { Store } from "./store";

/** Milliseconds: a click comes right after the pointer is up; who holds it down for longer does not press. */
const [AFTER, LONGEST] = [50, 1000];

const waiting = new Set<() => void>();
let isPressing = false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Follow the pointer, wherever it presses; a drag has its own way with what comes meanwhile. */
export function watchPresses(): void {
  const begin = ({ target }: Event) => {
    if (target instanceof Element && target.closest(".task-grip")) return;
    isPressing = true;
    endIn(LONGEST);
  };
  const end = () => isPressing && endIn(AFTER);
  addEventListener("pointerdown", begin, { capture: true });
  addEventListener("pointerup", end, { capture: true });
  addEventListener("pointercancel", end, { capture: true });
}

/** Now, or when the press is over; once, however often it is asked for meanwhile. */
export function afterPress(act: () => void): void {
  if (isPressing) waiting.add(act);
  else act();
}

/** Resolves when nobody presses any more, and what waited for that before has come. */
export function pressOver(): Promise<void> {
  return new Promise((resolve) => afterPress(resolve));
}

/** The same value, as it may be shown. */
export function calm<T>(source: Store<T>): Store<T> {
  const shown = new Store(source.get());
  const follow = () => shown.set(source.get());
  source.subscribe(() => afterPress(follow));
  return shown;
}

function endIn(milliseconds: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    isPressing = false;
    const acts = [...waiting];
    waiting.clear();
    for (const act of acts) act();
  }, milliseconds);
}
