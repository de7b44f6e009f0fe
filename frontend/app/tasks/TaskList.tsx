import type { Task } from "../data/types";
import { useStore } from "../sync/useStore";
import { tasksOf } from "../sync/writes";
import { useNow } from "../ui/useNow";
import { useWorkspace } from "../workspace/workspace";
import { type RowActions, TaskRow } from "./TaskRow";
import type { Selection } from "./useSelection";
import { t } from "../text";

interface Props {
  rows: readonly Task[];
  selection: Selection<Task>;
  on: RowActions;
}

const MINUTE = 60_000;

export function TaskList({ rows, selection, on }: Props) {
  const { outbox, connection } = useWorkspace();
  const entries = useStore(outbox.entries);
  const link = useStore(connection.link);
  const now = useNow(MINUTE);

  // While the service answers, what is under way will have arrived before anybody has read that it has not.
  const unsent = link.state === "ready" ? [] : entries.filter(({ state }) => state !== "sent");
  const waiting = new Set(unsent.flatMap(({ write }) => tasksOf(write).map(({ id }) => id)));

  return (
    <ul className="tasks" aria-label={t.task.list}>
      {rows.map((task) => (
        <TaskRow
          key={outbox.shownAs(task.id)}
          on={on}
          task={task}
          now={now}
          waiting={waiting.has(task.id)}
          selected={selection.has(task)}
        />
      ))}
    </ul>
  );
}
