/** What the service has, with what is on its way to it on top. */

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useStore } from "../sync/useStore";
import { projectList, projectTrash } from "../sync/writes";
import { useNow } from "../ui/useNow";
import { useWorkspace } from "../workspace/workspace";
import { inMyZone } from "./due";
import { type Filters, isDue, matches, queryOf } from "./filters";
import type { DeletedTask, Stats, Task } from "./types";

const PAGE = 50;
const MINUTE = 60_000;

/** What a list shows, and how to get more of it. */
export interface Listing<T> {
  readonly rows: readonly T[] | undefined;
  readonly error: Error | null;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  /** Shows what was asked before, until the answer comes. */
  readonly isOld: boolean;
  readonly loadMore: () => void;
  readonly retry: () => void;
}

export function useTaskList(filters: Filters): Listing<Task> {
  const { api, connection, outbox } = useWorkspace();
  const entries = useStore(outbox.entries);
  const now = useNow(MINUTE);
  const query = queryOf(filters, new Date(now));
  const found = useInfiniteQuery({
    queryKey: ["tasks", query],
    queryFn: ({ pageParam, signal }) =>
      connection.watch("tasks", api.listTasks({ ...query, limit: PAGE, cursor: pageParam ?? undefined }, { signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => {
    if (!found.data) return undefined;
    const moment = new Date(now);
    const tasks = unique(found.data.pages.flatMap(({ items }) => items));
    const writes = entries.map(({ write }) => write);
    const list = projectList(tasks, writes, (task) => matches(task, filters, moment));
    return list.filter((task) => isDue(task, filters.due, moment));
  }, [found.data, entries, filters, now]);
  return listing(found, rows);
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

export function useStats(): Stats | undefined {
  const { api, connection } = useWorkspace();
  return useQuery({
    queryKey: ["stats"],
    queryFn: ({ signal }) => connection.watch("stats", api.getTaskStats(inMyZone(), { signal })),
  }).data;
}

interface Found {
  error: Error | null;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isPlaceholderData: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

function listing<T>(found: Found, rows: readonly T[] | undefined): Listing<T> {
  return {
    rows,
    error: found.error,
    hasMore: found.hasNextPage,
    isLoadingMore: found.isFetchingNextPage,
    isOld: found.isPlaceholderData,
    loadMore: () => void found.fetchNextPage(),
    retry: () => void found.refetch(),
  };
}

/** A task that moved while the pages were fetched may be on two of them. */
function unique<T extends { id: number }>(tasks: readonly T[]): T[] {
  return [...new Map(tasks.map((task) => [task.id, task])).values()];
}
