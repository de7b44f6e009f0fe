import { useState } from "react";
import { Field } from "../tasks/form/Field";
import { t } from "../text";

interface Props {
  value: string;
  /** One that is chosen now, of so many characters or more. */
  shortest?: number | undefined;
  fault?: string | undefined;
  onChange: (value: string) => void;
}

/** What is typed can be looked at. */
export function PasswordField({ value, shortest, fault, onChange }: Props) {
  const [shown, show] = useState(false);
  return (
    <Field label={t.signIn.password} hint={shortest ? t.signIn.shortest(shortest) : undefined} fault={fault}>
      {(control) => (
        <div className="password">
          <input
            {...control}
            type={shown ? "text" : "password"}
            required
            minLength={shortest}
            autoComplete={shortest ? "new-password" : "current-password"}
            autoCapitalize="none"
            spellCheck={false}
            value={value}
            onChange={({ target }) => onChange(target.value)}
          />
          <button type="button" className="button" data-kind="quiet" aria-pressed={shown} onClick={() => show(!shown)}>
            {shown ? t.signIn.hide : t.signIn.show}
          </button>
        </div>
      )}
    </Field>
  );
}
