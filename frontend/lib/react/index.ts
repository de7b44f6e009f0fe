"use client";
/**
 * A user's tasks in React, over TanStack Query: they change as others change them, and before the service has answered.
 *
 *     const { tasks, addTask, completeTask } = useTasks(api);
 *
 * All components of a page share one list and one stream, which end with the last of them; what they write is sent in
 * order, one after another.
 */

import {
  hashKey,
  useMutation,
  useMutationState,
  useQuery,
  useQueryClient,
  type QueryClient,
  type QueryKey,
} from "@tanstack/react-query";
import { useMemo } from "react";
import type { Api, MoveTask, NewTask, Task, TaskChanges } from "../api.js";
import { follower, isResting, shownBy, type Followed } from "./follower.js";
import { idsOf, ownId, send, withWrites, type Write } from "./writes.js";

export interface TasksOptions {
  /** Whose tasks they are. Say it where one page sees several users: nobody is shown the list of the one before. */
  user?: string | undefined;
}

export interface Tasks {
  /** The whole list, the newest first, with what is on its way to the service; undefined while nothing is known. */
  readonly tasks: readonly Task[] | undefined;
  /** The ids of the tasks that something is on its way for. A new task has a negative id until it is saved. */
  readonly pending: ReadonlySet<number>;
  /** `live`, `asking` (no stream comes through: true within seconds) or `away`; `loading` until it is known which. */
  readonly state: Followed["state"];
  /** What keeps the list from being followed: a `Problem` with status 401 when nobody is signed in. */
  readonly error: Error | null;
  /** Ask now, say after the next sign-in; raises what keeps it from being asked. */
  readonly refresh: () => Promise<void>;
  /** Each write is shown at once; when it is refused it is taken back, and the `Problem` is raised here. */
  readonly addTask: (task: NewTask) => Promise<Task>;
  readonly updateTask: (id: number, changes: TaskChanges) => Promise<Task>;
  readonly completeTask: (id: number, completed: boolean) => Promise<Task>;
  /** Behind another task or to the top, beneath a parent or to the top level: the order by hand is that of `position`. */
  readonly moveTask: (id: number, to: MoveTask) => Promise<Task>;
  readonly deleteTask: (id: number) => Promise<void>;
}

/** Needs a `QueryClientProvider` above it, and an `api` that is made once. When a user signs out: `queryClient.clear()`. */
export function useTasks(api: Api, { user }: TasksOptions = {}): Tasks {
  const client = useQueryClient();
  const key = useMemo(() => keyOf(api, user), [api, user]);
  const { data, error, refetch } = useList(client, key, api);
  const write = useWrite(client, key, api);
  const writes = useMutationState({
    filters: { mutationKey: key, status: "pending" },
    select: ({ state }) => state.variables as Write,
  });
  const known = data?.tasks;
  const tasks = useMemo(() => known && withWrites(known, writes), [known, writes]);
  const pending = useMemo(() => idsOf(writes), [writes]);
  const calls = useMemo(
    () => ({
      refresh: async () => void (await refetch({ throwOnError: true })),
      addTask: (task: NewTask) =>
        write({ kind: "add", id: ownId(), task, after: newest(client, key) }) as Promise<Task>,
      updateTask: (id: number, changes: TaskChanges) => write({ kind: "update", id, changes }) as Promise<Task>,
      completeTask: (id: number, completed: boolean) => write({ kind: "complete", id, completed }) as Promise<Task>,
      moveTask: (id: number, to: MoveTask) => write({ kind: "move", id, to }) as Promise<Task>,
      deleteTask: (id: number) => write({ kind: "delete", id }) as Promise<void>,
    }),
    [client, key, refetch, write],
  );
  return { tasks, pending, state: data?.state ?? "loading", error: error ?? data?.error ?? null, ...calls };
}

/** The query asks; what comes by itself, the follower puts there. */
function useList(client: QueryClient, queryKey: QueryKey, api: Api) {
  const found = () => client.getQueryCache().find<Followed>({ queryKey });
  return useQuery<Followed>({
    queryKey,
    queryFn: ({ signal }) => follower(client, found()!, api).ask(signal),
    staleTime: (query) => (isResting(query) ? 0 : Infinity),
    // Between an answer and its arrival here the list may have gone on.
    structuralSharing: (_before, given) => shownBy(found()) ?? given,
    networkMode: "always", // it is asked, and not the browser, whether anybody answers
    retry: false, // the mirror tries again by itself
  });
}

/** It is under way until the list has it: nothing that was written is gone for a moment. */
function useWrite(client: QueryClient, queryKey: QueryKey, api: Api) {
  const { mutateAsync } = useMutation<Task | void, Error, Write>({
    mutationKey: [...queryKey, "write"],
    scope: { id: hashKey(queryKey) },
    mutationFn: async (write) => {
      const answer = await send(api, write);
      await client.refetchQueries({ queryKey, exact: true, type: "active" });
      return answer;
    },
  });
  return mutateAsync;
}

function newest(client: QueryClient, queryKey: QueryKey): number {
  return client.getQueryData<Followed>(queryKey)?.tasks[0]?.id ?? 0;
}

const numbers = new WeakMap<Api, number>();
let last = 0;

/** Another `api` is another list. */
function keyOf(api: Api, user: string | undefined): QueryKey {
  let number = numbers.get(api);
  if (number === undefined) numbers.set(api, (number = ++last));
  return ["tasklane", number, user ?? null];
}
