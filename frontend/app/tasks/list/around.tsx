/** What stands around the rows of a list, or in their place. */

import { useMemo } from "react";
import { type Filters, isNarrowed, NO_FILTERS } from "../../data/list/filters";
import { select } from "../../data/list/select";
import type { Row } from "../../data/list/tree";
import type { Listing } from "../../data/queries";
import { failureOf, sentenceOf } from "../../sync/failure";
import { useStore } from "../../sync/useStore";
import { Icon } from "../../ui/Icon";
import { useWorkspace } from "../../workspace/workspace";
import { Awaited, Blank } from "../states";
import { t } from "../../text";

interface Filtered {
  filters: Filters;
  onFilters: (change: Partial<Filters>) => void;
}

/** The list could not be fetched anew, for another reason than that the service is away. */
export function Stale({ listing }: { listing: Listing<Row> }) {
  if (!listing.error || failureOf(listing.error) !== "refused") return null;
  return (
    <div role="alert" className="banner" data-state="refused">
      <Icon name="alert" />
      <p>
        {t.list.stale} {sentenceOf(listing.error)}
      </p>
      <button type="button" className="button" onClick={listing.retry}>
        {t.tryAgain}
      </button>
    </div>
  );
}

/** What is sought may be in another list. */
export function Elsewhere({ filters, found, onFilters }: Filtered & { found: number }) {
  const tasks = useStore(useWorkspace().tasks);
  const { search } = filters;
  const all = useMemo(() => {
    const everywhere = { ...NO_FILTERS, status: "all" as const, search };
    return search && tasks ? select(tasks, everywhere, new Date()).length : 0;
  }, [tasks, search]);
  if (all <= found) return null;
  return (
    <p className="elsewhere" role="status">
      <button
        type="button"
        className="button"
        data-kind="outline"
        onClick={() => onFilters({ ...NO_FILTERS, status: "all", search })}
      >
        <Icon name="search" /> {t.list.elsewhere(all - found)}
      </button>
    </p>
  );
}

export function NoRows({ listing, filters, onFilters }: Filtered & { listing: Listing<Row> }) {
  if (listing.rows === undefined) return <Awaited listing={listing} what="tasks" />;
  if (isNarrowed(filters))
    return (
      <Blank icon="search" title={t.list.noMatch}>
        <button
          type="button"
          className="button"
          data-kind="outline"
          onClick={() => onFilters({ ...NO_FILTERS, status: filters.status })}
        >
          {t.list.showAll}
        </button>
      </Blank>
    );
  if (filters.status === "completed") return <Blank icon="done" title={t.list.noneCompleted} />;
  return (
    <Blank icon="done" title={t.list.clear}>
      <p>{t.list.begin}</p>
    </Blank>
  );
}
