/** Where the focus is among the rows of a list. */

import { type RefObject, useEffect, useRef } from "react";

/**
 * When the row with the focus goes, the one that takes its place has it, and when none is left, the page. A button below
 * the rows that goes ("Show more") leaves the focus to the row that comes there. React keeps it in a row that moves.
 */
export function useKeptFocus(): RefObject<HTMLDivElement | null> {
  const list = useRef<HTMLDivElement>(null);
  const place = useRef(-1);

  useEffect(() => {
    const follow = ({ target }: FocusEvent) => {
      if (!(target instanceof Element) || !list.current?.contains(target)) place.current = -1;
      else {
        const rows = rowsIn(list.current);
        const row = target.closest("[data-task]");
        place.current = row ? rows.indexOf(row) : rows.length;
      }
    };
    // Who clicks beside it all wants the focus nowhere.
    const leave = ({ target }: Event) => {
      if (target instanceof Node && !document.activeElement?.contains(target)) place.current = -1;
    };
    document.addEventListener("focusin", follow);
    document.addEventListener("pointerdown", leave);
    return () => {
      document.removeEventListener("focusin", follow);
      document.removeEventListener("pointerdown", leave);
    };
  }, []);

  useEffect(() => {
    if (place.current < 0 || document.activeElement !== document.body || !list.current) return;
    const left = rowsIn(list.current);
    // It stands where the other one stood: whoever reads somewhere else stays there.
    handleOf(left[Math.min(place.current, left.length - 1)] ?? null)?.focus({ preventScroll: true });
  });

  return list;
}

/** Move the focus by `step` rows; from elsewhere, to the first. */
export function focusRow(step: number): void {
  const rows = rowsIn(document);
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  handleOf(rows[here < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, here + step))] ?? null)?.focus();
}

function rowsIn(parent: ParentNode): Element[] {
  return [...parent.querySelectorAll("[data-task]")];
}

/** Of a task its title, of a deleted one the way back. */
function handleOf(row: Element | null): HTMLElement | null {
  return row ? row.querySelector("button.task-title, [data-deleted] button") : document.getElementById("main");
}
