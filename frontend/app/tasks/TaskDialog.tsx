import { type FormEvent, useEffect, useState } from "react";
import { useActions } from "../data/actions";
import { changesFrom, fieldsOf, LIMITS, NO_FIELDS, type Task, type TaskFields } from "../data/types";
import { Conflict } from "../sync/send";
import { Dialog } from "../ui/Dialog";
import { useWorkspace } from "../workspace/workspace";
import { ConflictNote } from "./ConflictNote";
import { DetailFields } from "./DetailFields";
import { Field } from "./Field";
import { faultOf } from "./fieldErrors";

/** What is open in the dialog; kept in the tab, so that it is open again after a reload. */
export interface Draft {
  /** The task as it was when the person began; null for one that is to be made. */
  readonly base: Task | null;
  readonly fields: TaskFields;
  /** Why it was refused, if it was. */
  readonly error?: unknown;
}

interface Props {
  draft: Draft;
  onChange: (draft: Draft) => void;
  onSaved: () => void;
  onClose: () => void;
}

export function TaskDialog({ draft, onChange, onSaved, onClose }: Props) {
  const { notices } = useWorkspace();
  const actions = useActions();
  const [saving, setSaving] = useState(false);
  const { base, fields, error } = draft;
  const changes = changesFrom(base ? fieldsOf(base) : NO_FIELDS, fields);

  const change = (part: Partial<TaskFields>) => onChange({ ...draft, fields: { ...fields, ...part } });

  const save = async (from: Draft) => {
    const wanted = { ...from.fields, title: from.fields.title.trim() };
    const changed = changesFrom(from.base ? fieldsOf(from.base) : NO_FIELDS, wanted);
    if (!Object.keys(changed).length) return onSaved();
    setSaving(true);
    const outcome = await (from.base ? actions.edit(from.base, changed) : actions.create(wanted));
    setSaving(false);
    if (outcome.result !== "refused") {
      if (outcome.result === "kept") notices.say("Kept; it will be saved when the server answers.");
      onSaved();
    } else if (from.base) onChange({ ...from, error: outcome.refusal.error });
    else onSaved(); // a new task that was refused is shown above the list
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save(draft);
  };

  useEffect(() => {
    if (error) document.querySelector<HTMLElement>(".dialog [aria-invalid=true], .dialog [role=alert] button")?.focus();
  }, [error]);

  return (
    <Dialog title={base ? "Edit task" : "New task"} onClose={onClose}>
      <form className="task-form" onSubmit={submit}>
        {error instanceof Conflict && (
          <ConflictNote
            conflict={error}
            onKeepMine={() => void save(merged(error.current, changes))}
            onTakeTheirs={(theirs) => onChange(merged(error.current, { ...changes, ...theirs }))}
          />
        )}
        {error instanceof Error && !(error instanceof Conflict) && (
          <p role="alert" className="alert">
            {error.message}
          </p>
        )}
        <Field label="Title" fault={faultOf(error, "title")}>
          {(control) => (
            <input
              {...control}
              data-focus
              autoComplete="off"
              required
              maxLength={LIMITS.title}
              value={fields.title}
              onChange={({ target }) => change({ title: target.value })}
            />
          )}
        </Field>
        <DetailFields fields={fields} problem={error} onChange={change} />
        <footer className="dialog-foot">
          <button type="button" className="button" data-kind="quiet" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button"
            data-kind="primary"
            disabled={saving || !fields.title.trim() || !Object.keys(changes).length}
          >
            {saving ? "Saving…" : "Save"}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** What others changed in other fields stays. */
function merged(current: Task, changes: Partial<TaskFields>): Draft {
  return { base: current, fields: { ...fieldsOf(current), ...changes } };
}
