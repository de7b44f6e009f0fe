/** What the person's programs may do: their access tokens. A chunk of its own, for those few who open it. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { NewAccessToken } from "../../lib/api";
import { sentenceOf } from "../sync/failure";
import { Dialog } from "../ui/Dialog";
import { useWorkspace } from "../workspace/workspace";
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
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => field.current?.select(), []);

  const copy = async () => {
    field.current?.select();
    // Missing where a page came over plain http from another machine: what is selected can be copied by hand.
    await navigator.clipboard?.writeText(made.token).then(
      () => setCopied(true),
      () => {},
    );
  };

  return (
    <section className="token-made" aria-label={t.tokens.made(made.name)}>
      <p>
        <strong>{t.tokens.copyNow(made.name)}</strong> {t.tokens.once}
      </p>
      <div className="token-copy">
        <input
          ref={field}
          readOnly
          aria-label={t.tokens.token}
          value={made.token}
          spellCheck={false}
          autoComplete="off"
        />
        <button type="button" className="button" data-kind="primary" onClick={() => void copy()}>
          {t.tokens.copy}
        </button>
        <button type="button" className="button" data-kind="quiet" onClick={onDone}>
          {t.tokens.done}
        </button>
      </div>
      <p className="only-read" role="status">
        {copied && t.tokens.copied}
      </p>
      {copied && (
        <p className="field-hint" aria-hidden="true">
          {t.tokens.copied}
        </p>
      )}
    </section>
  );
}
