import { type FormEvent, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { useActions } from "../../data/actions";
import { excess } from "../../data/lines";
import { changesFrom, fieldsOf, NO_FIELDS, type Task, type TaskFields } from "../../data/types";
import { sentenceOf } from "../../sync/failure";
import { Conflict, conflictOf } from "../../sync/send";
import { useStore } from "../../sync/useStore";
import { submitByKey } from "../../ui/submitByKey";
import { Dialog } from "../../ui/Dialog";
import { useWorkspace } from "../../workspace/workspace";
import { ConflictNote } from "./ConflictNote";
import { DetailFields } from "./DetailFields";
import { Field } from "./Field";
import { faultOf } from "./fieldErrors";
import { t } from "../../text";

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
  const tooMuch = excess(fields.title);
  const newer = useNewer(base);
  const conflict = (base && newer && conflictOf(base, changes, newer)) ?? (error instanceof Conflict ? error : null);

  const change = (part: Partial<TaskFields>) => onChange({ ...draft, fields: { ...fields, ...part } });

  const save = async (from: Draft) => {
    if (saving || excess(from.fields.title) > 0) return;
    const wanted = { ...from.fields, title: from.fields.title.trim() };
    const changed = changesFrom(from.base ? fieldsOf(from.base) : NO_FIELDS, wanted);
    if (!Object.keys(changed).length) return void onSettled(draft, null);
    // What is disabled loses the focus: it waits on the button that says what goes on.
    left.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    saveButton.current?.focus();
    setSaving(true);
    const outcome = await (from.base ? actions.edit(from.base, changed) : actions.create(wanted));
    setSaving(false);
    if (outcome.result === "kept") workspace.notices.say(t.dialog.kept);
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

  // What others change in other fields is there at once, and the person goes on typing.
  const take = useEffectEvent((theirs: Task) => onChange({ ...draft, ...merged(theirs, changes) }));
  const isMergeable = newer !== null && !conflict && !saving;
  useEffect(() => {
    if (isMergeable && newer) take(newer);
  }, [isMergeable, newer]);

  const takeTheirs = (current: Task, theirs: Partial<TaskFields>) => {
    title.current?.focus(); // the note goes, and the focus with it
    onChange(merged(current, { ...changes, ...theirs }));
  };

  return (
    // Closed while it is saved, it goes on being saved.
    <Dialog title={base ? t.dialog.edit : t.dialog.new} onClose={saving ? () => onSettled(draft, null) : onClose}>
      <form className="task-form" onSubmit={submit} onKeyDown={submitByKey}>
        <fieldset className="task-fields" role="none" disabled={saving}>
          {conflict && (
            <ConflictNote
              conflict={conflict}
              onKeepMine={() => void save(merged(conflict.current, changes))}
              onTakeTheirs={(theirs) => takeTheirs(conflict.current, theirs)}
            />
          )}
          {error instanceof Error && !(error instanceof Conflict) && (
            <p role="alert" className="alert">
              {sentenceOf(error)}
            </p>
          )}
          <Field label={t.fields.title} fault={tooMuch > 0 ? t.tooLong(tooMuch) : faultOf(error, "title")}>
            {(control) => (
              <input
                {...control}
                ref={title}
                data-focus
                autoComplete="off"
                required
                value={fields.title}
                onChange={({ target }) => change({ title: target.value })}
              />
            )}
          </Field>
          <DetailFields fields={fields} base={base} problem={error} onChange={change} />
        </fieldset>
        <footer className="dialog-foot">
          <button type="button" className="button" data-kind="quiet" disabled={saving} onClick={onClose}>
            {t.cancel}
          </button>
          <button
            ref={saveButton}
            type="submit"
            className="button"
            data-kind="primary"
            aria-disabled={saving}
            disabled={!fields.title.trim() || tooMuch > 0 || !Object.keys(changes).length}
          >
            {saving ? t.dialog.saving : t.dialog.save}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** The task as it is now, if that is newer than what the person began with. */
function useNewer(base: Task | null): Task | null {
  const { tasks, outbox } = useWorkspace();
  const all = useStore(tasks);
  return useMemo(() => {
    const id = base && outbox.shownAs(base.id);
    const current = all?.find((task) => outbox.shownAs(task.id) === id);
    return base && current && current.updated_at > base.updated_at ? current : null;
  }, [all, base, outbox]);
}

/** What others changed in other fields stays. */
function merged(current: Task, changes: Partial<TaskFields>): Draft {
  return { base: current, fields: { ...fieldsOf(current), ...changes } };
}
