import { useCallback, useMemo, useSyncExternalStore } from "react";
import { forgetSort, keepSort, keptSort } from "../../sync/storage";
import { type Filters, NO_FILTERS, readFilters, SORTS, writeFilters } from "./filters";

/** The list or the trash, and the list's filters: the page's address is their only home. */
export interface Place {
  readonly trash: boolean;
  readonly filters: Filters;
}

export function usePlace(): [Place, (next: Partial<Filters> & { trash?: boolean }) => void] {
  const query = useSyncExternalStore(subscribe, () => location.search);
  const usual = useSyncExternalStore(subscribe, usualSort);
  const place = useMemo(() => read(query, usual), [query, usual]);
  const go = useCallback((next: Partial<Filters> & { trash?: boolean }) => {
    const { trash = false, ...filters } = next;
    const before = read(location.search, usualSort());
    const after = trash ? new URLSearchParams({ view: "trash" }) : queryOf({ ...before.filters, ...filters });
    const address = after.size ? `?${after}` : location.pathname;
    // Typing a search must not fill the history with its letters.
    const isTyping = Object.keys(next).join() === "search" && !before.trash;
    const isThere = address === `${location.pathname}${location.search}` || address === location.search;
    if (isTyping || isThere) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    dispatchEvent(new PopStateEvent("popstate"));
  }, []);
  return [place, go];
}

/** What the address of a list says of it. */
export function queryOf(filters: Filters): URLSearchParams {
  return writeFilters(filters, usualSort());
}

/** From now on lists are in this order, on later visits, too. */
export function makeUsual(sort: Filters["sort"]): void {
  if (sort === NO_FILTERS.sort) forgetSort();
  else keepSort(sort);
}

function usualSort(): Filters["sort"] {
  return SORTS.find((known) => known === keptSort()) ?? NO_FILTERS.sort;
}

function read(search: string, usual: Filters["sort"]): Place {
  const query = new URLSearchParams(search);
  return { trash: query.get("view") === "trash", filters: readFilters(query, usual) };
}

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  return () => removeEventListener("popstate", listener);
}
