import { useStore } from "../sync/useStore";
import { Icon } from "../ui/Icon";
import type { Updates } from "./updates";
import { t } from "../text";

/** What is being typed survives it, and so does what was not sent yet. */
export function UpdateBanner({ updates }: { updates: Updates }) {
  const isFound = useStore(updates.found);
  return (
    <div role="status">
      {isFound && (
        <div className="banner" data-state="update">
          <Icon name="restore" />
          <p>{t.update.found}</p>
          <button type="button" className="button" onClick={updates.take}>
            {t.update.use}
          </button>
        </div>
      )}
    </div>
  );
}
