import { type FormEvent, type RefObject, useState } from "react";
import { useActions } from "../data/actions";
import { LIMITS, NO_FIELDS, same, type TaskFields } from "../data/types";
import { Icon } from "../ui/Icon";
import { useWorkspace } from "../workspace/workspace";
import { DetailFields } from "./DetailFields";

const STORED = "quick-add";

/** A title and Enter make a task. What is typed here stays, whatever happens, until it is one. */
export function QuickAdd({ inputRef }: { inputRef: RefObject<HTMLInputElement | null> }) {
  const { storage } = useWorkspace();
  const { create } = useActions();
  const [fields, setFields] = useState<TaskFields>(() => storage.read<TaskFields>(STORED) ?? NO_FIELDS);
  const [open, setOpen] = useState(() => !same({ ...fields, title: "" }, NO_FIELDS));
  const [made, setMade] = useState(0);

  const change = (next: TaskFields) => {
    setFields(next);
    storage.write(STORED, same(next, NO_FIELDS) ? null : next);
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const title = fields.title.trim();
    if (!title) return;
    void create({ ...fields, title });
    change(NO_FIELDS);
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
          placeholder="Add a task"
          autoComplete="off"
          maxLength={LIMITS.title}
          value={fields.title}
          onChange={({ target }) => change({ ...fields, title: target.value })}
        />
        <button type="button" className="button" data-kind="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          Details
        </button>
        <button type="submit" className="button" data-kind="primary" disabled={!fields.title.trim()}>
          Add
        </button>
      </div>
      {open && (
        <div className="quick-add-details">
          <DetailFields key={made} fields={fields} onChange={(part) => change({ ...fields, ...part })} />
        </div>
      )}
    </form>
  );
}
