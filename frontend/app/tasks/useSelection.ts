import { useCallback, useMemo, useState } from "react";
import type { Task } from "../data/types";
import { useWorkspace } from "../workspace/workspace";

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
  const { outbox } = useWorkspace();
  /** By the ids of the rows: those of new tasks change when the service has them. */
  const [ids, setIds] = useState<ReadonlySet<number> | null>(null);
  const toggle = useCallback(
    ({ id }: Task) => setIds((before) => toggled(before ?? new Set(), outbox.shownAs(id))),
    [outbox],
  );
  return useMemo(
    () => ({
      active: ids !== null,
      tasks: rows.filter(({ id }) => ids?.has(outbox.shownAs(id))),
      has: ({ id }) => ids?.has(outbox.shownAs(id)) ?? null,
      toggle,
      all: () => setIds(new Set(rows.map(({ id }) => outbox.shownAs(id)))),
      begin: () => setIds((before) => before ?? new Set()),
      end: () => setIds(null),
    }),
    [outbox, rows, ids, toggle],
  );
}

function toggled(ids: ReadonlySet<number>, id: number): ReadonlySet<number> {
  return ids.has(id) ? new Set([...ids].filter((other) => other !== id)) : new Set([...ids, id]);
}
