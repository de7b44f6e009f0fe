import { type FormEvent, useState } from "react";
import { PasswordField } from "../session/PasswordField";
import { failureOf, sentenceOf } from "../sync/failure";
import { Dialog } from "../ui/Dialog";
import { download } from "../ui/download";
import { useWorkspace } from "../workspace/workspace";
import { t } from "../text";

const FORMATS = { json: "application/json", csv: "text/csv", ics: "text/calendar" } as const;

/** What a person can do with all that is theirs: take it along, and have it erased. */
export function AccountDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t.account.title} onClose={onClose}>
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
        format === "json"
          ? JSON.stringify(await api.exportTasks("json"), null, 2)
          : await api.exportTasks(format, { bom: format === "csv" ? true : undefined });
      download(text, `tasklane.${format}`, FORMATS[format]);
    } catch (failure) {
      setError(sentenceOf(failure));
    }
    setBusy(false);
  };

  return (
    <section className="account-part">
      <h3>{t.account.exportTitle}</h3>
      <p className="dialog-text">{t.account.exportText}</p>
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
            {t.account.formats[format]}
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
      setError(failureOf(failure) === "signed-out" ? t.account.wrongPassword : sentenceOf(failure));
      setBusy(false);
    }
  };

  return (
    <section className="account-part">
      <h3>{t.account.eraseTitle}</h3>
      <p className="dialog-text">{t.account.eraseText}</p>
      {asked ? (
        <form onSubmit={erase}>
          <PasswordField value={password} onChange={setPassword} />
          <div role="alert">{error && <p className="alert">{error}</p>}</div>
          <div className="dialog-foot">
            <button type="button" className="button" data-kind="quiet" disabled={busy} onClick={() => ask(false)}>
              {t.cancel}
            </button>
            <button type="submit" className="button" data-kind="danger" disabled={busy || !password}>
              {t.account.eraseAction}
            </button>
          </div>
        </form>
      ) : (
        <button type="button" className="button" data-kind="danger" onClick={() => ask(true)}>
          {t.account.erase}
        </button>
      )}
    </section>
  );
}
