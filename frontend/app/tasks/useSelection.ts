import { useCallback, useMemo, useState } from "react";
import type { Task } from "../data/types";

/** Which of the rows are selected; null: nothing is being selected. */
export interface Selection {
  readonly active: boolean;
  readonly tasks: readonly Task[];
  has: (task: Task) => boolean | null;
  toggle: (task: Task) => void;
  all: () => void;
  begin: () => void;
  end: () => void;
}

export function useSelection(rows: readonly Task[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<number> | null>(null);
  const toggle = useCallback(({ id }: Task) => setIds((before) => toggled(before ?? new Set(), id)), []);
  return useMemo(
    () => ({
      active: ids !== null,
      tasks: rows.filter(({ id }) => ids?.has(id)),
      has: ({ id }) => ids?.has(id) ?? null,
      toggle,
      all: () => setIds(new Set(rows.map(({ id }) => id))),
      begin: () => setIds((before) => before ?? new Set()),
      end: () => setIds(null),
    }),
    [rows, ids, toggle],
  );
}

function toggled(ids: ReadonlySet<number>, id: number): ReadonlySet<number> {
  return ids.has(id) ? new Set([...ids].filter((other) => other !== id)) : new Set([...ids, id]);
}
