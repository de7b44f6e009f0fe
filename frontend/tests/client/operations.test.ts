/** One function per operation of the document, each with its operation's method, path, parameters and media type. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createApi, type Api } from "../../lib/api";
import { ScriptedServer } from "../scripted";

interface OperationObject {
  operationId: string;
  parameters?: { $ref: string }[];
  requestBody?: { content: Record<string, unknown> };
}

interface Document {
  paths: Record<string, Record<string, OperationObject>>;
  components: { parameters: Record<string, { name: string; in: string }> };
}

const document = JSON.parse(readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8")) as Document;

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
);

/** Each function with everything that it takes. */
const calls: Record<string, (api: Api) => Promise<unknown>> = {
  livez: (api) => api.livez(),
  readyz: (api) => api.readyz(),
  getAccount: (api) => api.getAccount(),
  eraseAccount: (api) => api.eraseAccount(),
  createToken: (api) => api.createToken({ name: "x", scopes: ["tasks:read"] }),
  listTokens: (api) => api.listTokens(),
  revokeToken: (api) => api.revokeToken(42),
  listTasks: (api) =>
    api.listTasks({
      completed: false,
      status: "pending",
      priority: "high",
      tag: ["home", "a & b"],
      parent_id: "none",
      due_before: "2027-01-01",
      due_after: "2026-12-01",
      time_zone: "Europe/Berlin",
      search: "milk?",
      accents: "ignore",
      sort: "due_date",
      sort_by: "title",
      order: "desc",
      sort_order: "asc",
      limit: 50,
      offset: 0,
      cursor: "abc",
    }),
  createTask: (api) => api.createTask({ title: "x" }),
  batchTasks: (api) => api.batchTasks({ operations: [{ op: "delete", id: 42 }] }),
  getTaskStats: (api) => api.getTaskStats({ time_zone: "Europe/Berlin" }),
  listChanges: (api) => api.listChanges({ since: "abc", limit: 50 }),
  watchTasks: async (api) => (await api.watchTasks({ since: "abc" }, { lastEventId: "abc" })).close(),
  listTrash: (api) => api.listTrash({ limit: 50, offset: 0, cursor: "abc" }),
  emptyTrash: (api) => api.emptyTrash(),
  renameTag: (api) => api.renameTag({ from: "errands", to: "shopping" }),
  exportTasks: (api) => api.exportTasks("csv", { bom: true, after: 0 }),
  importTasks: (api) =>
    api.importTasks({ tasks: [] }, { format: "json", dry_run: true, time_zone: "Europe/Berlin", lists: "tags" }),
  getTask: (api) => api.getTask(42),
  listOccurrences: (api) => api.listOccurrences(42, { limit: 3 }),
  updateTask: (api) => api.updateTask(42, { title: "x" }, { ifMatch: "*", descendants: false }),
  replaceTask: (api) => api.replaceTask(42, { title: "x" }, { ifMatch: "*", descendants: false }),
  moveTask: (api) => api.moveTask(42, { after: 41 }, { ifMatch: "*" }),
  deleteTask: (api) => api.deleteTask(42, { ifMatch: "*" }),
  toggleTask: (api) => api.toggleTask(42, true, { ifMatch: "*", descendants: false }),
  completeTask: (api) => api.completeTask(42, true, { ifMatch: "*", descendants: false }),
  restoreTask: (api) => api.restoreTask(42),
};

/** What the client says in another way: a body, or headers that it sets by itself. */
const NOT_GIVEN = ["X-Request-ID", "If-None-Match"];
const IN_THE_BODY = { toggleTask: ["completed"], completeTask: ["completed"] } as Record<string, string[]>;

test("the client has the document's operations and no other", () => {
  const functions = Object.keys(createApi({ token: () => null }));
  const extras = ["etagOf", "forget"];
  expect(functions.filter((name) => !extras.includes(name)).sort()).toEqual(
    operations.map((one) => one.operationId).sort(),
  );
});

test.each(operations)(
  "$operationId is $method $path",
  async ({ operationId, method, path, parameters = [], requestBody }) => {
    const said = operationId === "watchTasks" ? { stream: ":\n\n" } : { json: { tasks: [] } };
    await using server = await ScriptedServer.start([said]);
    await calls[operationId]?.(createApi({ baseUrl: server.url, token: () => "t" }));
    const [asked] = server.asked;
    const url = new URL(asked?.path ?? "", server.url);
    expect([asked?.method, url.pathname]).toEqual([method, path.replace(/\{\w+_id\}/, "42")]);

    const named = parameters.map(({ $ref }) => document.components.parameters[$ref.split("/").at(-1) ?? ""]);
    const wanted = named.filter(
      (one) => one && !NOT_GIVEN.includes(one.name) && !IN_THE_BODY[operationId]?.includes(one.name),
    );
    for (const one of wanted) {
      if (one?.in === "query") expect([...url.searchParams.keys()]).toContain(one.name);
      if (one?.in === "header") expect(Object.keys(asked?.headers ?? {})).toContain(one.name.toLowerCase());
    }
    const known = named.filter((one) => one?.in === "query").map((one) => one?.name);
    for (const name of url.searchParams.keys()) expect(known).toContain(name);

    const type = asked?.headers["content-type"];
    if (requestBody) expect(Object.keys(requestBody.content)).toContain(type);
    else expect(type).toBeUndefined();
  },
);

test("values of a query arrive as they were given", async () => {
  await using server = await ScriptedServer.start([{ json: [] }]);
  await calls["listTasks"]?.(createApi({ baseUrl: server.url, token: () => "t" }));
  const { searchParams } = new URL(server.asked[0]?.path ?? "", server.url);
  expect([searchParams.getAll("tag"), searchParams.get("search")]).toEqual([["home", "a & b"], "milk?"]);
});

test("what is undefined is not sent", async () => {
  await using server = await ScriptedServer.start([{ json: [] }]);
  await createApi({ baseUrl: server.url, token: () => "t" }).listTasks({ search: undefined, tag: [] });
  expect(server.asked[0]?.path).toBe("/api/tasks");
});
