import { type FormEvent, useEffect, useRef, useState } from "react";
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
  /** Goes on with `next`, null: with nothing, if `submitted` is still what is open; else returns false. */
  onSettled: (submitted: Draft, next: Draft | null) => boolean;
  onClose: () => void;
}

export function TaskDialog({ draft, onChange, onSettled, onClose }: Props) {
  const workspace = useWorkspace();
  const actions = useActions();
  const [saving, setSaving] = useState(false);
  const title = useRef<HTMLInputElement>(null);
  const saveButton = useRef<HTMLButtonElement>(null);
  const left = useRef<HTMLElement>(null);
  const { base, fields, error } = draft;
  const changes = changesFrom(base ? fieldsOf(base) : NO_FIELDS, fields);

  const change = (part: Partial<TaskFields>) => onChange({ ...draft, fields: { ...fields, ...part } });

  const save = async (from: Draft) => {
    if (saving) return;
    const wanted = { ...from.fields, title: from.fields.title.trim() };
    const changed = changesFrom(from.base ? fieldsOf(from.base) : NO_FIELDS, wanted);
    if (!Object.keys(changed).length) return void onSettled(draft, null);
    // What is disabled loses the focus: it waits on the button that says what goes on.
    left.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    saveButton.current?.focus();
    setSaving(true);
    const outcome = await (from.base ? actions.edit(from.base, changed) : actions.create(wanted));
    setSaving(false);
    if (outcome.result === "kept") workspace.notices.say("Kept; it will be saved when the server answers.");
    // A new task that was refused is shown above the list.
    const refusal = outcome.result === "refused" && outcome.refusal.write.kind === "edit" ? outcome.refusal : null;
    const isOpen = onSettled(draft, refusal && { ...from, error: refusal.error });
    if (refusal && !isOpen) workspace.handBack(refusal);
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save(draft);
  };

  useEffect(() => {
    if (!error) return;
    const fault = document.querySelector<HTMLElement>(".dialog [aria-invalid=true], .dialog [role=alert] button");
    (fault ?? left.current)?.focus();
  }, [error]);

  const takeTheirs = (current: Task, theirs: Partial<TaskFields>) => {
    title.current?.focus(); // the note goes, and the focus with it
    onChange(merged(current, { ...changes, ...theirs }));
  };

  return (
    // Closed while it is saved, it goes on being saved.
    <Dialog title={base ? "Edit task" : "New task"} onClose={saving ? () => onSettled(draft, null) : onClose}>
      <form className="task-form" onSubmit={submit}>
        <fieldset className="task-fields" role="none" disabled={saving}>
          {error instanceof Conflict && (
            <ConflictNote
              conflict={error}
              onKeepMine={() => void save(merged(error.current, changes))}
              onTakeTheirs={(theirs) => takeTheirs(error.current, theirs)}
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
                ref={title}
                data-focus
                autoComplete="off"
                required
                maxLength={LIMITS.title}
                value={fields.title}
                onChange={({ target }) => change({ title: target.value })}
              />
            )}
          </Field>
          {/* A field that keeps what is half typed begins anew when what it is about is another copy of the task. */}
          <DetailFields key={base?.updated_at} fields={fields} problem={error} onChange={change} />
        </fieldset>
        <footer className="dialog-foot">
          <button type="button" className="button" data-kind="quiet" disabled={saving} onClick={onClose}>
            Cancel
          </button>
          <button
            ref={saveButton}
            type="submit"
            className="button"
            data-kind="primary"
            aria-disabled={saving}
            disabled={!fields.title.trim() || !Object.keys(changes).length}
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
