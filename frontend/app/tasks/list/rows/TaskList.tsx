import { OVERDUE } from "../../../data/list/arrange";
import { headDay } from "../../../data/dates/due";
import type { Row } from "../../../data/list/tree";
import type { Task } from "../../../data/types";
import { useStore } from "../../../sync/useStore";
import { tasksOf } from "../../../sync/writes";
import { MINUTE, useNow } from "../../../ui/useNow";
import { useWorkspace } from "../../../workspace/workspace";
import { DayMenu } from "../../DayMenu";
import { type RowActions, TaskRow } from "./TaskRow";
import type { Selection } from "../useSelection";
import { t } from "../../../text";

interface Props {
  rows: readonly Row[];
  selection: Selection<Task>;
  movable: boolean;
  /** Put off what is overdue, shown yet or not. */
  onReschedule: (day: string | null) => void;
  on: RowActions;
}

export function TaskList({ rows, selection, movable, onReschedule, on }: Props) {
  const { outbox, connection, underWay } = useWorkspace();
  const entries = useStore(underWay);
  const link = useStore(connection.shown);
  const now = useNow(MINUTE);

  // While the service answers, what is under way will have arrived before anybody has read that it has not.
  const unsent = link.state === "ready" ? [] : entries.filter(({ state }) => state !== "sent");
  const waiting = new Set(unsent.flatMap(({ write }) => tasksOf(write).map(({ id }) => id)));

  const shown = (some: readonly Row[]) =>
    some.map(({ progress, under: _heading, ...row }) => (
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
    ));

  const headings = [...new Set(rows.map(({ under }) => under))];
  if (headings.length === 1 && headings[0] === null)
    return (
      <ul className="tasks" aria-label={t.task.list}>
        {shown(rows)}
      </ul>
    );
  return headings.map((under) => {
    const title =
      under === null ? t.views.completed : under === OVERDUE ? t.views.overdue : headDay(under, new Date(now));
    return (
      <section key={under} className="tasks-under" aria-labelledby={`under-${under}`}>
        <div className="tasks-heading">
          <h2 id={`under-${under}`}>{title}</h2>
          {under === OVERDUE && !selection.active && <DayMenu label={t.list.reschedule} onDay={onReschedule} />}
        </div>
        <ul className="tasks" aria-labelledby={`under-${under}`}>
          {shown(rows.filter((row) => row.under === under))}
        </ul>
      </section>
    );
  });
}
