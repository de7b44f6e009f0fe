import type { Row } from "../data/tree";
import type { Task } from "../data/types";
import { useStore } from "../sync/useStore";
import { tasksOf } from "../sync/writes";
import { useNow } from "../ui/useNow";
import { useWorkspace } from "../workspace/workspace";
import { type RowActions, TaskRow } from "./TaskRow";
import type { Selection } from "./useSelection";
import { t } from "../text";

interface Props {
  rows: readonly Row[];
  selection: Selection<Task>;
  movable: boolean;
  on: RowActions;
}

const MINUTE = 60_000;

export function TaskList({ rows, selection, movable, on }: Props) {
  const { outbox, connection } = useWorkspace();
  const entries = useStore(outbox.entries);
  const link = useStore(connection.link);
  const now = useNow(MINUTE);

  // While the service answers, what is under way will have arrived before anybody has read that it has not.
  const unsent = link.state === "ready" ? [] : entries.filter(({ state }) => state !== "sent");
  const waiting = new Set(unsent.flatMap(({ write }) => tasksOf(write).map(({ id }) => id)));

  return (
    <ul className="tasks" aria-label={t.task.list}>
      {rows.map(({ progress, ...row }) => (
        <TaskRow
          key={outbox.shownAs(row.task.id)}
          on={on}
          {...row}
          done={progress?.done ?? 0}
          all={progress?.all ?? 0}
          now={now}
          movable={movable && !selection.active}
          waiting={waiting.has(row.task.id)}
          selected={selection.has(row.task)}
        />
      ))}
    </ul>
  );
}
