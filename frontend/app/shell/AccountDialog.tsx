import { type FormEvent, useState } from "react";
import { PasswordField } from "../session/PasswordField";
import { failureOf, sentenceOf } from "../sync/failure";
import { Dialog } from "../ui/Dialog";
import { download } from "../ui/download";
import { useWorkspace } from "../workspace/workspace";

const FORMATS = { json: "application/json", csv: "text/csv", ics: "text/calendar" } as const;
const FORMAT_NAMES: Record<keyof typeof FORMATS, string> = {
  json: "JSON, all there is",
  csv: "CSV, for spreadsheets",
  ics: "iCalendar, for calendars",
};

/** What a person can do with all that is theirs: take it along, and have it erased. */
export function AccountDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Your account" onClose={onClose}>
      <Export />
      <Erase />
    </Dialog>
  );
}

function Export() {
  const { api } = useWorkspace();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const save = async (format: keyof typeof FORMATS) => {
    setBusy(true);
    setError(null);
    try {
      const text =
        format === "json" ? JSON.stringify(await api.exportTasks("json"), null, 2) : await api.exportTasks(format);
      // A text that was read has lost the mark by which spreadsheets know its encoding.
      download(format === "csv" ? `\uFEFF${text}` : text, `tasklane.${format}`, FORMATS[format]);
    } catch (failure) {
      setError(sentenceOf(failure));
    }
    setBusy(false);
  };

  return (
    <section className="account-part">
      <h3>Take your tasks along</h3>
      <p className="dialog-text">All tasks in one file, those in the trash not among them.</p>
      <div className="account-formats">
        {(Object.keys(FORMATS) as (keyof typeof FORMATS)[]).map((format) => (
          <button
            key={format}
            type="button"
            className="button"
            data-kind="outline"
            disabled={busy}
            onClick={() => void save(format)}
          >
            {FORMAT_NAMES[format]}
          </button>
        ))}
      </div>
      <div role="alert">{error && <p className="alert">{error}</p>}</div>
    </section>
  );
}

function Erase() {
  const workspace = useWorkspace();
  const [asked, ask] = useState(false);
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const erase = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await workspace.erase(password); // and with it all this
    } catch (failure) {
      setError(failureOf(failure) === "signed-out" ? "That is not your password." : sentenceOf(failure));
      setBusy(false);
    }
  };

  return (
    <section className="account-part">
      <h3>Erase your account</h3>
      <p className="dialog-text">
        All your tasks and your sign-in are erased, on every device. Nothing brings them back.
      </p>
      {asked ? (
        <form onSubmit={erase}>
          <PasswordField value={password} onChange={setPassword} />
          <div role="alert">{error && <p className="alert">{error}</p>}</div>
          <footer className="dialog-foot">
            <button type="button" className="button" data-kind="quiet" disabled={busy} onClick={() => ask(false)}>
              Cancel
            </button>
            <button type="submit" className="button" data-kind="danger" disabled={busy || !password}>
              Erase everything
            </button>
          </footer>
        </form>
      ) : (
        <button type="button" className="button" data-kind="danger" onClick={() => ask(true)}>
          Erase…
        </button>
      )}
    </section>
  );
}
