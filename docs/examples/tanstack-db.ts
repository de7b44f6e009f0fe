/**
 * Tasks as a TanStack DB collection (0.15), kept true by `watch`: see sync.md.
 *
 *     const tasks = createCollection(taskCollection(api));
 *     await tasks.insert(draft({ title: "Water the plants" })).when("settled");
 *
 * What is done shows at once, is sent in its order, and waits while the service is away; it is held in memory only. A
 * change of a field that somebody else has changed meanwhile is undone, and its transaction fails with a `Conflict`.
 */

import type { CollectionConfig, PendingMutation } from "@tanstack/db";
import { Problem, Unreachable, watch, type Api, type Task, type Watch } from "@tasklane/client";

type Mutation = PendingMutation<Task>;

/** Somebody else was quicker; the list shows what they have made of it. */
export class Conflict extends Error {
  override readonly name = "Conflict";
}

let drafts = 0;

/** What a person sets. */
const FIELDS = ["title", "description", "completed", "priority", "due_date", "tags", "reminders", "parent_id"] as const;

/** A task that the service has not seen: its id is below zero, and another one comes with the answer. */
export function draft(task: Partial<Task> & Pick<Task, "title">): Task {
  const now = new Date().toISOString();
  const nothing = { description: null, completed_at: null, due_date: null, tags: [], reminders: [], parent_id: null };
  const once = { recurrence: null, series_id: null, next_id: null };
  const first = { position: "", created_at: now, updated_at: now };
  return {
    completed: false,
    priority: "medium",
    ...nothing,
    ...once,
    ...first,
    ...task,
    id: --drafts,
    user_id: "",
    etag: `"draft${drafts}"`,
  };
}

export function taskCollection(api: Api, retryTime = 5_000): CollectionConfig<Task, number> {
  let pages: Watch | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const made = new Map<number, number>();
  /** By the ETag of a task that is shown, what a write from here has made of it. */
  const newer = new Map<string, string>();

  const sync: CollectionConfig<Task, number>["sync"]["sync"] = ({
    begin,
    write,
    commit,
    truncate,
    markReady,
    markError,
  }) => {
    const end = new AbortController();
    const held = new Set<number>();
    let [between, anew] = [false, false];

    async function follow(list: Watch) {
      for await (const { changes, more } of list) {
        if (!between) begin();
        if (anew) {
          truncate({ markReady: false });
          held.clear();
        }
        [between, anew] = [more, false];
        for (const change of changes) {
          if (!("title" in change)) held.delete(change.id) && write({ type: "delete", key: change.id });
          else write({ type: held.has(change.id) ? "update" : "insert", value: change });
          if ("title" in change) held.add(change.id);
        }
        if (more) continue;
        commit();
        markReady();
      }
    }

    pages = watch(api, { signal: end.signal, onReset: () => (anew = true) });
    follow(pages).catch((error: unknown) => end.signal.aborted || markError(error));
    return () => end.abort();
  };

  /** One transaction after the other, each until its effect is in the list. */
  const inTurn =
    (send: (mutation: Mutation) => Promise<void>) =>
    ({ transaction }: { transaction: { mutations: Mutation[] } }): Promise<void> => {
      const turn = queue.then(async () => {
        for (const mutation of transaction.mutations) await persist(() => send(mutation));
        await pages?.ask().catch(() => {}); // sent it is, and it comes as soon as anything does
      });
      queue = turn.catch(() => {});
      return turn;
    };

  async function persist(send: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        const isAway = error instanceof Unreachable || (error instanceof Problem && error.status >= 500);
        if (!isAway) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryTime));
      }
    }
  }

  async function insert({ modified, mutationId }: Mutation): Promise<void> {
    const { id, user_id: _, completed_at, created_at, updated_at, etag, ...task } = modified;
    const answer = await api.createTask(task, { idempotencyKey: mutationId });
    made.set(id, answer.id);
    newer.set(etag, answer.etag);
  }

  const update = (mutation: Mutation) =>
    onCondition(mutation, Object.keys(mutation.changes) as (keyof Task)[], async (id, ifMatch) => {
      newer.set(ifMatch, (await api.updateTask(id, mutation.changes, { ifMatch })).etag);
    });

  const remove = (mutation: Mutation) =>
    onCondition(mutation, FIELDS, (id, ifMatch) => api.deleteTask(id, { ifMatch })).catch((error: unknown) => {
      if (!(error instanceof Problem && error.status === 404)) throw error; // it is deleted already
    });

  /** As the task was seen; if it is another one by now, then as it is, unless somebody else has changed one of `names`. */
  async function onCondition(
    { original, modified }: Mutation,
    names: readonly (keyof Task)[],
    send: (id: number, ifMatch: string) => Promise<void>,
  ): Promise<void> {
    const [id, seen] = [made.get(modified.id) ?? modified.id, original as Task];
    for (let ifMatch = latest(seen.etag); ;) {
      try {
        return await send(id, ifMatch);
      } catch (error) {
        if (!(error instanceof Problem && error.status === 412)) throw error;
        const now = await api.getTask(id);
        for (const name of names)
          if (!equal(now[name], seen[name]) && !equal(now[name], modified[name]))
            throw new Conflict(`${name} was changed elsewhere.`);
        ifMatch = now.etag;
      }
    }
  }

  function latest(etag: string): string {
    for (let next = newer.get(etag); next; next = newer.get(etag)) etag = next;
    return etag;
  }

  return {
    getKey: ({ id }) => id,
    sync: { sync, rowUpdateMode: "full" },
    onInsert: inTurn(insert),
    onUpdate: inTurn(update),
    onDelete: inTurn(remove),
  };
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
