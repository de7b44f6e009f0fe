import type { Connection } from "../sync/connection";
import { useStore } from "../sync/useStore";
import { Icon } from "./Icon";
import { useNow } from "./useNow";
import { t } from "../text";

interface Props {
  connection: Connection;
  /** How many changes wait to be sent. */
  unsent?: number;
}

/** Says that the service does not answer, what that means for the person, and when it is tried again. */
export function ConnectionBanner({ connection, unsent = 0 }: Props) {
  const link = useStore(connection.shown);
  return (
    <div role="status">
      {link.state !== "ready" && (
        <div className="banner" data-state={link.state}>
          <Icon name="cloud" />
          <p>
            <strong>{t.link[link.state]}</strong> {unsent === 0 ? t.link.nothing : t.link.kept(unsent)}
          </p>
          {"retryAt" in link && <Countdown retryAt={link.retryAt} />}
          {link.state === "away" && (
            <button type="button" className="button" onClick={connection.tryNow}>
              {t.link.now}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** Not read aloud every second. */
function Countdown({ retryAt }: { retryAt: number }) {
  const seconds = Math.ceil((retryAt - useNow(500)) / 1000);
  return (
    <span className="banner-countdown" aria-hidden="true">
      {seconds > 0 ? t.link.next(seconds) : t.link.trying}
    </span>
  );
}
