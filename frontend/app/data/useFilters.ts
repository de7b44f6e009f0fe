import { useCallback, useMemo, useSyncExternalStore } from "react";
import { type Filters, readFilters, writeFilters } from "./filters";

/** The list or the trash, and the list's filters: the page's address is their only home. */
export interface Place {
  readonly trash: boolean;
  readonly filters: Filters;
}

export function usePlace(): [Place, (next: Partial<Filters> & { trash?: boolean }) => void] {
  const query = useSyncExternalStore(subscribe, () => location.search);
  const place = useMemo(() => read(query), [query]);
  const go = useCallback((next: Partial<Filters> & { trash?: boolean }) => {
    const { trash = false, ...filters } = next;
    const before = read(location.search);
    const after = trash ? new URLSearchParams({ view: "trash" }) : writeFilters({ ...before.filters, ...filters });
    const address = after.size ? `?${after}` : location.pathname;
    // Typing a search must not fill the history with its letters.
    const isTyping = Object.keys(next).join() === "search" && !before.trash;
    if (isTyping) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    dispatchEvent(new PopStateEvent("popstate"));
  }, []);
  return [place, go];
}

function read(search: string): Place {
  const query = new URLSearchParams(search);
  return { trash: query.get("view") === "trash", filters: readFilters(query) };
}

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  return () => removeEventListener("popstate", listener);
}
