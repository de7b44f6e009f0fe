import { useCallback, useMemo, useRef, useState } from "react";
import { useWorkspace } from "../../workspace/workspace";

/** Which tasks of a list are selected. */
export interface Selection<T extends { id: number }> {
  readonly active: boolean;
  readonly tasks: readonly T[];
  /** Null: nothing is being selected. */
  has: (task: T) => boolean | null;
  /** With `range` all from the one before up to this one become as this one does. */
  toggle: (task: T, range: boolean) => void;
  all: () => void;
  begin: () => void;
  end: () => void;
}

/** Of all that is in the list, shown yet or not. */
export function useSelection<T extends { id: number }>(list: readonly T[]): Selection<T> {
  const { outbox } = useWorkspace();
  /** By the ids of the rows: those of new tasks change when the service has them. */
  const [ids, setIds] = useState<ReadonlySet<number> | null>(null);
  const last = useRef<number | null>(null);
  const now = useRef(list);
  now.current = list;

  const toggle = useCallback(
    (task: T, range: boolean) => {
      const rows = now.current.map(({ id }) => outbox.shownAs(id));
      const here = outbox.shownAs(task.id);
      const [from, to] = [rows.indexOf(last.current ?? here), rows.indexOf(here)].toSorted((one, other) => one - other);
      const between = range && from !== undefined && from >= 0 ? rows.slice(from, (to ?? from) + 1) : [here];
      last.current = here;
      setIds((before) => changed(before ?? new Set(), between, !before?.has(here)));
    },
    [outbox],
  );
  return useMemo(
    () => ({
      active: ids !== null,
      tasks: list.filter(({ id }) => ids?.has(outbox.shownAs(id))),
      has: ({ id }) => ids?.has(outbox.shownAs(id)) ?? null,
      toggle,
      all: () => setIds(new Set(list.map(({ id }) => outbox.shownAs(id)))),
      begin: () => setIds((before) => before ?? new Set()),
      end: () => {
        last.current = null;
        setIds(null);
      },
    }),
    [outbox, list, ids, toggle],
  );
}

function changed(ids: ReadonlySet<number>, rows: readonly number[], selected: boolean): ReadonlySet<number> {
  const next = new Set(ids);
  for (const id of rows)
    if (selected) next.add(id);
    else next.delete(id);
  return next;
}
