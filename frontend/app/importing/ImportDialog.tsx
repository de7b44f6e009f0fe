import { useEffect, useState } from "react";
import type { ImportPreview } from "../../lib/api";
import { describeDue } from "../data/dates/due";
import { ZONE } from "../data/dates/repeat";
import { ownWordsOf, sentenceOf } from "../sync/failure";
import { Field } from "../tasks/form/Field";
import { Dialog } from "../ui/Dialog";
import { useWorkspace } from "../workspace/workspace";
import { counted, nameOf, PROGRAMS } from "./names";
import { say } from "./text";
import { t } from "../text";

const SHOWN = 50;

/** What is to be read, and how. */
interface Chosen {
  readonly file: File;
  readonly lists: "tags" | "leave";
}

/** What has come of it; of another choice it is nothing yet. */
interface Read {
  readonly of: Chosen;
  readonly preview?: ImportPreview;
  readonly fault?: string;
}

/** Other programs' files: first what would become of them, then the tasks. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const { api, list, notices } = useWorkspace();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [asTags, setAsTags] = useState(true);
  const [read, setRead] = useState<Read | null>(null);
  const [isBringing, setBringing] = useState(false);
  const lists = asTags ? "tags" : "leave";

  useEffect(() => {
    if (!chosen) return;
    const leaving = new AbortController();
    api.importTasks(chosen.file, { dry_run: true, time_zone: ZONE, lists: chosen.lists, signal: leaving.signal }).then(
      (preview) => setRead({ of: chosen, preview }),
      (error: unknown) => leaving.signal.aborted || setRead({ of: chosen, fault: faultIn(error) }),
    );
    return () => leaving.abort();
  }, [api, chosen]);

  const seen = read && read.of === chosen ? read : null;

  const bring = async ({ file, lists }: Chosen, { format }: ImportPreview) => {
    setBringing(true);
    try {
      const { imported } = await api.importTasks(file, { format, time_zone: ZONE, lists });
      notices.say(say.added(t.tasks(imported), PROGRAMS[format]));
      onClose();
      await list.refresh().catch(() => {}); // the list follows by itself
    } catch (error) {
      setRead(chosen && { of: chosen, fault: faultIn(error) });
    } finally {
      setBringing(false);
    }
  };

  return (
    <Dialog title={say.title} onClose={onClose}>
      <div className="task-form">
        <p className="dialog-text">{say.text}</p>
        <Field label={say.file}>
          {(control) => (
            <input
              {...control}
              type="file"
              data-focus
              disabled={isBringing}
              onChange={({ target }) => {
                const file = target.files?.[0];
                setChosen(file ? { file, lists } : null);
              }}
            />
          )}
        </Field>
        <label className="switch">
          <input
            type="checkbox"
            className="tick"
            data-shape="square"
            checked={asTags}
            disabled={isBringing}
            onChange={() => {
              setAsTags(!asTags);
              setChosen(chosen && { ...chosen, lists: asTags ? "leave" : "tags" });
            }}
          />
          {say.lists}
        </label>
        <div aria-live="polite">
          {chosen && !seen && <p className="dialog-text">{say.reading(chosen.file.name)}</p>}
          {seen?.preview && <Preview preview={seen.preview} />}
        </div>
        {seen?.fault && (
          <p role="alert" className="alert">
            {seen.fault} {say.nothing}
          </p>
        )}
        <footer className="dialog-foot">
          <button type="button" className="button" data-kind="quiet" onClick={onClose}>
            {t.cancel}
          </button>
          <button
            type="button"
            className="button"
            data-kind="primary"
            disabled={isBringing || !seen?.preview?.tasks.length}
            onClick={() => seen?.preview && void bring(seen.of, seen.preview)}
          >
            {isBringing ? say.adding : seen?.preview ? say.addAll(t.tasks(seen.preview.tasks.length)) : say.add}
          </button>
        </footer>
      </div>
    </Dialog>
  );
}

function Preview({ preview }: { preview: ImportPreview }) {
  const { tasks: all, left_out, not_carried } = preview;
  const now = new Date();
  const rest = all.length - SHOWN;
  return (
    <>
      <p>
        <strong>{say.from(t.tasks(all.length), PROGRAMS[preview.format])}</strong>
        {say.dates(ZONE)}
      </p>
      <ul className="import-tasks" aria-label={say.preview}>
        {all.slice(0, SHOWN).map((task, number) => (
          <li key={number}>
            <span data-completed={task.completed}>{task.title}</span>
            <small>
              {[
                task.completed && say.completed,
                task.due_date && describeDue(task.due_date, now),
                ...task.tags.map((tag) => `#${tag}`),
                task.not_carried.length > 0 && say.without(namesOf(task.not_carried)),
              ]
                .filter(Boolean)
                .join(" · ")}
            </small>
          </li>
        ))}
      </ul>
      {rest > 0 && <p className="dialog-text">{say.more(rest)}</p>}
      {Object.keys(not_carried).length > 0 && <p className="dialog-text">{say.notCarried(counted(not_carried))}</p>}
      {Object.keys(left_out).length > 0 && <p className="dialog-text">{say.leftOut(counted(left_out))}</p>}
    </>
  );
}

function namesOf(notes: ImportPreview["tasks"][number]["not_carried"]): string {
  return [...new Set(notes.map(({ what }) => nameOf(what)))].join(", ");
}

/** Where the mistake is says the service alone. */
function faultIn(error: unknown): string {
  const own = ownWordsOf(error);
  return own && say.refused ? `${say.refused} „${own}“` : sentenceOf(error);
}
