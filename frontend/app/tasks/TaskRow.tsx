import { memo } from "react";
import { describeDue, isDay, isOver } from "../data/due";
import { PRIORITY_NAMES, type Task } from "../data/types";
import { Icon } from "../ui/Icon";
import { t } from "../text";

export interface RowActions {
  onOpen: (task: Task) => void;
  onComplete: (task: Task) => void;
  onRemove: (task: Task) => void;
  /** With `range` all from the one selected before. */
  onSelect: (task: Task, range: boolean) => void;
  onTag: (tag: string) => void;
}

interface Props {
  on: RowActions;
  task: Task;
  now: number;
  /** The service has not acknowledged what is shown. */
  waiting: boolean;
  /** Null when nothing is being selected. */
  selected: boolean | null;
}

export const TaskRow = memo(function TaskRow({ on, task, now, waiting, selected }: Props) {
  return (
    <li className="task" data-task={task.id} data-completed={task.completed} data-selected={selected ?? false}>
      {selected === null ? (
        <input
          type="checkbox"
          className="tick"
          aria-label={t.task.completed(task.title)}
          checked={task.completed}
          onChange={() => on.onComplete(task)}
        />
      ) : (
        <input
          type="checkbox"
          className="tick"
          data-shape="square"
          aria-label={t.task.select(task.title)}
          checked={selected}
          onChange={({ nativeEvent }) => on.onSelect(task, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)}
        />
      )}
      <div className="task-body">
        <button type="button" className="task-title" onClick={() => on.onOpen(task)}>
          {task.title}
        </button>
        {task.description && <p className="task-notes">{task.description}</p>}
        <Meta task={task} now={now} waiting={waiting} onTag={on.onTag} />
      </div>
      {selected === null && (
        <button
          type="button"
          className="icon-button task-remove"
          aria-label={t.task.remove(task.title)}
          onClick={() => on.onRemove(task)}
        >
          <Icon name="trash" />
        </button>
      )}
    </li>
  );
});

type MetaProps = Pick<Props, "task" | "now" | "waiting"> & Pick<RowActions, "onTag">;

function Meta({ task, now, waiting, onTag }: MetaProps) {
  const { due_date: due, priority, tags } = task;
  if (!waiting && due === null && priority === "medium" && tags.length === 0) return null;
  return (
    <div className="task-meta">
      {waiting && (
        <span className="meta" data-tone="waiting">
          <Icon name="clock" /> {t.task.waiting}
        </span>
      )}
      {due !== null && <Due due={due} completed={task.completed} now={new Date(now)} />}
      {priority !== "medium" && (
        <span className="meta" data-priority={priority}>
          <Icon name="flag" /> {PRIORITY_NAMES[priority]}
        </span>
      )}
      {tags.length > 0 && (
        <span className="tags">
          {tags.map((tag) => (
            <button key={tag} type="button" className="tag" aria-label={t.task.onlyTag(tag)} onClick={() => onTag(tag)}>
              {tag}
            </button>
          ))}
        </span>
      )}
    </div>
  );
}

function Due({ due, completed, now }: { due: string; completed: boolean; now: Date }) {
  const late = !completed && isOver(due, now);
  return (
    <span className="meta" data-tone={late ? "late" : undefined}>
      <Icon name={isDay(due) ? "calendar" : "clock"} />
      <time dateTime={due}>{describeDue(due, now)}</time>
      {late && <span className="only-read">{t.task.overdue}</span>}
    </span>
  );
}
