import { useRef, useState } from "react";
import type { AccessToken } from "../../lib/api";
import { sentenceOf } from "../sync/failure";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { useWorkspace } from "../workspace/workspace";

interface Props {
  tokens: readonly AccessToken[];
  onChange: () => Promise<unknown>;
}

export function TokenList({ tokens, onChange }: Props) {
  const { api } = useWorkspace();
  const [asking, setAsking] = useState<AccessToken | null>(null);
  const [failure, setFailure] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);

  const revoke = async (token: AccessToken) => {
    setFailure("");
    try {
      await api.revokeToken(token.id);
    } catch (error) {
      setFailure(`${token.name} was not revoked. ${sentenceOf(error)}`);
    }
    await onChange();
    heading.current?.focus(); // what had the focus is gone
  };

  return (
    <section className="token-list">
      <h3 ref={heading} tabIndex={-1}>
        Your tokens
      </h3>
      {failure && (
        <p className="field-fault" role="alert">
          {failure}
        </p>
      )}
      {tokens.length === 0 && <p className="dialog-text">There are none.</p>}
      <ul>
        {tokens.map((token) => (
          <li key={token.id}>
            <div>
              <p className="token-name">{token.name}</p>
              <p className="field-hint">{describe(token, new Date())}</p>
            </div>
            <button
              type="button"
              className="button"
              data-kind="danger"
              aria-label={`Revoke: ${token.name}`}
              onClick={() => setAsking(token)}
            >
              Revoke
            </button>
          </li>
        ))}
      </ul>
      {asking && (
        <ConfirmDialog
          title={`Revoke the token for ${asking.name}?`}
          text="The program that has it cannot work with your tasks any more. Nothing brings the token back."
          action="Revoke it"
          onConfirm={() => void revoke(asking)}
          onClose={() => setAsking(null)}
        />
      )}
    </section>
  );
}

function describe({ scopes, expires_at, last_used_at }: AccessToken, now: Date): string {
  const may = scopes.length > 1 ? "reads and changes" : scopes[0] === "tasks:read" ? "reads" : "changes";
  const end =
    expires_at === null ? "does not end" : `${new Date(expires_at) > now ? "ends" : "ended"} ${day(expires_at)}`;
  const used = last_used_at === null ? "never used" : `last used ${day(last_used_at)}, ${hour(last_used_at)}`;
  return `${capital(may)} · ${end} · ${used}`;
}

function day(instant: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }).format(new Date(instant));
}

function hour(instant: string): string {
  return new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }).format(new Date(instant));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
