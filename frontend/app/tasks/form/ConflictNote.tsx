import { describeDue } from "../../data/dates/due";
import { describeRepeat } from "../../data/dates/repeat";
import { PRIORITY_NAMES, type Task, type TaskFields } from "../../data/types";
import type { Conflict } from "../../sync/send";
import { t } from "../../text";

interface Props {
  conflict: Conflict;
  onKeepMine: () => void;
  onTakeTheirs: (theirs: Partial<TaskFields>) => void;
}

const { title, notes, priority, due, repeat, tags } = t.fields;
const NAMES: Record<keyof TaskFields, string> = {
  title,
  description: notes,
  priority,
  due_date: due,
  recurrence: repeat,
  tags,
};

/** Shows what the task says now, beside what the person typed, and lets them choose. */
export function ConflictNote({ conflict, onKeepMine, onTakeTheirs }: Props) {
  const { current, fields } = conflict;
  const theirs = () => Object.fromEntries(fields.map((name) => [name, current[name]]));
  return (
    <div role="alert" className="alert">
      <p>{t.conflict.says}</p>
      <dl>
        {fields.map((name) => (
          <div key={name}>
            <dt>{NAMES[name]}</dt>
            <dd>{shown(current, name)}</dd>
          </div>
        ))}
      </dl>
      <div className="alert-actions">
        <button type="button" className="button" onClick={onKeepMine}>
          {t.conflict.mine}
        </button>
        <button type="button" className="button" onClick={() => onTakeTheirs(theirs())}>
          {t.conflict.theirs}
        </button>
      </div>
    </div>
  );
}

function shown(task: Task, name: keyof TaskFields): string {
  if (name === "priority") return PRIORITY_NAMES[task.priority];
  if (name === "due_date") return task.due_date === null ? t.none : describeDue(task.due_date, new Date());
  if (name === "recurrence") return task.recurrence ? describeRepeat(task.recurrence) : t.none;
  if (name === "tags") return task.tags.join(", ") || t.none;
  return task[name] || t.none;
}
