import { type FormEvent, useId, useState } from "react";
import { Problem, type NewAccessToken, type Scope } from "../../lib/api";
import { sentenceOf } from "../sync/failure";
import { Field } from "../tasks/form/Field";
import { faultOf } from "../tasks/form/fieldErrors";
import { useWorkspace } from "../workspace/workspace";
import { t } from "../text";

const MAX_NAME = 100;
const DAY = 24 * 60 * 60 * 1000;

const RIGHTS: readonly (readonly [string, readonly Scope[]])[] = [
  [t.tokens.read, ["tasks:read"]],
  [t.tokens.change, ["tasks:read", "tasks:write"]],
];
const ENDS: readonly (readonly [string, number | null])[] = [
  [t.tokens.month, 30],
  [t.tokens.year, 365],
  [t.tokens.never, null],
];

export function MakeToken({ onMade }: { onMade: (made: NewAccessToken) => void }) {
  const { api } = useWorkspace();
  const [name, setName] = useState("");
  const [right, setRight] = useState(0);
  const [end, setEnd] = useState(0);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const fault = faultOf(problem, "name");

  const make = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const days = ENDS[end]?.[1] ?? null;
    const expires_at = days === null ? null : new Date(Date.now() + days * DAY).toISOString();
    try {
      onMade(await api.createToken({ name, scopes: [...(RIGHTS[right]?.[1] ?? [])], expires_at }));
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
      <Choice legend={t.tokens.may} options={RIGHTS} chosen={right} onChoose={setRight} />
      <Choice legend={t.tokens.ends} options={ENDS} chosen={end} onChoose={setEnd} />
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

interface ChoiceProps {
  legend: string;
  options: readonly (readonly [string, unknown])[];
  chosen: number;
  onChoose: (index: number) => void;
}

function Choice({ legend, options, chosen, onChoose }: ChoiceProps) {
  const name = useId();
  return (
    <fieldset className="field">
      <legend>{legend}</legend>
      <div className="segments">
        {options.map(([label], index) => (
          <label key={label}>
            <input type="radio" name={name} checked={chosen === index} onChange={() => onChoose(index)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
