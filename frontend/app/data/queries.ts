/** What is shown of what is here; of the trash, what the service has, with what is on its way to it on top. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useStore } from "../sync/useStore";
import { projectTrash } from "../sync/writes";
import { MINUTE, useNow } from "../ui/useNow";
import { useWorkspace } from "../workspace/workspace";
import { arrange } from "./list/arrange";
import { type Filters, writeFilters } from "./list/filters";
import { folds } from "./list/folds";
import { count, type Counts } from "./list/select";
import { type Row, type Tree, treeOf } from "./list/tree";
import type { DeletedTask, Task } from "./types";

const PAGE = 50;
const NOTHING: readonly Task[] = [];

/** What a list shows, and how to get more of it. */
export interface Listing<T> {
  readonly rows: readonly T[] | undefined;
  readonly error: Error | null;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly loadMore: () => void;
  readonly retry: () => void;
}

export interface TaskListing extends Listing<Row> {
  /** What is found, in the order of the rows, whether it is shown yet or not. */
  readonly found: readonly Task[] | undefined;
  /** Of all tasks. */
  readonly tree: Tree;
  /** Up to how many of it are shown. */
  readonly most: number;
}

export function useTaskList(filters: Filters): TaskListing {
  const { list, tasks } = useWorkspace();
  const all = useStore(tasks);
  const error = useStore(list.error);
  const now = useNow(MINUTE);
  const [shown, setShown] = useState({ of: "", rows: PAGE });
  const question = writeFilters(filters).toString();
  const most = shown.of === question ? shown.rows : PAGE; // another question begins at its top
  const folded = useStore(folds);
  const arranged = useMemo(
    () => (all ? arrange(all, filters, new Date(now), folded) : undefined),
    [all, filters, now, folded],
  );
  const rows = useMemo(() => arranged?.slice(0, most), [arranged, most]);
  const found = useMemo(() => arranged?.map(({ task }) => task), [arranged]);
  return {
    rows,
    found,
    tree: treeOf(all ?? NOTHING),
    most,
    error,
    hasMore: arranged !== undefined && arranged.length > most,
    isLoadingMore: false,
    loadMore: () => setShown({ of: question, rows: most + PAGE }),
    retry: () => void list.refresh().catch(() => {}), // what it says then stands there already
  };
}

export function useTrash(): Listing<DeletedTask> {
  const { api, connection, outbox } = useWorkspace();
  const entries = useStore(outbox.entries);
  const found = useInfiniteQuery({
    queryKey: ["trash"],
    queryFn: ({ pageParam, signal }) =>
      connection.watch("trash", api.listTrash({ limit: PAGE, cursor: pageParam ?? undefined }, { signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  const rows = useMemo(() => {
    const trash = found.data && unique(found.data.pages.flatMap(({ items }) => items));
    return (
      trash &&
      projectTrash(
        trash,
        entries.map(({ write }) => write),
      )
    );
  }, [found.data, entries]);
  return listing(found, rows);
}

/** How long a deleted task can be restored; 0 while that is not known. */
export function useTrashDays(): number {
  const { api } = useWorkspace();
  const [days, setDays] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    const asked = api.getAccount({ signal: leaving.signal });
    asked.then((account) => setDays(account.trash_retention_days)).catch(() => {}); // then it is not said
    return () => leaving.abort();
  }, [api]);
  return days;
}

export function useStats(): Counts | undefined {
  const all = useStore(useWorkspace().tasks);
  const now = useNow(MINUTE);
  return useMemo(() => (all ? count(all, new Date(now)) : undefined), [all, now]);
}

interface Found {
  error: Error | null;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

function listing<T>(found: Found, rows: readonly T[] | undefined): Listing<T> {
  return {
    rows,
    error: found.error,
    hasMore: found.hasNextPage,
    isLoadingMore: found.isFetchingNextPage,
    loadMore: () => void found.fetchNextPage(),
    retry: () => void found.refetch(),
  };
}

/** A task that moved while the pages were fetched may be on two of them. */
function unique<T extends { id: number }>(tasks: readonly T[]): T[] {
  return [...new Map(tasks.map((task) => [task.id, task])).values()];
}
