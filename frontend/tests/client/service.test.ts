/**
 * The client against the running service: pytest starts it and says where it is (`TASKLANE_URL`), whose tokens there
 * are (`TASKLANE_ALICE`, `TASKLANE_BOB`: users whom nobody else knows), and where lists are objects
 * (`TASKLANE_OBJECT_URL`).
 */

import { beforeEach, describe, expect, test } from "vitest";
import { createApi, pages, Problem, type Api, type Task } from "../../lib/api";

const {
  TASKLANE_URL: url = "",
  TASKLANE_OBJECT_URL: objectUrl = "",
  TASKLANE_ALICE: hers = "",
  TASKLANE_BOB: his = "",
} = process.env;

/** Sends requests, remembers the answers' status and headers, and loses the answers it is told to. */
function witness() {
  const seen: Response[] = [];
  const plan = { lose: 0 };
  const fetch: typeof globalThis.fetch = async (...request) => {
    const response = await globalThis.fetch(...request);
    seen.push(response);
    if (plan.lose-- > 0) throw new TypeError("the connection was lost");
    return response;
  };
  return { fetch, seen, plan };
}

describe.skipIf(!url)("against the service", () => {
  let { fetch, seen, plan } = witness();
  let alice: Api;
  let bob: Api;

  beforeEach(async () => {
    ({ fetch, seen, plan } = witness());
    [alice, bob] = [hers, his].map((token) => createApi({ baseUrl: url, token: () => token, fetch, pause: 1 })) as [
      Api,
      Api,
    ];
    const { items } = await alice.listTasks();
    if (items.length) await alice.batchTasks({ operations: items.map(({ id }) => ({ op: "delete", id })) });
    await alice.emptyTrash();
    seen.length = 0;
  });

  async function problem(promise: Promise<unknown>): Promise<Problem> {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Problem);
    return error as Problem;
  }

  test("the life of a task", async () => {
    const made = await alice.createTask({ title: "Water the plants", due_date: "2030-01-31", tags: ["home"] });
    expect(made).toMatchObject({ title: "Water the plants", completed: false, priority: "medium", tags: ["home"] });
    expect(await alice.getTask(made.id)).toEqual(made);
    expect(await alice.updateTask(made.id, { priority: "high" })).toMatchObject({
      priority: "high",
      due_date: "2030-01-31",
    });
    expect(await alice.replaceTask(made.id, { due_date: null })).toMatchObject({ priority: "high", due_date: null });
    expect(await alice.completeTask(made.id, true)).toMatchObject({ completed: true });
    expect(await alice.toggleTask(made.id)).toMatchObject({ completed: false });
    expect(await alice.getTaskStats()).toMatchObject({ total: 1, pending: 1, by_tag: { home: 1 } });
    await alice.deleteTask(made.id);
    expect((await alice.listTrash()).items.map(({ id }) => id)).toEqual([made.id]);
    expect(await alice.restoreTask(made.id)).toMatchObject({ id: made.id });
    await alice.deleteTask(made.id);
    await alice.emptyTrash();
    expect((await problem(alice.getTask(made.id))).status).toBe(404);
  });

  test("filters and orders", async () => {
    for (const [title, priority] of [
      ["b", "low"],
      ["a", "urgent"],
      ["c", "low"],
    ] as const)
      await alice.createTask({ title, priority, tags: ["x", title] });
    const titles = async (...query: Parameters<Api["listTasks"]>) =>
      (await alice.listTasks(...query)).items.map(({ title }) => title);
    expect(await titles({ sort: "title" })).toEqual(["a", "b", "c"]);
    expect(await titles({ priority: "low", sort: "-title" })).toEqual(["c", "b"]);
    expect(await titles({ tag: ["x", "a"] })).toEqual(["a"]);
    expect(await titles({ search: "B" })).toEqual(["b"]);
  });

  test("pages, one after another, to the last", async () => {
    await alice.batchTasks({
      operations: Array.from({ length: 7 }, (_, n) => ({ op: "create", task: { title: `${n}` } })),
    });
    const sizes: number[] = [];
    const titles: string[] = [];
    for await (const { items, total } of pages(alice.listTasks, { limit: 3, sort: "created" })) {
      sizes.push(items.length);
      titles.push(...items.map(({ title }) => title));
      expect(total).toBe(7);
    }
    expect(sizes).toEqual([3, 3, 1]);
    expect(titles).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
    const { items } = await alice.listTasks();
    await alice.batchTasks({ operations: items.map(({ id }) => ({ op: "delete", id })) });
    let trash = 0;
    for await (const page of pages(alice.listTrash, { limit: 4 })) trash += page.items.length;
    expect(trash).toBe(7);
  });

  test("an unchanged list costs a 304, a changed one comes anew", async () => {
    await alice.createTask({ title: "x" });
    const first = await alice.listTasks({ limit: 3 });
    expect(await alice.listTasks({ limit: 3 })).toBe(first);
    expect(seen.slice(-2).map(({ status }) => status)).toEqual([200, 304]);
    await alice.createTask({ title: "y" });
    expect((await alice.listTasks({ limit: 3 })).total).toBe(2);
    await alice.getTaskStats();
    await alice.getTaskStats();
    expect(seen.at(-1)?.status).toBe(304);
  });

  test("a creation whose answers are lost is made once", async () => {
    plan.lose = 2;
    const made = await alice.createTask({ title: "Once" });
    expect(seen.map(({ headers }) => headers.get("Idempotent-Replayed"))).toEqual([null, "true", "true"]);
    expect((await alice.listTasks()).items).toEqual([made]);
    plan.lose = 1;
    await alice.batchTasks({ operations: [{ op: "create", task: { title: "Twice" } }] });
    expect((await alice.listTasks()).total).toBe(2);
  });

  test("a deletion whose answer is lost is no error", async () => {
    const { id } = await alice.createTask({ title: "x" });
    plan.lose = 1;
    await alice.deleteTask(id);
    expect(seen.slice(-2).map(({ status }) => status)).toEqual([204, 404]);
  });

  test("If-Match keeps a change from being lost", async () => {
    const task = await alice.createTask({ title: "x" });
    const ifMatch = alice.etagOf(task);
    const changed = await alice.updateTask(task.id, { title: "y" }, { ifMatch });
    const late = await problem(alice.updateTask(task.id, { title: "z" }, { ifMatch }));
    expect([late.status, late.etag]).toEqual([412, alice.etagOf(changed)]);
    await alice.completeTask(task.id, true, { ifMatch: late.etag });
  });

  test("a problem names the field", async () => {
    const invalid = await problem(alice.createTask({ title: " ", priority: "soon" as "low" }));
    expect([invalid.status, invalid.is("invalid-input")]).toEqual([422, true]);
    expect(invalid.at("#/title")).toBe("must have at least 1 character");
    expect(invalid.at("#/priority")).toBeDefined();
    const batch = await problem(alice.batchTasks({ operations: [{ op: "delete", id: 999_999_999 }] }));
    expect([batch.is("batch-failed"), batch.results[0]?.status]).toEqual([true, 404]);
  });

  test("others see nothing", async () => {
    const { id } = await alice.createTask({ title: "Hers" });
    expect((await bob.listTasks()).items).toEqual([]);
    expect((await problem(bob.getTask(id))).status).toBe(404);
    expect((await problem(bob.deleteTask(id))).status).toBe(404);
  });

  test("what is exported can be imported", async () => {
    await alice.createTask({ title: "Kept", tags: ["home"] });
    expect(await alice.exportTasks("csv")).toContain("Kept");
    const marks = [await alice.exportTasks("csv"), await alice.exportTasks("csv", { bom: true })];
    expect(marks.map((text) => text.startsWith("\ufeff"))).toEqual([false, true]); // spreadsheets want one
    expect(await alice.exportTasks("ics")).toContain("BEGIN:VCALENDAR");
    const all = await alice.exportTasks();
    expect(await alice.importTasks(all)).toEqual({ imported: 1 });
    expect((await alice.listTasks()).items.map(({ title }: Task) => title)).toEqual(["Kept", "Kept"]);
  });

  test("a file of another program is shown, then imported", async () => {
    const file = new Blob(["(A) Walk +dog due:2026-12-24\nx 2026-11-01 Run\n"]);
    const { format, tasks, not_carried } = await alice.importTasks(file, {
      dry_run: true,
      time_zone: "Europe/Berlin",
    });
    expect([format, tasks.map(({ title }) => title), not_carried]).toEqual(["todo-txt", ["Walk", "Run"], {}]);
    expect((await alice.listTasks()).items).toEqual([]);
    const key = { idempotencyKey: "once" };
    expect(await alice.importTasks(file, key)).toMatchObject({ imported: 2 });
    expect(await alice.importTasks(file, key)).toMatchObject({ imported: 2 });
    expect((await alice.listTasks()).total).toBe(2);
    const damaged = await problem(alice.importTasks(new Blob(["[{"]), { format: "taskwarrior" }));
    expect(damaged.message).toContain("line 1");
  });

  test("both shapes of lists are the same to the client", async () => {
    const other = createApi({ baseUrl: objectUrl, token: () => hers });
    await alice.createTask({ title: "x" });
    expect(await other.listTasks()).toEqual(await alice.listTasks());
  });

  test("the account, and its end", async () => {
    expect(await bob.getAccount()).toMatchObject({ status: "active", tasks: 0 });
    await bob.createTask({ title: "x" });
    await bob.eraseAccount();
    expect(await bob.getAccount()).toMatchObject({ status: "erasing", tasks: 1 });
  });

  test("the service says that it is alive and ready", async () => {
    const anyone = createApi({ baseUrl: url, token: () => null });
    expect(await anyone.livez()).toEqual({ status: "ok" });
    expect(await anyone.readyz()).toMatchObject({ status: "ok", database: "ok" });
  });

  test("a token that nobody signed is a 401", async () => {
    const stranger = createApi({ baseUrl: url, token: () => `${hers}x` });
    expect((await problem(stranger.listTasks())).status).toBe(401);
  });
});
