import {
  type ClipboardEvent,
  type FormEvent,
  type KeyboardEvent,
  type RefObject,
  useEffectEvent,
  useId,
  useState,
} from "react";
import { useActions } from "../data/actions";
import { excess, fieldsFrom, titlesIn } from "../data/lines";
import type { Task, TaskFields } from "../data/types";
import { Icon } from "../ui/Icon";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { submitByKey } from "../ui/submitByKey";
import { bringReader } from "../words/reader";
import { useWorkspace } from "../workspace/workspace";
import { undo } from "../workspace/notices";
import { DetailFields } from "./form/DetailFields";
import { Meant } from "./Meant";
import { useTyped } from "./useTyped";
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

/** A line and Enter make a task. What is typed here stays, whatever happens, until it is one. */
export function QuickAdd({ inputRef, preset, beneath, onBeneath, onAdded }: Props) {
  const { notices } = useWorkspace();
  const { add, addBeneath, refine, remove } = useActions();
  const { line, pieces, fields, isRead, isDetailed, change, clear, keep, meant } = useTyped(preset);
  const [open, setOpen] = useState(isDetailed);
  const [made, setMade] = useState(0);
  const [lines, setLines] = useState<readonly string[] | null>(null);
  const [summary, upper] = [useId(), useId()];
  const tooMuch = excess(fields.title);
  /** Of the list that is there by then. */
  const tell = useEffectEvent(onAdded);

  const make = (all: readonly TaskFields[]) => (beneath ? all.map((one) => addBeneath(beneath, one)) : add(all));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!line.trim() || tooMuch > 0) return;
    const tasks = make([fields]);
    clear();
    setOpen(false);
    setMade(made + 1);
    inputRef.current?.focus();
    // It is kept already, whatever becomes of this page; what its words mean comes after it.
    if (!isRead) for (const task of tasks) refine(task, await meant());
    tell(tasks);
  };

  /** The lines of a list that was written somewhere else are a task each. */
  const paste = (event: ClipboardEvent) => {
    const titles = titlesIn(event.clipboardData.getData("text"));
    if (titles.length < 2 || line) return;
    event.preventDefault();
    if (titles.length > MANY) setLines(titles);
    else addLines(titles);
  };

  const addLines = (titles: readonly string[]) => {
    const { title: _none, ...common } = fields;
    const tasks = make(titles.map((one) => ({ ...fieldsFrom(one), ...withoutNull(common) })));
    notices.say(
      t.add.lines(tasks.length),
      undo(() => remove(tasks)),
    );
    onAdded(tasks);
  };

  /** Backspace right behind words that mean something takes the meaning back, and leaves the words. */
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (beneath && !line && ["Escape", "Backspace"].includes(event.key)) {
      event.preventDefault();
      return onBeneath(null);
    }
    const { selectionStart, selectionEnd } = event.currentTarget;
    const piece = pieces.find(({ end }) => end === selectionStart && end === selectionEnd);
    if (event.key !== "Backspace" || !piece) return;
    event.preventDefault();
    keep(piece);
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
          value={line}
          onFocus={() => void bringReader()}
          onChange={({ target }) => change({ title: target.value })}
          onPaste={paste}
          onKeyDown={onKeyDown}
        />
        <button type="button" className="button" data-kind="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t.add.details}
        </button>
        <button type="submit" className="button" data-kind="primary" disabled={!line.trim() || tooMuch > 0}>
          {t.add.add}
        </button>
      </div>
      <div role="alert">{tooMuch > 0 && <p className="field-fault quick-add-fault">{t.tooLong(tooMuch)}</p>}</div>
      <div id={summary} aria-live="polite">
        {(!open || pieces.length > 0) && (
          <Meant
            fields={fields}
            pieces={pieces}
            onKeep={(piece) => {
              keep(piece);
              inputRef.current?.focus();
            }}
          />
        )}
      </div>
      {open && (
        <div className="quick-add-details">
          <DetailFields key={made} fields={fields} onChange={change} />
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
