/** The TanStack DB example with the running service. */

import { createCollection, createLiveQueryCollection, eq, type Collection } from "@tanstack/db";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Task } from "@tasklane/client";
import { apiOf, emptied, isThere, Line, listOf } from "./service";
import { Conflict, draft, taskCollection } from "./tanstack-db";

describe.skipIf(!isThere)("TanStack DB", { timeout: 120_000 }, () => {
  const line = new Line();
  const [here, elsewhere] = [apiOf("tanstack", { fetch: line.fetch, retries: 0 }), apiOf("tanstack")];
  let tasks: Collection<Task, number>;

  beforeAll(async () => {
    await emptied(elsewhere);
    await elsewhere.createTask({ title: "there before" });
    tasks = createCollection(taskCollection(here, 50));
    await tasks.preload();
  });

  afterAll(() => tasks?.cleanup());

  function until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        queueMicrotask(() => seen.unsubscribe());
        resolve();
      };
      const seen = tasks.subscribeChanges(look, { includeInitialState: false });
      look();
    });
  }

  const titled = (title: string) => tasks.toArray.find((task) => task.title === title);
  const settled = (transaction: { when: (state: "settled") => Promise<unknown> }) => transaction.when("settled");

  async function isEqual(): Promise<void> {
    const there = await listOf(elsewhere);
    const ids = JSON.stringify([...there.keys()].sort());
    await until(() => JSON.stringify([...tasks.keys()].sort()) === ids);
    for (const [id, task] of there) expect(tasks.get(id)).toMatchObject(task);
  }

  test("begins with what is there", async () => {
    expect(titled("there before")).toBeDefined();
    await isEqual();
  });

  test("what changes elsewhere arrives, in queries as well", async () => {
    const urgent = createLiveQueryCollection((query) =>
      query.from({ task: tasks }).where(({ task }) => eq(task.priority, "urgent")),
    );
    await urgent.preload();
    const { id } = await elsewhere.createTask({ title: "from elsewhere" });
    await until(() => tasks.has(id));
    expect(urgent.size).toBe(0);
    await elsewhere.updateTask(id, { priority: "urgent" });
    await until(() => tasks.get(id)?.priority === "urgent");
    expect(urgent.toArray).toMatchObject([{ title: "from elsewhere" }]);
    await elsewhere.deleteTask(id);
    await until(() => !tasks.has(id));
    await urgent.cleanup();
  });

  test("what is made, changed and deleted here goes out, and shows at once", async () => {
    const inserted = tasks.insert(draft({ title: "made here", tags: ["x"] }));
    expect(titled("made here")?.id).toBeLessThan(0);
    await settled(inserted);
    const { id } = titled("made here") as Task;
    expect(await elsewhere.getTask(id)).toMatchObject({ title: "made here", tags: ["x"] });
    await settled(tasks.update(id, (task) => void (task.completed = true)));
    expect(await elsewhere.getTask(id)).toMatchObject({ completed: true });
    await isEqual();
    await settled(tasks.delete(id));
    await expect(elsewhere.getTask(id)).rejects.toMatchObject({ status: 404 });
    await isEqual();
  });

  test("a change is one request as long as nobody else has changed the task", async () => {
    const { id } = await elsewhere.createTask({ title: "asked for once" });
    await until(() => tasks.has(id));
    line.askedOf(id);
    const changes = [
      tasks.update(id, (task) => void (task.completed = true)),
      tasks.update(id, (task) => void (task.completed = false)),
      tasks.delete(id),
    ];
    await Promise.all(changes.map(settled));
    expect(line.askedOf(id)).toEqual(["PATCH", "PATCH", "DELETE"].map((method) => `${method} /api/tasks/${id}`));
    await isEqual();
  });

  test("changes of different fields are both kept", async () => {
    const { id } = await elsewhere.createTask({ title: "base" });
    await until(() => tasks.has(id));
    line.cut();
    const updated = tasks.update(id, (task) => void (task.completed = true));
    await elsewhere.updateTask(id, { title: "of elsewhere" });
    line.mend();
    await settled(updated);
    expect(await elsewhere.getTask(id)).toMatchObject({ title: "of elsewhere", completed: true });
    await isEqual();
  });

  test("a change of the same field, and the deletion of what was changed, fail and are undone", async () => {
    const [changed, deleted] = [await elsewhere.createTask({ title: "a" }), await elsewhere.createTask({ title: "b" })];
    await until(() => tasks.has(changed.id) && tasks.has(deleted.id));
    line.cut();
    const outcomes = Promise.allSettled([
      settled(tasks.update(changed.id, (task) => void (task.title = "of here"))),
      settled(tasks.delete(deleted.id)),
    ]);
    await elsewhere.updateTask(changed.id, { title: "of elsewhere" });
    await elsewhere.updateTask(deleted.id, { title: "kept by a change" });
    line.mend();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(Conflict) as unknown });
    await until(() => tasks.get(changed.id)?.title === "of elsewhere" && tasks.has(deleted.id));
    await isEqual();
  });

  test("a change of what was deleted elsewhere fails", async () => {
    const { id } = await elsewhere.createTask({ title: "c" });
    await until(() => tasks.has(id));
    line.cut();
    const updated = settled(tasks.update(id, (task) => void (task.title = "of here")));
    await elsewhere.deleteTask(id);
    line.mend();
    await expect(updated).rejects.toMatchObject({ status: 404 });
    await isEqual();
  });

  test("what is done offline waits, in its order, and is sent once", async () => {
    line.cut();
    const inserted = tasks.insert(draft({ title: "made offline" }));
    const { id } = titled("made offline") as Task;
    const updated = tasks.update(id, (task) => void (task.title = "made and changed offline"));
    const missed = await elsewhere.createTask({ title: "missed" });
    line.mend();
    await settled(inserted);
    await settled(updated);
    await until(() => tasks.has(missed.id));
    await isEqual();
    const titles = tasks.toArray.map(({ title }) => title);
    expect(titles.filter((title) => title.includes("offline"))).toEqual(["made and changed offline"]);
  });

  test("what the service refuses is undone", async () => {
    await expect(settled(tasks.insert(draft({ title: " " })))).rejects.toMatchObject({ status: 422 });
    await isEqual();
  });

  test("what cannot be told any more is begun anew", async () => {
    const { id } = await elsewhere.createTask({ title: "erased meanwhile" });
    await until(() => tasks.has(id));
    line.cut();
    await elsewhere.deleteTask(id);
    await elsewhere.emptyTrash();
    line.mend();
    await until(() => !tasks.has(id));
    await isEqual();
  });
});
