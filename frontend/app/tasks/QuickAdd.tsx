import { type FormEvent, type RefObject, useId, useState } from "react";
import { useActions } from "../data/actions";
import { describeDue } from "../data/due";
import { LIMITS, NO_FIELDS, PRIORITY_NAMES, same, type Task, type TaskFields } from "../data/types";
import { Icon } from "../ui/Icon";
import { useWorkspace } from "../workspace/workspace";
import { DetailFields } from "./DetailFields";

interface Props {
  inputRef: RefObject<HTMLInputElement | null>;
  /** What the list gives to a new task, as long as the person has not said otherwise. */
  preset: Partial<TaskFields>;
  onAdded: (tasks: readonly Task[]) => void;
}

const STORED = "quick-add";

/** A title and Enter make a task. What is typed here stays, whatever happens, until it is one. */
export function QuickAdd({ inputRef, preset, onAdded }: Props) {
  const { storage } = useWorkspace();
  const { add } = useActions();
  const [typed, setTyped] = useState<Partial<TaskFields>>(() => storage.read<Partial<TaskFields>>(STORED) ?? {});
  const [open, setOpen] = useState(() => Object.keys(typed).some((name) => name !== "title"));
  const [made, setMade] = useState(0);
  const summary = useId();
  const given: TaskFields = { ...NO_FIELDS, ...preset };
  const fields: TaskFields = { ...given, ...typed };

  const change = (next: Partial<TaskFields>) => {
    const own = Object.entries(next).filter(([name, value]) => !same(value, given[name as keyof TaskFields]));
    setTyped(Object.fromEntries(own));
    storage.write(STORED, own.length ? Object.fromEntries(own) : null);
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const title = fields.title.trim();
    if (!title) return;
    onAdded(add([{ ...fields, title }]));
    change({});
    setOpen(false);
    setMade(made + 1);
    inputRef.current?.focus();
  };

  return (
    <form className="quick-add" aria-label="Add a task" onSubmit={submit}>
      <div className="quick-add-line">
        <Icon name="plus" />
        <input
          ref={inputRef}
          aria-label="Title of a new task"
          aria-describedby={summary}
          placeholder="Add a task"
          autoComplete="off"
          maxLength={LIMITS.title}
          value={fields.title}
          onChange={({ target }) => change({ ...typed, title: target.value })}
        />
        <button type="button" className="button" data-kind="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          Details
        </button>
        <button type="submit" className="button" data-kind="primary" disabled={!fields.title.trim()}>
          Add
        </button>
      </div>
      <div id={summary}>{!open && <Summary fields={fields} />}</div>
      {open && (
        <div className="quick-add-details">
          <DetailFields key={made} fields={fields} onChange={(part) => change({ ...typed, ...part })} />
        </div>
      )}
    </form>
  );
}

/** What the task will have, before it is made. */
function Summary({ fields: { due_date: due, priority, tags } }: { fields: TaskFields }) {
  if (due === null && priority === "medium" && tags.length === 0) return null;
  return (
    <div className="quick-add-summary">
      {due !== null && (
        <span className="meta">
          <Icon name="calendar" /> {describeDue(due, new Date())}
        </span>
      )}
      {priority !== "medium" && (
        <span className="meta" data-priority={priority}>
          <Icon name="flag" /> {PRIORITY_NAMES[priority]}
        </span>
      )}
      {tags.map((tag) => (
        <span key={tag} className="tag">
          {tag}
        </span>
      ))}
    </div>
  );
}
