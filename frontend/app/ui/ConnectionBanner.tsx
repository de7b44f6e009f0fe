import type { Connection, Link } from "../sync/connection";
import { useStore } from "../sync/useStore";
import { Icon } from "./Icon";
import { useNow } from "./useNow";

interface Props {
  connection: Connection;
  /** How many changes wait to be sent. */
  unsent?: number;
}

/** Says that the service does not answer, what that means for the person, and when it is tried again. */
export function ConnectionBanner({ connection, unsent = 0 }: Props) {
  const link = useStore(connection.link);
  return (
    <div role="status">
      {link.state !== "ready" && (
        <div className="banner" data-state={link.state}>
          <Icon name="cloud" />
          <p>
            <strong>{HEADLINES[link.state]}</strong> {consequence(unsent)}
          </p>
          {"retryAt" in link && <Countdown retryAt={link.retryAt} />}
          {link.state === "away" && (
            <button type="button" className="button" onClick={connection.tryNow}>
              Try now
            </button>
          )}
        </div>
      )}
    </div>
  );
}

const HEADLINES: Record<Exclude<Link["state"], "ready">, string> = {
  offline: "You are offline.",
  away: "The server does not answer.",
  limited: "That was a lot at once.",
};

function consequence(unsent: number): string {
  if (unsent === 0) return "What you change is kept and sent later.";
  return `${unsent === 1 ? "1 change is" : `${unsent} changes are`} kept and will be sent.`;
}

/** Not read aloud every second. */
function Countdown({ retryAt }: { retryAt: number }) {
  const seconds = Math.ceil((retryAt - useNow(500)) / 1000);
  return (
    <span className="banner-countdown" aria-hidden="true">
      {seconds > 0 ? `Next try in ${seconds} s` : "Trying…"}
    </span>
  );
}
