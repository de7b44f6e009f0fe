import { useRef, useState } from "react";
import type { AccessToken } from "../../lib/api";
import { format } from "../data/dates/due";
import { sentenceOf } from "../sync/failure";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { useWorkspace } from "../workspace/workspace";
import { t } from "../text";

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
      setFailure(`${t.tokens.notRevoked(token.name)} ${sentenceOf(error)}`);
    }
    await onChange();
    // What had the focus goes, unless somebody has gone on elsewhere.
    const { activeElement: here } = document;
    const isElsewhere = here?.matches("dialog *") && !here.closest(".token-list");
    if (!isElsewhere) heading.current?.focus();
  };

  return (
    <section className="token-list">
      <h3 ref={heading} tabIndex={-1}>
        {t.tokens.yours}
      </h3>
      {failure && (
        <p className="field-fault" role="alert">
          {failure}
        </p>
      )}
      {tokens.length === 0 && <p className="dialog-text">{t.tokens.none}</p>}
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
              aria-label={t.tokens.revokeIt(token.name)}
              onClick={() => setAsking(token)}
            >
              {t.tokens.revoke}
            </button>
          </li>
        ))}
      </ul>
      {asking && (
        <ConfirmDialog
          title={t.tokens.revokeTitle(asking.name)}
          text={t.tokens.revokeText}
          action={t.tokens.revokeAction}
          onConfirm={() => void revoke(asking)}
          onClose={() => setAsking(null)}
        />
      )}
    </section>
  );
}

function describe({ scopes, expires_at, last_used_at }: AccessToken, now: Date): string {
  const { rights, endless, willEnd, hasEnded, unused, used } = t.tokens;
  const may = scopes.length > 1 ? rights.both : scopes[0] === "tasks:read" ? rights.read : rights.change;
  const end = expires_at === null ? endless : (new Date(expires_at) > now ? willEnd : hasEnded)(day(expires_at));
  return `${may} · ${end} · ${last_used_at === null ? unused : used(day(last_used_at), hour(last_used_at))}`;
}

function day(instant: string): string {
  return format(instant, { dateStyle: "medium" });
}

function hour(instant: string): string {
  return format(instant, { hour: "2-digit", minute: "2-digit" });
}
