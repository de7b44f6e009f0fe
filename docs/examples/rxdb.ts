/**
 * Tasks in an RxDB collection (17.6), kept equal with the service both ways: see sync.md.
 *
 *     const database = await createRxDatabase({ name: "tasks", storage: getRxStorageDexie() });
 *     const { tasks } = await database.addCollections({ tasks: { schema, conflictHandler } });
 *     const replication = replicateTasks(tasks, api);
 *     await tasks.insert({ ...NOTHING, id: newId(), title: "Water the plants" });
 */

import type { RxCollection, RxConflictHandler, RxJsonSchema, RxReplicationWriteToMasterRow, WithDeleted } from "rxdb";
import { replicateRxCollection, type RxReplicationState } from "rxdb/plugins/replication";
import { Subject } from "rxjs";
import { changes, Problem, watch, type Api, type Changes, type Task } from "@tasklane/client";

/** What a person sets. What the service reckons (`updated_at`, …) would look like somebody else's change. */
export type TaskFields = Pick<Task, "title" | "description" | "completed" | "priority" | "due_date" | "tags">;
/**
 * `id` is the service's; that of a task which the service has not seen begins with `new-`. `etag` is that of the task as
 * it came from the service: edits leave it alone.
 */
export type TaskDoc = TaskFields & { id: string; etag?: string };
type Doc = WithDeleted<TaskDoc>;
/** An object, as RxDB merges checkpoints. */
type Checkpoint = { token: string };
type Row = RxReplicationWriteToMasterRow<TaskDoc>;

export const NOTHING: TaskFields = {
  title: "",
  description: null,
  completed: false,
  priority: "medium",
  due_date: null,
  tags: [],
};
const FIELDS = Object.keys(NOTHING) as (keyof TaskFields)[];

export const schema: RxJsonSchema<TaskDoc> = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 40 },
    title: { type: "string" },
    description: { type: ["string", "null"] },
    completed: { type: "boolean" },
    priority: { type: "string" },
    due_date: { type: ["string", "null"] },
    tags: { type: "array", items: { type: "string" } },
    etag: { type: "string" },
  },
  required: ["id", "title", "completed", "priority", "tags"],
};

export const newId = () => `new-${crypto.randomUUID()}`;
/** What no task has: a condition that never holds. */
const NONE = '"none"';
const isNew = ({ id }: Doc) => id.startsWith("new-");

/**
 * Field by field: what only one side has changed stays changed; where both have, the service's value does. A task that was
 * deleted elsewhere is deleted; one that was changed elsewhere is not deleted from here.
 */
export const conflictHandler: RxConflictHandler<TaskDoc> = {
  isEqual: (a, b) => same(a, b) && (a._deleted || a.etag === b.etag),
  resolve: async ({ assumedMasterState: base, realMasterState: theirs, newDocumentState: mine }) => {
    if (theirs._deleted || mine._deleted || !base) return theirs;
    const here = FIELDS.filter((name) => equal(base[name], theirs[name]));
    return { ...theirs, ...Object.fromEntries(here.map((name) => [name, mine[name]])) };
  },
};

export type Replication = RxReplicationState<TaskDoc, Checkpoint>;

