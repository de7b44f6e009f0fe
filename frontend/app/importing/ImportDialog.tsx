import { useEffect, useId, useState } from "react";
import type { ImportPreview } from "../../lib/api";
import { describeDue } from "../data/due";
import { sentenceOf } from "../sync/failure";
import { Dialog } from "../ui/Dialog";
import { useWorkspace } from "../workspace/workspace";
import { counted, nameOf, PROGRAMS } from "./names";

const SHOWN = 50;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

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
  const input = useId();
  const lists = asTags ? "tags" : "leave";

  useEffect(() => {
    if (!chosen) return;
    const leaving = new AbortController();
    api.importTasks(chosen.file, { dry_run: true, time_zone: ZONE, lists: chosen.lists, signal: leaving.signal }).then(
      (preview) => setRead({ of: chosen, preview }),
      (error: unknown) => leaving.signal.aborted || setRead({ of: chosen, fault: sentenceOf(error) }),
    );
    return () => leaving.abort();
  }, [api, chosen]);

  const seen = read && read.of === chosen ? read : null;

  const bring = async ({ file, lists }: Chosen, { format }: ImportPreview) => {
    setBringing(true);
    try {
      const { imported } = await api.importTasks(file, { format, time_zone: ZONE, lists });
      notices.say(`${tasks(imported)} from ${PROGRAMS[format]} added`);
      onClose();
      await list.refresh().catch(() => {}); // the list follows by itself
    } catch (error) {
      setRead(chosen && { of: chosen, fault: sentenceOf(error) });
    } finally {
      setBringing(false);
    }
  };

  return (
    <Dialog title="Bring your list along" onClose={onClose}>
      <div className="task-form">
        <p className="dialog-text">
          A file that another program has exported, zipped or not: Google Tasks, Microsoft To Do, Todoist, TickTick,
          Trello, Asana, Apple Reminders and other calendars, todo.txt and more. Nothing is added before you have seen
          it.
        </p>
        <div className="field">
          <label htmlFor={input}>File</label>
          <input
            id={input}
            type="file"
            data-focus
            disabled={isBringing}
            onChange={({ target }) => {
              const file = target.files?.[0];
              setChosen(file ? { file, lists } : null);
            }}
          />
        </div>
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
          The name of a task’s list becomes a tag
        </label>
        <div aria-live="polite">
          {chosen && !seen && <p className="dialog-text">Reading {chosen.file.name}…</p>}
          {seen?.preview && <Preview preview={seen.preview} />}
        </div>
        {seen?.fault && (
          <p role="alert" className="alert">
            {seen.fault} Nothing was added.
          </p>
        )}
        <footer className="dialog-foot">
          <button type="button" className="button" data-kind="quiet" onClick={onClose}>
            Cancel
          </button>
          <button
            type="button"
            className="button"
            data-kind="primary"
            disabled={isBringing || !seen?.preview?.tasks.length}
            onClick={() => seen?.preview && void bring(seen.of, seen.preview)}
          >
            {isBringing ? "Adding…" : seen?.preview ? `Add ${tasks(seen.preview.tasks.length)}` : "Add"}
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
        <strong>
          {tasks(all.length)} from {PROGRAMS[preview.format]}
        </strong>
        , with dates as they are in {ZONE}.
      </p>
      <ul className="import-tasks" aria-label="What would be added">
        {all.slice(0, SHOWN).map((task, number) => (
          <li key={number}>
            <span data-completed={task.completed}>{task.title}</span>
            <small>
              {[
                task.completed && "completed",
                task.due_date && describeDue(task.due_date, now),
                ...task.tags.map((tag) => `#${tag}`),
                task.not_carried.length > 0 && `without ${namesOf(task.not_carried)}`,
              ]
                .filter(Boolean)
                .join(" · ")}
            </small>
          </li>
        ))}
      </ul>
      {rest > 0 && <p className="dialog-text">And {rest} more.</p>}
      {Object.keys(not_carried).length > 0 && <p className="dialog-text">Not carried over: {counted(not_carried)}.</p>}
      {Object.keys(left_out).length > 0 && <p className="dialog-text">Left out: {counted(left_out)}.</p>}
    </>
  );
}

function tasks(count: number): string {
  return `${count} ${count === 1 ? "task" : "tasks"}`;
}

function namesOf(notes: ImportPreview["tasks"][number]["not_carried"]): string {
  return [...new Set(notes.map(({ what }) => nameOf(what)))].join(", ");
}
