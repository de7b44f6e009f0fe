/** What stands in place of a list. */

import type { ReactNode } from "react";
import type { Listing } from "../data/queries";
import { sentenceOf } from "../sync/failure";
import { useStore } from "../sync/useStore";
import { Icon, type IconName } from "../ui/Icon";
import { useWorkspace } from "../workspace/workspace";

const ROWS = ["a", "b", "c", "d", "e"];

export function Skeleton() {
  return (
    <div className="skeleton" aria-busy="true">
      <p className="only-read">Loading your tasks</p>
      {ROWS.map((row) => (
        <div key={row} className="skeleton-row" aria-hidden="true" />
      ))}
    </div>
  );
}

/** Before the first answer: on its way, held up, or refused. */
export function Awaited({ listing, what }: { listing: Listing<unknown>; what: string }) {
  const link = useStore(useWorkspace().connection.link);
  if (link.state !== "ready")
    return <Blank icon="cloud" title={`${what} will be here as soon as the server answers.`} />;
  if (!listing.error) return <Skeleton />;
  return (
    <Blank icon="alert" title={sentenceOf(listing.error)}>
      <button type="button" className="button" data-kind="outline" onClick={listing.retry}>
        Try again
      </button>
    </Blank>
  );
}

interface Props {
  icon: IconName;
  title: string;
  children?: ReactNode;
}

export function Blank({ icon, title, children }: Props) {
  return (
    <div className="blank">
      <Icon name={icon} />
      <p className="blank-title">{title}</p>
      {children}
    </div>
  );
}

export function More({ hasMore, isLoading, onMore }: { hasMore: boolean; isLoading: boolean; onMore: () => void }) {
  if (!hasMore) return null;
  return (
    <button type="button" className="button more" data-kind="outline" aria-busy={isLoading} onClick={onMore}>
      {isLoading ? "Loading…" : "Show more"}
    </button>
  );
}
