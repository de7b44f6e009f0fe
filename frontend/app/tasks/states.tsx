/** What stands in place of a list. */

import type { ReactNode } from "react";
import { Icon, type IconName } from "../ui/Icon";

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
