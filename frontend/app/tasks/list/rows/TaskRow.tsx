import { memo } from "react";
import { describeDue, isDay, isOver } from "../../../data/dates/due";
import { describeRepeat } from "../../../data/dates/repeat";
import type { Row } from "../../../data/list/tree";
import { PRIORITY_NAMES, type Task } from "../../../data/types";
import { Icon } from "../../../ui/Icon";
import { ROW_MENU } from "./RowMenu";
import { SelectTick } from "./SelectTick";
import { t } from "../../../text";

export interface RowActions {
  onOpen: (task: Task) => void;
  onComplete: (task: Task) => void;
  onRemove: (task: Task) => void;
  /** With `range` all from the one selected before. */
  onSelect: (task: Task, range: boolean) => void;
  onTag: (tag: string) => void;
  onFold: (task: Task, folded: boolean) => void;
  onMenu: (task: Task, button: Element) => void;
}

interface Props extends Omit<Row, "progress" | "under"> {
  on: RowActions;
  now: number;
  /** How many of the subtasks are completed, and how many there are; 0 of 0 where there is none. */
  done: number;
  all: number;
  /** It has a grip. */
  movable: boolean;
  /** The service has not acknowledged what is shown. */
  waiting: boolean;
  /** Null when nothing is being selected. */
  selected: boolean | null;
}

export const TaskRow = memo(function TaskRow(props: Props) {
  const { on, task, depth, movable, selected } = props;
  return (
    <li
      className="task"
      data-task={task.id}
      data-completed={task.completed}
      data-selected={selected ?? false}
      data-depth={depth}
      aria-level={depth + 1}
    >
      {movable && <span className="task-grip" aria-hidden="true" />}
      {selected === null ? (
        <input
          type="checkbox"
          className="tick"
          aria-label={t.task.completed(task.title)}
          checked={task.completed}
          onChange={() => on.onComplete(task)}
        />
      ) : (
        <SelectTick title={task.title} selected={selected} onSelect={(range) => on.onSelect(task, range)} />
      )}
      <div className="task-body">
        <button type="button" className="task-title" onClick={() => on.onOpen(task)}>
          {task.title}
        </button>
        {task.description && <p className="task-notes">{task.description}</p>}
        <Meta {...props} />
      </div>
      {selected === null && (
        <button
          type="button"
          className="icon-button task-more"
          popoverTarget={ROW_MENU}
          aria-label={t.task.more(task.title)}
          onClick={({ currentTarget }) => on.onMenu(task, currentTarget)}
        >
          <Icon name="more" />
        </button>
      )}
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

function Meta({ on, task, now, waiting, within, done, all, folded }: Props) {
  const { due_date: due, priority, tags } = task;
  if (!waiting && due === null && priority === "medium" && tags.length + all === 0 && within === null) return null;
  return (
    <div className="task-meta">
      {all > 0 &&
        (folded === null ? <Progress done={done} all={all} /> : <Fold {...{ on, task, done, all, folded }} />)}
      {within !== null && (
        <span className="meta">
          <Icon name="beneath" /> <span className="only-read">{t.task.within}</span> {within}
        </span>
      )}
      {waiting && (
        <span className="meta" data-tone="waiting">
          <Icon name="clock" /> {t.task.waiting}
        </span>
      )}
      {due !== null && <Due due={due} completed={task.completed} now={new Date(now)} />}
      {task.recurrence && (
        <span className="meta">
          <Icon name="repeat" /> {describeRepeat(task.recurrence)}
        </span>
      )}
      {priority !== "medium" && (
        <span className="meta" data-priority={priority}>
          <Icon name="flag" /> {PRIORITY_NAMES[priority]}
        </span>
      )}
      {tags.length > 0 && (
        <span className="tags">
          {tags.map((tag) => (
            <button
              key={tag}
              type="button"
              className="tag"
              aria-label={t.task.onlyTag(tag)}
              onClick={() => on.onTag(tag)}
            >
              {tag}
            </button>
          ))}
        </span>
      )}
    </div>
  );
}

type FoldProps = Pick<Props, "on" | "task" | "done" | "all"> & { folded: boolean };

function Fold({ on, task, done, all, folded }: FoldProps) {
  return (
    <button type="button" className="tag task-fold" aria-expanded={!folded} onClick={() => on.onFold(task, !folded)}>
      <Icon name="chevron" /> {done}/{all} <span className="only-read">{t.task.beneath(task.title)}</span>
    </button>
  );
}

function Progress({ done, all }: Pick<Props, "done" | "all">) {
  return (
    <span className="meta">
      <Icon name="list" /> {done}/{all} <span className="only-read">{t.task.beneathDone}</span>
    </span>
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
