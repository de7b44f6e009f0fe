/** `mirror` before a server that says what the test wants: whole states only, and a store that is never ahead of them. */

import { afterEach, describe, expect, test } from "vitest";
import { createApi, type Changes, type Settings, type Task } from "../../lib/api";
import { mirror, type Mirror, type MirrorOptions, type MirrorStore } from "../../lib/mirror";
import { ScriptedServer, type Asked, type Said, type Script } from "../scripted";
import { comes } from "../waiting";

const GONE: Said = { status: 410, json: { type: "urn:tasklane:problem:resynchronise", status: 410, detail: "Anew." } };
const DELETED = "2026-11-28T10:00:00.000Z";
const BEGINNING = "retry: 1\n:\n\n";

const servers: ScriptedServer[] = [];
const mirrors: Mirror[] = [];

afterEach(async () => {
  for (const one of mirrors.splice(0)) one.close();
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

const task = (id: number, title = `task ${id}`) => ({ id, title }) as Task;
const gone = (id: number) => ({ id, deleted_at: DELETED });
const page = (next: string, changes: Changes["changes"], more = false): Changes => ({ changes, next, more });
const event = (document: Changes) => `event: changes\ndata: ${JSON.stringify(document)}\nid: ${document.next}\n\n`;
const isStream = ({ path }: Asked) => path.startsWith("/api/tasks/events");
const sinceOf = ({ path }: Asked) => new URL(path, "http://any").searchParams.get("since");

/** Answers a question by its token; streams begin and say no more. */
function answers(pages: Record<string, Said | Changes>): Script {
  return (asked) => {
    if (isStream(asked)) return { stream: BEGINNING };
    const said = pages[sinceOf(asked) ?? ""] ?? page(sinceOf(asked) ?? "", []);
    return "changes" in said ? { json: said } : said;
  };
}

async function mirrored(script: Script, options: MirrorOptions = {}, settings: Partial<Settings> = {}) {
  const server = await ScriptedServer.start(script);
  servers.push(server);
  const list = mirror(createApi({ baseUrl: server.url, token: () => "t", retries: 0, pause: 1, ...settings }), options);
  mirrors.push(list);
  const seen: [string | null, string[]][] = [];
  list.subscribe(() => seen.push([list.token, titles(list)]));
  return { server, list, seen };
}

const titles = ({ tasks }: Mirror) => [...tasks.values()].map(({ title }) => title);

function until(list: Mirror, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => holds() && (stop(), resolve());
    const stop = list.subscribe(look);
    look();
  });
}

class MemoryStore implements MirrorStore {
  readonly applied: Parameters<MirrorStore["apply"]>[0][] = [];
  tasks = new Map<number, Task>();
  token: string | null;
  failing = false;

  constructor(token: string | null = null, ...tasks: Task[]) {
    this.token = token;
    for (const one of tasks) this.tasks.set(one.id, one);
  }

  async load() {
    return this.token === null ? null : { token: this.token, tasks: [...this.tasks.values()] };
  }

  async apply(change: Parameters<MirrorStore["apply"]>[0]) {
    if (this.failing) throw new Error("the disk is full");
    this.applied.push(change);
    if (change.reset) this.tasks = new Map();
    for (const one of change.put) this.tasks.set(one.id, one);
    for (const id of change.removed) this.tasks.delete(id);
    this.token = change.token;
  }
}

describe("the first synchronisation", () => {
  test("is shown when its last page has come", async () => {
    const { list, seen } = await mirrored(
      answers({
        "": page("a", [task(1), task(2)], true),
        a: page("b", [task(3), gone(1)], true),
        b: page("c", [task(2, "two")]),
      }),
    );
    expect([list.state, list.token, list.tasks.size]).toEqual(["loading", null, 0]);
    await until(list, () => list.token === "c");
    expect(titles(list).sort()).toEqual(["task 3", "two"]);
    expect(seen.filter(([token]) => token === null).every(([, shown]) => shown.length === 0)).toBe(true);
  });

  test("of an empty list is known to be empty", async () => {
    const { list } = await mirrored(answers({ "": page("a", []) }));
    await until(list, () => list.token === "a" && list.state === "live");
    expect(list.tasks.size).toBe(0);
  });

  test("waits for a service that is away, and says so", async () => {
    let away = true;
    const all = answers({ "": page("a", [task(1)]) });
    const { list } = await mirrored((asked, index) => (away ? { drop: true } : all(asked, index)));
    await until(list, () => list.state === "away");
    expect(list.token).toBeNull();
    away = false;
    await list.refresh();
    expect(titles(list)).toEqual(["task 1"]);
  });
});

