import { type FormEvent, useEffect, useRef, useState } from "react";
import { sentenceOf } from "../sync/failure";
import { Field } from "../tasks/form/Field";
import { Mark } from "../ui/Icon";
import { ThemeChoice } from "../ui/ThemeChoice";
import { PasswordField } from "./PasswordField";
import type { Session } from "./session";
import { t } from "../text";

interface Props {
  session: Session;
  /** Why there is no session any more, where the person has not ended it here. */
  ended: "by itself" | "elsewhere" | null;
}

const SHORTEST_PASSWORD = 8;

export function SignIn({ session, ended }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [isNew, setNew] = useState(false);
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  useEffect(() => form.current?.querySelector("input")?.focus(), [isNew]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await (isNew ? session.signUp(name.trim(), email.trim(), password) : session.signIn(email.trim(), password));
    } catch (failure) {
      setError(sentenceOf(failure));
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <p className="brand">
          <Mark /> Tasklane
        </p>
        <h1>{isNew ? t.signIn.titleNew : t.signIn.title}</h1>
        {ended && (
          <p role="status" className="alert">
            {ended === "elsewhere" ? t.signIn.elsewhere : t.signIn.ended}
          </p>
        )}
        <form ref={form} onSubmit={submit}>
          {isNew && (
            <Field label={t.signIn.name}>
              {(control) => (
                <input
                  {...control}
                  required
                  autoComplete="name"
                  value={name}
                  onChange={({ target }) => setName(target.value)}
                />
              )}
            </Field>
          )}
          <Field label={t.signIn.email}>
            {(control) => (
              <input
                {...control}
                type="email"
                required
                autoComplete="email"
                value={email}
                onChange={({ target }) => setEmail(target.value)}
              />
            )}
          </Field>
          <PasswordField value={password} shortest={isNew ? SHORTEST_PASSWORD : undefined} onChange={setPassword} />
          <div role="alert">{error && <p className="alert">{error}</p>}</div>
          <button type="submit" className="button" data-kind="primary" data-wide disabled={busy}>
            {busy ? t.signIn.busy : isNew ? t.signIn.create : t.signIn.title}
          </button>
        </form>
        <p className="sign-in-other">
          {isNew ? t.signIn.hasOne : t.signIn.hasNone}{" "}
          <button
            type="button"
            className="link"
            onClick={() => {
              setNew(!isNew);
              setError(null);
            }}
          >
            {isNew ? t.signIn.title : t.signIn.createOne}
          </button>
        </p>
      </div>
      <ThemeChoice />
    </main>
  );
}
