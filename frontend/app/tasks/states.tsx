/** What stands in place of a list. */

import type { ReactNode } from "react";
import type { Listing } from "../data/queries";
import { sentenceOf } from "../sync/failure";
import { useStore } from "../sync/useStore";
import { Icon, type IconName } from "../ui/Icon";
import { useWorkspace } from "../workspace/workspace";
import { t } from "../text";

const ROWS = ["a", "b", "c", "d", "e"];

export function Skeleton() {
  return (
    <div className="skeleton" aria-busy="true">
      <p className="only-read">{t.list.loading}</p>
      {ROWS.map((row) => (
        <div key={row} className="skeleton-row" aria-hidden="true" />
      ))}
    </div>
  );
}

/** Before the first answer: on its way, held up, or refused. */
export function Awaited({ listing, what }: { listing: Listing<unknown>; what: keyof typeof t.list.awaited }) {
  const link = useStore(useWorkspace().connection.shown);
  if (link.state !== "ready") return <Blank icon="cloud" title={t.list.awaited[what]} />;
  if (!listing.error) return <Skeleton />;
  return (
    <Blank icon="alert" title={sentenceOf(listing.error)}>
      <button type="button" className="button" data-kind="outline" onClick={listing.retry}>
        {t.tryAgain}
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
      {isLoading ? t.list.loadingMore : t.list.more}
    </button>
  );
}
