/** What the person's programs may do: their access tokens. A chunk of its own, for those few who open it. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { NewAccessToken } from "../../lib/api";
import { sentenceOf } from "../sync/failure";
import { Dialog } from "../ui/Dialog";
import { useWorkspace } from "../workspace/workspace";
import { Code } from "./Code";
import { MakeToken } from "./MakeToken";
import { TokenList } from "./TokenList";
import { t } from "../text";

const KEY = ["tokens"];

export function TokensDialog({ onClose }: { onClose: () => void }) {
  const { api } = useWorkspace();
  const queries = useQueryClient();
  const [made, setMade] = useState<NewAccessToken | null>(null);
  const found = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.listTokens({ signal }) });
  const refresh = () => queries.invalidateQueries({ queryKey: KEY });

  return (
    <Dialog title={t.tokens.title} onClose={onClose}>
      <p className="dialog-text">{t.tokens.text}</p>
      {made ? (
        <Made key={made.id} made={made} onDone={() => setMade(null)} />
      ) : (
        <MakeToken
          onMade={(token) => {
            setMade(token);
            void refresh();
          }}
        />
      )}
      {found.data ? (
        <TokenList tokens={found.data.tokens} onChange={refresh} />
      ) : (
        <p className="dialog-text" role="status">
          {found.error ? `${t.tokens.notShown} ${sentenceOf(found.error)}` : t.tokens.loading}
        </p>
      )}
    </Dialog>
  );
}

/** The one moment at which it can be seen. */
function Made({ made, onDone }: { made: NewAccessToken; onDone: () => void }) {
  const address = new URL("/dav/", location.href).href;
  return (
    <section className="token-made" aria-label={t.tokens.made(made.name)}>
      <p>
        <strong>{t.tokens.copyNow(made.name)}</strong> {t.tokens.once}
      </p>
      <Copied label={t.tokens.token} value={made.token} action={t.tokens.copy} first>
        <button type="button" className="button" data-kind="quiet" onClick={onDone}>
          {t.tokens.done}
        </button>
      </Copied>
      <p>{t.tokens.calendar}</p>
      <Copied label={t.tokens.address} value={address} action={t.tokens.copyAddress} />
      <Code address={address} token={made.token} />
    </section>
  );
}

interface CopiedProps {
  label: string;
  value: string;
  action: string;
  /** Selected as soon as it is there. */
  first?: boolean;
  children?: ReactNode;
}

function Copied({ label, value, action, first = false, children }: CopiedProps) {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (first) field.current?.select();
  }, [first]);

  const copy = async () => {
    field.current?.select();
    // Missing where a page came over plain http from another machine: what is selected can be copied by hand.
    await navigator.clipboard?.writeText(value).then(
      () => setCopied(true),
      () => {},
    );
  };

  return (
    <>
      <div className="token-copy">
        <input ref={field} readOnly aria-label={label} value={value} spellCheck={false} autoComplete="off" />
        <button type="button" className="button" data-kind={first ? "primary" : "quiet"} onClick={() => void copy()}>
          {action}
        </button>
        {children}
      </div>
      <p className="only-read" role="status">
        {copied && t.tokens.copied}
      </p>
      {copied && (
        <p className="field-hint" aria-hidden="true">
          {t.tokens.copied}
        </p>
      )}
    </>
  );
}
