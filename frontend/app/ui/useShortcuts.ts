import { useEffect, useEffectEvent } from "react";
import { Store } from "../sync/store";

/** By the key that is pressed, "Alt+ArrowUp" with another one held; `task` is the one in whose row the focus is. */
export type Shortcuts = Record<string, (task: number | null) => void>;

const KEY = "tasklane:shortcuts";

/** Single keys can be in the way of voice control and of slips: they can be turned off (WCAG 2.1.4). */
export const shortcutsOn = new Store(localStorage.getItem(KEY) !== "off");
shortcutsOn.subscribe(() => (shortcutsOn.get() ? localStorage.removeItem(KEY) : localStorage.setItem(KEY, "off")));

/** A key held down comes again and again: harmless where it moves, not where it deletes. */
const MOVES = new Set(["ArrowDown", "ArrowUp", "j", "k", "Alt+ArrowDown", "Alt+ArrowUp"]);

/** What takes letters. */
export const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

export function useShortcuts(shortcuts: Shortcuts): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const { repeat, target, altKey, ctrlKey, metaKey } = event;
    const key = altKey ? `Alt+${event.key}` : event.key;
    const shortcut = shortcuts[key];
    if (!shortcut || event.defaultPrevented || ctrlKey || metaKey) return;
    if (!shortcutsOn.get() && key.length === 1) return;
    if (repeat && !MOVES.has(key)) return;
    if (!(target instanceof Element) || target.closest(TYPING) || document.querySelector("dialog[open], :popover-open"))
      return;
    const row = target.closest<HTMLElement>("[data-task]");
    event.preventDefault();
    shortcut(row ? Number(row.dataset["task"]) : null);
  });

  useEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
