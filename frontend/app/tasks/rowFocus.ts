/** Where the focus is among the rows of a list. */

import { type RefObject, useEffect, useRef } from "react";

/** When the row with the focus goes, the one that takes its place has it, and when none is left, the page. */
export function useKeptFocus(): RefObject<HTMLDivElement | null> {
  const list = useRef<HTMLDivElement>(null);
  const place = useRef(-1);

  useEffect(() => {
    const follow = ({ target }: FocusEvent) => {
      const row = target instanceof Element ? target.closest("[data-task]") : null;
      place.current = row && list.current ? rowsIn(list.current).indexOf(row) : -1;
    };
    document.addEventListener("focusin", follow);
    return () => document.removeEventListener("focusin", follow);
  }, []);

  useEffect(() => {
    if (place.current < 0 || document.activeElement !== document.body || !list.current) return;
    const left = rowsIn(list.current);
    titleOf(left[Math.min(place.current, left.length - 1)] ?? null)?.focus();
  });

  return list;
}

/** Move the focus by `step` rows; from elsewhere, to the first. */
export function focusRow(step: number): void {
  const rows = rowsIn(document);
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  titleOf(rows[here < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, here + step))] ?? null)?.focus();
}

function rowsIn(parent: ParentNode): Element[] {
  return [...parent.querySelectorAll("[data-task]")];
}

function titleOf(row: Element | null): HTMLElement | null {
  return row ? row.querySelector(".task-title") : document.getElementById("main");
}
