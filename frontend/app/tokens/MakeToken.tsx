import { type FormEvent, useState } from "react";
import { Problem, type NewAccessToken, type Scope } from "../../lib/api";
import { sentenceOf } from "../sync/failure";
import { Field } from "../tasks/form/Field";
import { faultOf } from "../tasks/form/fieldErrors";
import { Segments } from "../ui/Segments";
import { useWorkspace } from "../workspace/workspace";
import { t } from "../text";

const MAX_NAME = 100;
const DAY = 24 * 60 * 60 * 1000;

const READ: readonly Scope[] = ["tasks:read"];
const CHANGE: readonly Scope[] = ["tasks:read", "tasks:write"];
const RIGHTS = [
  [t.tokens.read, READ],
  [t.tokens.change, CHANGE],
] as const;
const ENDS: readonly (readonly [string, number | null])[] = [
  [t.tokens.month, 30],
  [t.tokens.year, 365],
  [t.tokens.never, null],
];

export function MakeToken({ onMade }: { onMade: (made: NewAccessToken) => void }) {
  const { api } = useWorkspace();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState(READ);
  const [days, setDays] = useState<number | null>(30);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const fault = faultOf(problem, "name");

  const make = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const expires_at = days === null ? null : new Date(Date.now() + days * DAY).toISOString();
    try {
      onMade(await api.createToken({ name, scopes: [...scopes], expires_at }));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };

  return (
    <form className="token-form" onSubmit={(event) => void make(event)}>
      <Field label={t.tokens.name} fault={fault}>
        {(control) => (
          <input
            {...control}
            data-focus
            required
            maxLength={MAX_NAME}
            autoComplete="off"
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        )}
      </Field>
      <Segments legend={t.tokens.may} options={RIGHTS} chosen={scopes} onChoose={setScopes} />
      <Segments legend={t.tokens.ends} options={ENDS} chosen={days} onChoose={setDays} />
      {problem !== null && !fault && (
        <p className="field-fault" role="alert">
          {problem instanceof Problem ? problem.message : `${t.tokens.notMade} ${sentenceOf(problem)}`}
        </p>
      )}
      <footer className="dialog-foot">
        <button type="submit" className="button" data-kind="primary" disabled={busy}>
          {t.tokens.make}
        </button>
      </footer>
    </form>
  );
}