describe("changes", () => {
  test("make another map each, and leave the tasks as they are that have not changed", async () => {
    const { server, list } = await mirrored(answers({ "": page("a", [task(1), task(2)]) }));
    await until(list, () => list.state === "live");
    const before = list.tasks;
    const line = await server.line(0);
    line.write(event(page("b", [task(2, "two")])));
    await until(list, () => list.token === "b");
    expect(before.get(2)?.title).toBe("task 2");
    expect(list.tasks.get(1)).toBe(before.get(1));
    line.write(event(page("c", [gone(1), gone(7)])));
    await until(list, () => list.token === "c");
    expect(titles(list)).toEqual(["two"]);
  });

  test("of several pages are shown at once", async () => {
    const { server, list, seen } = await mirrored(answers({ "": page("a", [task(1), task(2)]) }));
    await until(list, () => list.state === "live");
    const line = await server.line(0);
    line.write(event(page("b", [gone(1)], true)));
    line.write(event(page("c", [task(1, "back")])));
    await until(list, () => list.token === "c");
    expect(seen.map(([token]) => token)).not.toContain("b");
    expect(titles(list).sort()).toEqual(["back", "task 2"]);
  });

  test("are there when refresh returns, and it fails when they cannot be had", async () => {
    let said: Said = { json: page("b", [task(2)]) };
    const first = answers({ "": page("a", [task(1)]) });
    const { list } = await mirrored((asked, index) =>
      sinceOf(asked) && !isStream(asked) ? said : first(asked, index),
    );
    await until(list, () => list.state === "live");
    await list.refresh();
    expect([list.token, titles(list)]).toEqual(["b", ["task 1", "task 2"]]);
    said = { status: 503, json: { detail: "Not now." } };
    await expect(list.refresh()).rejects.toMatchObject({ status: 503 });
    expect(titles(list)).toEqual(["task 1", "task 2"]);
  });
});

describe("what cannot be told any more", () => {
  test("is begun anew behind the old list, which shows until the new one is whole", async () => {
    const store = new MemoryStore("old", task(1), task(9));
    const pages = { old: GONE, "": page("a", [task(1)], true), a: page("b", [task(2)]) };
    const script: Script = (asked, index) =>
      isStream(asked) && sinceOf(asked) === "old" ? GONE : answers(pages)(asked, index);
    const { list, seen } = await mirrored(script, { store });
    await until(list, () => list.token === "b");
    expect(new Set(seen.map((one) => JSON.stringify(one)))).toEqual(
      new Set(
        [
          ["old", ["task 1", "task 9"]],
          ["b", ["task 1", "task 2"]],
        ].map((one) => JSON.stringify(one)),
      ),
    );
    await comes(() => store.token === "b");
    expect([...store.tasks.keys()]).toEqual([1, 2]);
  });

  test("in the middle of a synchronisation begins that anew", async () => {
    let begun = 0;
    const script: Script = (asked) => {
      if (isStream(asked)) return { stream: BEGINNING };
      if (sinceOf(asked) === "a") return GONE;
      return { json: begun++ === 0 ? page("a", [task(1)], true) : page("b", [task(2)]) };
    };
    const { list } = await mirrored(script);
    await until(list, () => list.token === "b");
    expect(titles(list)).toEqual(["task 2"]);
  });

  test("is waited for by refresh", async () => {
    const pages: Record<string, Said | Changes> = { "": page("a", [task(1)]) };
    const { list } = await mirrored((asked, index) => answers(pages)(asked, index));
    await until(list, () => list.state === "live");
    Object.assign(pages, { a: GONE, "": page("b", [task(2)]) });
    await list.refresh();
    expect(titles(list)).toEqual(["task 2"]);
  });
});

