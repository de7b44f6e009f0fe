import { type FormEvent, useEffect, useRef, useState } from "react";
import { sentenceOf } from "../sync/failure";
import { Field } from "../tasks/Field";
import { Mark } from "../ui/Icon";
import { ThemeChoice } from "../ui/ThemeChoice";
import { PasswordField } from "./PasswordField";
import type { Session } from "./session";

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
        <h1>{isNew ? "Create your account" : "Sign in"}</h1>
        {ended && (
          <p role="status" className="alert">
            {ended === "elsewhere"
              ? "You have signed out in another tab."
              : "Your session has ended. Sign in again to go on; what you typed is still here."}
          </p>
        )}
        <form ref={form} onSubmit={submit}>
          {isNew && (
            <Field label="Name">
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
          <Field label="E-mail">
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
            {busy ? "One moment…" : isNew ? "Create account" : "Sign in"}
          </button>
        </form>
        <p className="sign-in-other">
          {isNew ? "You have an account?" : "New here?"}{" "}
          <button
            type="button"
            className="link"
            onClick={() => {
              setNew(!isNew);
              setError(null);
            }}
          >
            {isNew ? "Sign in" : "Create an account"}
          </button>
        </p>
      </div>
      <ThemeChoice />
    </main>
  );
}
