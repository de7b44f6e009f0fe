import { useStore } from "../sync/useStore";
import { Icon } from "../ui/Icon";
import type { Updates } from "./updates";

/** What is being typed survives it, and so does what was not sent yet. */
export function UpdateBanner({ updates }: { updates: Updates }) {
  const isFound = useStore(updates.found);
  return (
    <div role="status">
      {isFound && (
        <div className="banner" data-state="update">
          <Icon name="restore" />
          <p>A new version of this page is here.</p>
          <button type="button" className="button" onClick={updates.take}>
            Use it
          </button>
        </div>
      )}
    </div>
  );
}