export function replicateTasks(tasks: RxCollection<TaskDoc>, api: Api, retryTime = 5_000): Replication {
  const stream$ = new Subject<{ documents: Doc[]; checkpoint: Checkpoint }>();
  const made = new Map<string, Task>();
  /** By the ETag that a document still has, what a write from here has made of it. */
  const newer = new Map<string, string>();
  let at: string | undefined;

  /** All that there is, and which of the tasks here are no more: RxDB has no word for beginning anew. */
  async function everything() {
    const documents = new Map<string, Doc>();
    for (const { id } of await tasks.find().exec()) if (!isNew({ id } as Doc)) documents.set(id, gone(id));
    for await (const page of changes(api)) {
      for (const doc of docs(page)) documents.set(doc.id, doc);
      at = page.next;
    }
    return { documents: [...documents.values()], checkpoint: { token: at ?? "" } };
  }

  async function pull(checkpoint: Checkpoint | undefined, limit: number) {
    try {
      const page = await api.listChanges({ since: checkpoint?.token, limit });
      at = page.next;
      return { documents: docs(page), checkpoint: { token: page.next } };
    } catch (error) {
      if (isGone(error)) return everything();
      throw error; // RxDB asks again
    }
  }

  /** The states of those that somebody else has changed; what the service refuses is undone in the same way. */
  async function push(rows: Row[]): Promise<Doc[]> {
    const conflicts: Doc[] = [];
    for (const row of rows) {
      const conflict = await (isNew(row.newDocumentState) ? create(row) : change(row));
      if (conflict) conflicts.push(conflict);
    }
    return conflicts;
  }

  /** The task comes back under the id that the service gives it, so the one of here goes. */
  async function create({ newDocumentState: mine }: Row): Promise<Doc | null> {
    if (mine._deleted) return null;
    try {
      const before = made.get(mine.id);
      if (before) await api.updateTask(before.id, changed(fieldsOf(before), mine));
      else made.set(mine.id, await api.createTask(fieldsOf(mine), { idempotencyKey: mine.id }));
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
    return { ...mine, _deleted: true };
  }

  /** On the condition that the task is still what it was here: who comes in time reads nothing before. */
  async function change({ assumedMasterState: base = gone(""), newDocumentState: mine }: Row): Promise<Doc | null> {
    const id = Number(mine.id);
    for (let ifMatch = latest(base.etag ?? NONE); ;) {
      try {
        if (mine._deleted) await api.deleteTask(id, { ifMatch });
        else newer.set(ifMatch, (await api.updateTask(id, changed(base, mine), { ifMatch })).etag);
        return null;
      } catch (error) {
        if (!isRefused(error)) throw error; // RxDB sends it again, and finds that it is done, or not
        const task = await api.getTask(id).catch(nullIfRefused);
        const theirs = task ? doc(task) : gone(mine.id);
        if (!task || !isLate(error) || !same(base, theirs)) return same(theirs, mine) ? null : theirs;
        ifMatch = task.etag; // written to, and as it was
      }
    }
  }

  function latest(etag: string): string {
    for (let next = newer.get(etag); next; next = newer.get(etag)) etag = next;
    return etag;
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const page of watch(api, { since: at, signal }))
          stream$.next({ documents: docs(page), checkpoint: { token: page.next } });
      } catch (error) {
        if (!isGone(error)) return stream$.error(error);
        stream$.next(await everything());
      }
    }
  }

  const replication = replicateRxCollection<TaskDoc, Checkpoint>({
    collection: tasks,
    replicationIdentifier: "tasklane",
    retryTime,
    pull: { handler: pull, stream$, batchSize: 1000 },
    push: { handler: push, batchSize: 10 },
  });
  const end = new AbortController();
  replication.canceled$.subscribe((canceled) => canceled && end.abort());
  void replication.awaitInitialReplication().then(() => follow(end.signal));
  return replication;
}

const docs = (page: Changes): Doc[] =>
  page.changes.map((change) => ("title" in change ? doc(change) : gone(String(change.id))));

const doc = (task: Task): Doc => ({ ...fieldsOf(task), id: String(task.id), etag: task.etag, _deleted: false });

const gone = (id: string): Doc => ({ ...NOTHING, id, _deleted: true });

function fieldsOf(from: TaskFields): TaskFields {
  return Object.fromEntries(FIELDS.map((name) => [name, from[name] ?? NOTHING[name]])) as TaskFields;
}

function changed(before: TaskFields, after: TaskFields): Partial<TaskFields> {
  return Object.fromEntries(
    FIELDS.filter((name) => !equal(before[name], after[name])).map((name) => [name, after[name]]),
  );
}

function same(a: Doc, b: Doc): boolean {
  return a._deleted === b._deleted && (a._deleted || FIELDS.every((name) => equal(a[name], b[name])));
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

const isLate = (error: unknown) => error instanceof Problem && error.status === 412;

const isGone = (error: unknown) => error instanceof Problem && error.status === 410;

/** It would be refused again: changed or deleted meanwhile (412, 404), or not valid. */
const isRefused = (error: unknown) => error instanceof Problem && [400, 404, 409, 412, 413, 422].includes(error.status);

function nullIfRefused(error: unknown): null {
  if (isRefused(error)) return null;
  throw error;
}
