/** What becomes of a request when the token, the connection or the service fails: against a server that misbehaves. */

import { getEventListeners } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createApi, Problem, Unreachable, type Settings } from "../../lib/api";
import { ScriptedServer, type Said, type Script } from "../scripted";

const TASK = { id: 1, title: "Water the plants" };
const AWAY: Said = {
  status: 503,
  headers: { "Retry-After": "0" },
  json: { type: "about:blank", status: 503, title: "Service Unavailable", detail: "Not now." },
};
const REFUSED: Said = {
  status: 401,
  json: { type: "about:blank", status: 401, title: "Unauthorized", detail: "A valid bearer token is needed." },
};
const UNKNOWN: Said = { ...AWAY, json: { ...(AWAY.json as object), type: "urn:tasklane:problem:outcome-unknown" } };

const servers: ScriptedServer[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

async function connect(script: Script | Said[], settings: Partial<Settings> = {}) {
  const server = await ScriptedServer.start(script);
  servers.push(server);
  return { server, api: createApi({ baseUrl: server.url, token: () => "first", pause: 1, ...settings }) };
}

async function failure<E extends Error>(promise: Promise<unknown>, kind: new (...parts: never[]) => E): Promise<E> {
  const error = await promise.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(kind);
  return error as E;
}

describe("tokens", () => {
  test("a refused token is replaced once, and the request sent again", async () => {
    const refused: (string | undefined)[] = [];
    const token = (old?: string) => (refused.push(old), old ? "second" : "first");
    const { server, api } = await connect([REFUSED, { json: TASK }], { token });
    expect(await api.getTask(1)).toEqual(TASK);
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(["Bearer first", "Bearer second"]);
    expect(refused).toEqual([undefined, "first"]);
  });

  test("a second refusal is the answer", async () => {
    const { server, api } = await connect([REFUSED], { token: (old) => (old ? "second" : "first") });
    expect((await failure(api.getTask(1), Problem)).status).toBe(401);
    expect(server.asked).toHaveLength(2);
  });

  test("the same token is not tried twice", async () => {
    const { server, api } = await connect([REFUSED]);
    await failure(api.getTask(1), Problem);
    expect(server.asked).toHaveLength(1);
  });

  test("who is signed out asks nothing", async () => {
    const { server, api } = await connect([{ json: TASK }], { token: () => null });
    expect((await failure(api.getTask(1), Problem)).status).toBe(401);
    expect(server.asked).toHaveLength(0);
  });

  test("a creation that was refused is sent again with its key", async () => {
    const { server, api } = await connect([REFUSED, { status: 201, json: TASK }], {
      token: (old) => (old ? "b" : "a"),
    });
    await api.createTask({ title: "x" });
    const keys = server.asked.map(({ headers }) => headers["idempotency-key"]);
    expect(keys[0]).toMatch(/^"[0-9a-f]{32}"$/);
    expect(keys[1]).toBe(keys[0]);
  });
});

describe("repetition", () => {
  test.each([
    ["lost", { drop: true }],
    ["503", AWAY],
    ["503 of unknown outcome", UNKNOWN],
    ["502 of a gateway", { status: 502, headers: { "Content-Type": "text/html" }, text: "<h1>Bad Gateway</h1>" }],
  ] satisfies [string, Said][])("a creation whose answer is %s is repeated with its key", async (_name, said) => {
    const { server, api } = await connect([said, said, { status: 201, json: TASK }]);
    expect(await api.createTask({ title: "x" })).toEqual(TASK);
    expect(new Set(server.asked.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(server.asked.map(({ body }) => body)).toEqual(Array(3).fill('{"title":"x"}'));
  });

  test("a key of the caller's own arrives as it is", async () => {
    const { server, api } = await connect([{ status: 201, json: TASK }]);
    await api.createTask({ title: "x" }, { idempotencyKey: String.raw`form "7" \ 1` });
    expect(server.asked[0]?.headers["idempotency-key"]).toBe(String.raw`"form \"7\" \\ 1"`);
  });

  test("each creation has a key of its own", async () => {
    const { server, api } = await connect([{ status: 201, json: TASK }]);
    await Promise.all([api.createTask({ title: "x" }), api.createTask({ title: "x" })]);
    expect(new Set(server.asked.map(({ headers }) => headers["idempotency-key"])).size).toBe(2);
  });

  test("a creation that is still running is waited for", async () => {
    const running = { ...AWAY, status: 409, json: { type: "urn:tasklane:problem:still-running", detail: "Soon." } };
    const { api } = await connect([{ drop: true }, running, { status: 201, json: TASK }]);
    expect(await api.createTask({ title: "x" })).toEqual(TASK);
  });

  test("it ends after so many", async () => {
    const { server, api } = await connect([AWAY], { retries: 2 });
    expect((await failure(api.listTasks(), Problem)).status).toBe(503);
    expect(server.asked).toHaveLength(3);
  });

  test("no answer at all is Unreachable", async () => {
    const { server, api } = await connect([{ drop: true }], { retries: 1 });
    await failure(api.updateTask(1, { title: "x" }), Unreachable);
    expect(server.asked).toHaveLength(2);
  });

  test.each([
    ["a toggle", (api: Api) => api.completeTask(1)],
    ["a restoration", (api: Api) => api.restoreTask(1)],
    ["a change with If-Match", (api: Api) => api.updateTask(1, { title: "x" }, { ifMatch: '"1"' })],
    ["a completion with If-Match", (api: Api) => api.completeTask(1, true, { ifMatch: '"1"' })],
  ])("%s is never repeated", async (_name, call) => {
    const { server, api } = await connect([{ drop: true }]);
    await failure(call(api), Unreachable);
    expect(server.asked).toHaveLength(1);
  });

  test.each([422, 429, 500])("a %i is not repeated", async (status) => {
    const { server, api } = await connect([{ status, headers: { "Retry-After": "0" }, json: { detail: "No." } }]);
    expect((await failure(api.createTask({ title: "x" }), Problem)).retryAfter).toBe(0);
    expect(server.asked).toHaveLength(1);
  });

  test("a deletion that is repeated and finds nothing has done its work", async () => {
    const gone: Said = { status: 404, json: { detail: "There is no such thing here." } };
    const { api } = await connect([{ drop: true }, gone]);
    await expect(api.deleteTask(1)).resolves.toBeUndefined();
    const { api: another } = await connect([gone]);
    expect((await failure(another.deleteTask(1), Problem)).status).toBe(404);
  });

  test("Retry-After is never cut short", async () => {
    const { api } = await connect([{ ...AWAY, headers: { "Retry-After": "1" } }, { json: TASK }]);
    const began = performance.now();
    await api.getTask(1);
    expect(performance.now() - began).toBeGreaterThanOrEqual(999);
  });

  test("who is asked to come back in an hour does not wait", async () => {
    const { server, api } = await connect([{ ...AWAY, headers: { "Retry-After": "3600" } }]);
    expect((await failure(api.listTasks(), Problem)).retryAfter).toBe(3600);
    expect(server.asked).toHaveLength(1);
  });
});

describe("the end of waiting", () => {
  test("a signal ends a request that is under way, with its own reason", async () => {
    const { server, api } = await connect([{ silent: true }]);
    const controller = new AbortController();
    const request = api.listTasks({}, { signal: controller.signal });
    await server.hasBeenAsked(1);
    const reason = new Error("the page was left");
    controller.abort(reason);
    await expect(request).rejects.toBe(reason);
    expect(server.asked).toHaveLength(1);
  });

  test("a signal ends the wait between two attempts", async () => {
    const { server, api } = await connect([AWAY], { pause: 60_000 });
    const controller = new AbortController();
    const request = api.listTasks({}, { signal: controller.signal });
    await server.hasBeenAsked(1);
    controller.abort();
    await expect(request).rejects.toHaveProperty("name", "AbortError");
  });

  test("a signal that was aborted before sends nothing", async () => {
    const { server, api } = await connect([{ json: [] }]);
    await expect(api.listTasks({}, { signal: AbortSignal.abort() })).rejects.toHaveProperty("name", "AbortError");
    expect(server.asked).toHaveLength(0);
  });

  test("a signal that lives on keeps nothing of the requests that had it", async () => {
    const { api } = await connect([{ json: [] }]);
    const { signal } = new AbortController();
    await api.listTasks({}, { signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("a browser without AbortSignal.any will do", async () => {
    vi.spyOn(AbortSignal, "any").mockImplementation(() => {
      throw new TypeError("AbortSignal.any is not a function");
    });
    const { api } = await connect([{ json: [] }, { silent: true }], { retries: 0 });
    const { signal } = new AbortController();
    expect((await api.listTasks({}, { signal })).items).toEqual([]);
    const error = await failure(api.getTask(1, { signal, timeout: 50 }), Unreachable);
    expect(error.message).toBe("The service did not answer in time.");
  });

  test("a silent service is given up after the time-out", async () => {
    const { api } = await connect([{ silent: true }], { timeout: 50, retries: 0 });
    const error = await failure(api.listTasks(), Unreachable);
    expect(error.message).toBe("The service did not answer in time.");
  });
});

describe("what is remembered", () => {
  const list = { json: [TASK], headers: { ETag: '"a"', "X-Total-Count": "1" } };

  test("an unchanged list costs a 304, and is the same object", async () => {
    const { server, api } = await connect(({ headers }) =>
      headers["if-none-match"] === '"a"' ? { status: 304 } : list,
    );
    const [first, second] = [await api.listTasks({ tag: ["home"] }), await api.listTasks({ tag: ["home"] })];
    expect(second).toBe(first);
    expect(server.asked.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, '"a"']);
  });

  test("another question is another matter", async () => {
    const { server, api } = await connect([list]);
    await api.listTasks({ tag: ["home"] });
    await api.listTasks({ tag: ["work"] });
    expect(server.asked[1]?.headers["if-none-match"]).toBeUndefined();
  });

  test("a changed list replaces the old one", async () => {
    const { server, api } = await connect((_asked, index) => ({
      json: Array(index).fill(TASK),
      headers: { ETag: `"${index}"` },
    }));
    await api.listTasks();
    expect((await api.listTasks()).items).toHaveLength(1);
    await api.listTasks();
    expect(server.asked[2]?.headers["if-none-match"]).toBe('"1"');
  });

  test("nothing after forget, be it asked before", async () => {
    const { server, api } = await connect([list]);
    await api.listTasks();
    const early = api.listTasks({ limit: 3 });
    await server.hasBeenAsked(2);
    api.forget();
    await early;
    await Promise.all([api.listTasks(), api.listTasks({ limit: 3 })]);
    expect(server.asked.map(({ headers }) => headers["if-none-match"])).toEqual(Array(4).fill(undefined));
  });

  test("after forget nothing is sent in another user's name", async () => {
    const { server, api } = await connect([{ drop: true }, { status: 201, json: TASK }]);
    const request = api.createTask({ title: "Hers" });
    const outcome = failure(request, Problem);
    await server.hasBeenAsked(1);
    api.forget();
    expect((await outcome).status).toBe(401);
    expect(server.asked).toHaveLength(1);
  });

  test("the oldest of very many goes", async () => {
    const { server, api } = await connect([list]);
    for (let offset = 0; offset <= 100; offset++) await api.listTasks({ offset });
    await api.listTasks({ offset: 1 });
    await api.listTasks({ offset: 0 });
    expect(server.asked.slice(-2).map(({ headers }) => headers["if-none-match"])).toEqual(['"a"', undefined]);
  });

  test("etagOf tells the validator of a task that was read or written", async () => {
    const { api } = await connect([{ json: TASK, headers: { ETag: '"1-1-1"' } }]);
    expect(api.etagOf(await api.getTask(1))).toBe('"1-1-1"');
    expect(api.etagOf(await api.updateTask(1, {}))).toBe('"1-1-1"');
    expect(api.etagOf({ ...TASK })).toBeUndefined();
  });

  test("the task's own comes first: a proxy may have weakened the header's", async () => {
    const task = { ...TASK, etag: '"1-1-1"' };
    const { api } = await connect([{ json: task, headers: { ETag: 'W/"1-1-1"' } }]);
    expect(api.etagOf(await api.getTask(1))).toBe('"1-1-1"');
    expect(api.etagOf({ ...task })).toBe('"1-1-1"');
    expect(api.etagOf({ ...task, etag: "" })).toBeUndefined();
  });
});

test("a condition that is not known is no condition: nothing is sent", async () => {
  const { server, api } = await connect([{ json: [TASK], headers: { ETag: '"a"' } }]);
  const { items } = await api.listTasks();
  const listed = items[0] ?? {};
  expect(api.etagOf(listed)).toBeUndefined();
  await failure(api.updateTask(1, { title: "x" }, { ifMatch: api.etagOf(listed) }), TypeError);
  await failure(api.completeTask(1, true, { ifMatch: undefined }), TypeError);
  await failure(api.deleteTask(1, { ifMatch: undefined }), TypeError);
  expect(server.asked).toHaveLength(1);
});

describe("problems", () => {
  test("say what is wrong with which part", async () => {
    const errors = [{ pointer: "#/title", detail: "must have at least 1 character" }];
    const document = {
      type: "urn:tasklane:problem:invalid-input",
      title: "Unprocessable Content",
      status: 422,
      detail: "title must have at least 1 character.",
      errors,
    };
    const { api } = await connect([{ status: 422, json: document, headers: { "X-Request-ID": "r-1" } }]);
    const problem = await failure(api.createTask({ title: "" }), Problem);
    expect({ ...problem }).toMatchObject({ ...document, requestId: "r-1" });
    expect(problem.message).toBe(document.detail);
    expect([problem.at("#/title"), problem.at("#/tags")]).toEqual(["must have at least 1 character", undefined]);
    expect([problem.is("invalid-input"), problem.is("key-reused")]).toEqual([true, false]);
  });

  test("a date in Retry-After is seconds from now", async () => {
    const when = new Date(Date.now() + 3_600_000).toUTCString();
    const { api } = await connect([{ status: 429, headers: { "Retry-After": when }, json: { detail: "No." } }]);
    expect((await failure(api.listTasks(), Problem)).retryAfter).toBeGreaterThan(3500);
  });

  test.each([
    ["a page of a gateway", { status: 500, headers: { "Content-Type": "text/html" }, text: "<h1>" }],
    ["a broken document", { status: 500, text: "{" }],
    ["nothing", { status: 500, headers: { "Content-Type": "text/plain" } }],
  ] satisfies [string, Said][])("%s is a problem as well", async (_name, said) => {
    const { api } = await connect([said]);
    expect(await failure(api.getTask(1), Problem)).toMatchObject({ status: 500, detail: "The service answered 500." });
  });

  test("an answer that is not of the service is none", async () => {
    const { api } = await connect(
      [{ headers: { "Content-Type": "text/html" }, text: "<h1>Sign in to this network</h1>" }],
      { retries: 0 },
    );
    expect((await failure(api.listTasks(), Unreachable)).message).toBe("The answer did not come from the service.");
  });
});

type Api = ReturnType<typeof createApi>;
