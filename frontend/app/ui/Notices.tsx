import { useEffect, useEffectEvent, useState } from "react";
import { useStore } from "../sync/useStore";
import type { Notice, Notices as NoticesStore } from "../workspace/notices";
import { Icon } from "./Icon";
import { t } from "../text";

const SHOWN_FOR = { plain: 8_000, error: 14_000 } as const;

/** Said aloud by screen readers, and gone after a while unless the pointer or the focus is on them. */
export function Notices({ notices }: { notices: NoticesStore }) {
  const shown = useStore(notices.shown);
  const [held, setHeld] = useState(false);
  return (
    <section
      className="notices"
      aria-label={t.notices}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <div role="status">
        {shown.map((notice) => (
          <Shown
            key={notice.id}
            notice={notice}
            held={held}
            onDismiss={() => {
              setHeld(false); // nothing leaves what goes with the focus in it
              notices.dismiss(notice.id);
            }}
          />
        ))}
      </div>
    </section>
  );
}

function Shown({ notice, held, onDismiss }: { notice: Notice; held: boolean; onDismiss: () => void }) {
  const expire = useEffectEvent(onDismiss);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => expire(), SHOWN_FOR[notice.tone]);
    return () => clearTimeout(timer);
  }, [held, notice]);

  const act = () => {
    onDismiss();
    notice.action?.run();
  };

  return (
    <div className="notice" data-tone={notice.tone}>
      {notice.tone === "error" && <Icon name="alert" />}
      <p>{notice.text}</p>
      {notice.action && (
        <button type="button" className="button" data-kind="inverse" onClick={act}>
          {notice.action.label}
        </button>
      )}
      <button type="button" className="icon-button" aria-label={t.dismiss} onClick={onDismiss}>
        <Icon name="close" />
      </button>
    </div>
  );
}
