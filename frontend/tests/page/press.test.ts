/** What comes by itself while somebody presses. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { afterPress, calm, watchPresses } from "../../app/sync/press";
import { Store } from "../../app/sync/store";

const listeners = new Map<string, (event: Event) => void>();
const point = (type: string) => listeners.get(type)?.(new Event(type));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("Element", class {});
  vi.stubGlobal("addEventListener", (type: string, listener: (event: Event) => void) => listeners.set(type, listener));
  watchPresses();
});

afterEach(() => {
  vi.runAllTimers(); // nobody presses any more
  vi.useRealTimers();
});

test("it waits for the click, and comes then, once", () => {
  const act = vi.fn();
  afterPress(act);
  expect(act).toHaveBeenCalledTimes(1);
  point("pointerdown");
  afterPress(act);
  afterPress(act);
  vi.advanceTimersByTime(900);
  point("pointerup");
  expect(act).toHaveBeenCalledTimes(1); // the click comes after it
  vi.advanceTimersByTime(50);
  expect(act).toHaveBeenCalledTimes(2);
  afterPress(act);
  expect(act).toHaveBeenCalledTimes(3);
});

test("who holds the pointer down, or scrolls with it, keeps nothing back", () => {
  const act = vi.fn();
  point("pointerdown");
  afterPress(act);
  vi.advanceTimersByTime(1000);
  expect(act).toHaveBeenCalledTimes(1);
  point("pointerdown");
  afterPress(act);
  point("pointercancel");
  vi.advanceTimersByTime(50);
  expect(act).toHaveBeenCalledTimes(2);
});

test("a second press begins before the first one's click is over", () => {
  const act = vi.fn();
  point("pointerdown");
  afterPress(act);
  point("pointerup");
  vi.advanceTimersByTime(20);
  point("pointerdown");
  vi.advanceTimersByTime(900);
  expect(act).not.toHaveBeenCalled();
  point("pointerup");
  vi.advanceTimersByTime(50);
  expect(act).toHaveBeenCalledTimes(1);
});

test("what is shown is the newest when the press is over", () => {
  const source = new Store("ready");
  const shown = calm(source);
  const told = vi.fn();
  shown.subscribe(told);
  point("pointerdown");
  for (const value of ["away", "ready", "away"]) source.set(value);
  expect([shown.get(), source.get()]).toEqual(["ready", "away"]);
  point("pointerup");
  vi.advanceTimersByTime(50);
  expect([shown.get(), told.mock.calls.length]).toEqual(["away", 1]);
});
