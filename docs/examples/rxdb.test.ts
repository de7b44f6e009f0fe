/** The RxDB example with the running service and a store in memory. */

import { createRxDatabase, type RxCollection, type RxDatabase } from "rxdb/plugins/core";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiOf, emptied, isThere, Line, listOf } from "./service";
import { conflictHandler, newId, NOTHING, replicateTasks, schema, type Replication, type TaskDoc } from "./rxdb";

describe.skipIf(!isThere)("RxDB", { timeout: 120_000 }, () => {
  const line = new Line();
  const [here, elsewhere] = [apiOf("rxdb", { fetch: line.fetch, retries: 0 }), apiOf("rxdb")];
  let database: RxDatabase<{ tasks: RxCollection<TaskDoc> }>;
  let tasks: RxCollection<TaskDoc>;
  let replication: Replication;

  beforeAll(async () => {
    await emptied(elsewhere);
    await elsewhere.createTask({ title: "there before" });
    database = await createRxDatabase({ name: "tasks", storage: getRxStorageMemory(), multiInstance: false });
    tasks = (await database.addCollections({ tasks: { schema, conflictHandler } })).tasks;
    replication = replicateTasks(tasks, here, 50);
    await replication.awaitInitialReplication();
  });

  afterAll(async () => {
    await database?.close();
  });

  const titled = (title: string) => tasks.findOne({ selector: { title } });

  /** The document with that title, as soon as the service has given it an id. */
  const arrival = (title: string) => arrivalOf({ title });

  function arrivalOf(selector: Partial<TaskDoc>): Promise<TaskDoc> {
    return new Promise((resolve) => {
      const seen = tasks.findOne({ selector }).$.subscribe((doc) => {
        if (!doc || doc.id.startsWith("new-")) return;
        queueMicrotask(() => seen.unsubscribe());
        resolve(doc.toMutableJSON());
      });
    });
  }

  function departure(id: string): Promise<void> {
    return new Promise((resolve) => {
      const seen = tasks.findOne(id).$.subscribe((doc) => {
        if (doc) return;
        queueMicrotask(() => seen.unsubscribe());
        resolve();
      });
    });
  }

  /** Resolves when both sides hold the same. */
  async function isEqual(): Promise<void> {
    await replication.awaitInSync();
    const there = content([...(await listOf(elsewhere)).values()]);
    await new Promise<void>((resolve) => {
      const seen = tasks.find().$.subscribe((docs) => {
        if (content(docs) !== there) return;
        queueMicrotask(() => seen.unsubscribe());
        resolve();
      });
    });
  }

  function content(tasks: { id: string | number; title: string; completed: boolean; priority: string }[]): string {
    const rows = tasks.map(({ id, title, completed, priority }) => [Number(id), title, completed, priority]);
    return JSON.stringify(rows.sort(([a], [b]) => Number(a) - Number(b)));
  }

  test("begins with what is there", async () => {
    expect(await titled("there before").exec()).not.toBeNull();
    await isEqual();
  });

  test("what changes elsewhere arrives", async () => {
    const { id } = await elsewhere.createTask({ title: "from elsewhere" });
    expect((await arrival("from elsewhere")).id).toBe(String(id));
    await elsewhere.updateTask(id, { title: "changed elsewhere" });
    await arrival("changed elsewhere");
    await elsewhere.deleteTask(id);
    await departure(String(id));
  });

  test("what is changed while it is being made is not lost", async () => {
    const made = await tasks.insert({ ...NOTHING, id: newId(), title: "at once" });
    await made.patch({ priority: "high" });
    const { id } = await arrival("at once");
    await isEqual();
    expect(await elsewhere.getTask(Number(id))).toMatchObject({ priority: "high" });
  });

  test("what is made, changed and deleted here goes out", async () => {
    await tasks.insert({ ...NOTHING, id: newId(), title: "made here", tags: ["x"] });
    const { id } = await arrival("made here");
    expect(await elsewhere.getTask(Number(id))).toMatchObject({ title: "made here", tags: ["x"] });
    await (await tasks.findOne(id).exec(true)).patch({ completed: true });
    await isEqual();
    expect(await elsewhere.getTask(Number(id))).toMatchObject({ completed: true });
    await (await tasks.findOne(id).exec(true)).remove();
    await isEqual();
    await expect(elsewhere.getTask(Number(id))).rejects.toMatchObject({ status: 404 });
  });

  test("a change is one request as long as nobody else has changed the task", async () => {
    const { id } = await elsewhere.createTask({ title: "asked for once" });
    await arrival("asked for once");
    line.askedOf(id);
    await (await tasks.findOne(String(id)).exec(true)).patch({ completed: true });
    await isEqual();
    await elsewhere.updateTask(id, { title: "asked for twice" });
    await arrival("asked for twice");
    await arrivalOf({ etag: (await elsewhere.updateTask(id, {})).etag });
    await (await tasks.findOne(String(id)).exec(true)).patch({ priority: "high" });
    await isEqual();
    await (await tasks.findOne(String(id)).exec(true)).remove();
    await isEqual();
    expect(line.askedOf(id)).toEqual(["PATCH", "PATCH", "DELETE"].map((method) => `${method} /api/tasks/${id}`));
  });

  test("a change of two sides keeps both where they are in different fields, and the service's in the same one", async () => {
    const { id } = await elsewhere.createTask({ title: "base", description: "base" });
    await arrival("base");
    const conflicts: string[] = [];
    const heard = replication.conflict$.subscribe(({ input }) => conflicts.push(input.realMasterState.id));
    line.cut();
    await (await tasks.findOne(String(id)).exec(true)).patch({ title: "of here", completed: true });
    await elsewhere.updateTask(id, { title: "of elsewhere", priority: "high" });
    line.mend();
    await arrival("of elsewhere");
    await isEqual();
    heard.unsubscribe();
    expect(conflicts).toContain(String(id));
    expect(await elsewhere.getTask(id)).toMatchObject({ title: "of elsewhere", completed: true, priority: "high" });
  });

  test("a deletion here leaves what was changed elsewhere, and a change here does not bring back what was deleted", async () => {
    const [kept, gone] = [await elsewhere.createTask({ title: "kept" }), await elsewhere.createTask({ title: "gone" })];
    await arrival("kept");
    await arrival("gone");
    line.cut();
    await (await tasks.findOne(String(kept.id)).exec(true)).remove();
    await (await tasks.findOne(String(gone.id)).exec(true)).patch({ title: "not gone" });
    await elsewhere.updateTask(kept.id, { title: "kept by a change" });
    await elsewhere.deleteTask(gone.id);
    line.mend();
    await arrival("kept by a change");
    await departure(String(gone.id));
    await isEqual();
  });

  test("what was done offline is sent once", async () => {
    line.cut();
    await tasks.insert({ ...NOTHING, id: newId(), title: "made offline" });
    const missed = await elsewhere.createTask({ title: "missed" });
    await (await titled("made offline").exec(true)).patch({ title: "made and changed offline" });
    line.mend();
    await arrival("made and changed offline");
    expect((await arrival("missed")).id).toBe(String(missed.id));
    await isEqual();
    const titles = [...(await listOf(elsewhere)).values()].map(({ title }) => title);
    expect(titles.filter((title) => title.includes("offline"))).toEqual(["made and changed offline"]);
  });

  test("what the service refuses is undone", async () => {
    await tasks.insert({ ...NOTHING, id: newId(), title: " " });
    await isEqual();
    expect(await titled(" ").exec()).toBeNull();
  });

  test("what cannot be told any more is begun anew", async () => {
    const { id } = await elsewhere.createTask({ title: "erased meanwhile" });
    await arrival("erased meanwhile");
    await replication.pause();
    line.cut();
    await elsewhere.deleteTask(id);
    await elsewhere.emptyTrash();
    await elsewhere.createTask({ title: "after the erasure" });
    line.mend();
    await replication.start();
    await arrival("after the erasure");
    await departure(String(id));
    await isEqual();
  });
});