describe("a store", () => {
  test("is shown before the service has said anything, and asked on from", async () => {
    const store = new MemoryStore("a", task(1));
    const { server, list } = await mirrored(() => ({ silent: true }), { store });
    await until(list, () => list.token === "a");
    expect(titles(list)).toEqual(["task 1"]);
    await server.hasBeenAsked(1);
    expect(server.asked.map(sinceOf)).toEqual(["a"]);
  });

  test("holds what is shown, and is written once per state", async () => {
    const store = new MemoryStore();
    const pages = { "": page("a", [task(1)], true), a: page("b", [task(2), task(3)]) };
    const { server, list } = await mirrored(answers(pages), { store });
    await until(list, () => list.state === "live");
    (await server.line(0)).write(event(page("c", [gone(2), task(3, "three")])));
    await comes(() => store.token === "c");
    expect(store.applied.map(({ token, reset }) => [token, reset])).toEqual([
      ["b", true],
      ["c", false],
    ]);
    expect([...store.tasks.values()]).toEqual([...list.tasks.values()]);
  });

  test("that fails is given the whole list as soon as it takes it", async () => {
    const store = new MemoryStore("a", task(1));
    const errors: unknown[] = [];
    store.failing = true;
    const { server, list } = await mirrored(answers({}), { store, onError: (error) => errors.push(error) });
    const line = await server.line(0);
    line.write(event(page("b", [task(2)])));
    await until(list, () => list.token === "b");
    await comes(() => errors.length === 1);
    expect(store.token).toBe("a");
    store.failing = false;
    line.write(event(page("c", [gone(1)])));
    await comes(() => store.token === "c");
    expect([...store.tasks.values()]).toEqual([task(2)]);
  });

  test("that cannot be read is begun anew", async () => {
    const store = new MemoryStore("a", task(9));
    store.load = () => Promise.reject(new Error("no access"));
    const { list } = await mirrored(answers({ "": page("b", [task(1)]) }), { store });
    await until(list, () => list.token === "b");
    await comes(() => store.token === "b");
    expect([...store.tasks.keys()]).toEqual([1]);
  });
});

describe("the end", () => {
  test("of a session is what refresh raises, however early that asks", async () => {
    const { list } = await mirrored(answers({}), {}, { token: () => null });
    await expect(list.refresh()).rejects.toMatchObject({ status: 401 });
    await expect(list.refresh()).rejects.toMatchObject({ status: 401 });
  });

  test("of a session is said once, and refresh begins where it was", async () => {
    let signedIn = false;
    const errors: unknown[] = [];
    const store = new MemoryStore("a", task(1));
    const { server, list } = await mirrored(
      answers({ a: page("b", [task(2)]) }),
      { store, onError: (error) => errors.push(error) },
      { token: () => (signedIn ? "t" : null) },
    );
    await until(list, () => list.state === "away");
    await comes(() => errors.length === 1);
    expect(errors[0]).toMatchObject({ status: 401 });
    expect(titles(list)).toEqual(["task 1"]);
    signedIn = true;
    await list.refresh();
    expect(titles(list)).toEqual(["task 1", "task 2"]);
    await server.line(0);
  });

  test.each(["close", "signal"])("by %s closes the stream, and nobody hears of anything any more", async (how) => {
    const controller = new AbortController();
    const { server, list, seen } = await mirrored(answers({ "": page("a", [task(1)]) }), { signal: controller.signal });
    await until(list, () => list.state === "live");
    const line = await server.line(0);
    const heard = seen.length;
    if (how === "close") list.close();
    else controller.abort();
    await line.closed;
    await expect(list.refresh()).rejects.toHaveProperty("name", "AbortError");
    expect([seen.length, titles(list)]).toEqual([heard, ["task 1"]]);
  });
});
