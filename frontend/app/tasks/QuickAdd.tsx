import { type ClipboardEvent, type FormEvent, type RefObject, useId, useState } from "react";
import { useActions } from "../data/actions";
import { describeDue } from "../data/due";
import { excess, fieldsFrom, titlesIn } from "../data/lines";
import { NO_FIELDS, PRIORITY_NAMES, same, type Task, type TaskFields } from "../data/types";
import { Icon } from "../ui/Icon";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { submitByKey } from "../ui/submitByKey";
import { useWorkspace } from "../workspace/workspace";
import { undo } from "../workspace/notices";
import { DetailFields } from "./DetailFields";
import { t } from "../text";

interface Props {
  inputRef: RefObject<HTMLInputElement | null>;
  /** What the list gives to a new task, as long as the person has not said otherwise. */
  preset: Partial<TaskFields>;
  /** What the new tasks are to be subtasks of, one after another. */
  beneath: Task | null;
  onBeneath: (task: Task | null) => void;
  onAdded: (tasks: readonly Task[]) => void;
}

/** So many lines may be a slip: the person is asked. */
const MANY = 20;

const STORED = "quick-add";

/** A title and Enter make a task. What is typed here stays, whatever happens, until it is one. */
export function QuickAdd({ inputRef, preset, beneath, onBeneath, onAdded }: Props) {
  const { storage, notices } = useWorkspace();
  const { add, addBeneath, remove } = useActions();
  const [typed, setTyped] = useState<Partial<TaskFields>>(() => storage.read<Partial<TaskFields>>(STORED) ?? {});
  const [open, setOpen] = useState(() => Object.keys(typed).some((name) => name !== "title"));
  const [made, setMade] = useState(0);
  const [lines, setLines] = useState<readonly string[] | null>(null);
  const summary = useId();
  const upper = useId();
  const given: TaskFields = { ...NO_FIELDS, ...preset };
  const fields: TaskFields = { ...given, ...typed };

  const tooMuch = excess(fields.title);

  const change = (next: Partial<TaskFields>) => {
    const own = Object.entries(next).filter(([name, value]) => !same(value, given[name as keyof TaskFields]));
    setTyped(Object.fromEntries(own));
    storage.write(STORED, own.length ? Object.fromEntries(own) : null);
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const title = fields.title.trim();
    if (!title || tooMuch > 0) return;
    onAdded(make([{ ...fields, title }]));
    change({});
    setOpen(false);
    setMade(made + 1);
    inputRef.current?.focus();
  };

  const make = (all: readonly TaskFields[]) => (beneath ? all.map((one) => addBeneath(beneath, one)) : add(all));

  /** The lines of a list that was written somewhere else are a task each. */
  const paste = (event: ClipboardEvent) => {
    const titles = titlesIn(event.clipboardData.getData("text"));
    if (titles.length < 2 || typed.title) return;
    event.preventDefault();
    if (titles.length > MANY) setLines(titles);
    else addLines(titles);
  };

  const addLines = (titles: readonly string[]) => {
    const { title: _none, ...common } = fields;
    const tasks = make(titles.map((line) => ({ ...fieldsFrom(line), ...withoutNull(common) })));
    notices.say(
      t.add.lines(tasks.length),
      undo(() => remove(tasks)),
    );
    onAdded(tasks);
  };

  return (
    <form className="quick-add" aria-label={t.add.form} onSubmit={submit} onKeyDown={submitByKey}>
      {beneath && (
        <p className="quick-add-beneath">
          <Icon name="beneath" /> <span id={upper}>{t.add.beneath(beneath.title)}</span>
          <button type="button" className="icon-button" aria-label={t.add.notBeneath} onClick={() => onBeneath(null)}>
            <Icon name="close" />
          </button>
        </p>
      )}
      <div className="quick-add-line">
        <Icon name="plus" />
        <input
          ref={inputRef}
          aria-label={t.add.title}
          aria-describedby={`${upper} ${summary}`}
          placeholder={t.add.form}
          autoComplete="off"
          aria-invalid={tooMuch > 0}
          value={fields.title}
          onChange={({ target }) => change({ ...typed, title: target.value })}
          onPaste={paste}
          onKeyDown={(event) => {
            if (!beneath || fields.title || !["Escape", "Backspace"].includes(event.key)) return;
            event.preventDefault();
            onBeneath(null);
          }}
        />
        <button type="button" className="button" data-kind="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t.add.details}
        </button>
        <button type="submit" className="button" data-kind="primary" disabled={!fields.title.trim() || tooMuch > 0}>
          {t.add.add}
        </button>
      </div>
      <div role="alert">{tooMuch > 0 && <p className="field-fault quick-add-fault">{t.tooLong(tooMuch)}</p>}</div>
      <div id={summary}>{!open && <Summary fields={fields} />}</div>
      {open && (
        <div className="quick-add-details">
          <DetailFields key={made} fields={fields} onChange={(part) => change({ ...typed, ...part })} />
        </div>
      )}
      {lines && (
        <ConfirmDialog
          title={t.add.linesTitle(lines.length)}
          text={t.add.linesText}
          action={t.add.linesAction}
          onConfirm={() => addLines(lines)}
          onClose={() => setLines(null)}
        />
      )}
    </form>
  );
}

/** What a line says of itself is stronger than what the form has not said. */
function withoutNull({ description, ...fields }: Omit<TaskFields, "title">): Partial<TaskFields> {
  return description === null ? fields : { ...fields, description };
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
