/** `watch` before a server that says what the test wants: however it is told, each page begins where the last ended. */

import { getEventListeners } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createApi, Problem, type Changes, type Settings } from "../../lib/api";
import { watch, type Pace, type Watch, type WatchOptions, type WatchState } from "../../lib/watch";
import { ScriptedServer, type Asked, type Said, type Script } from "../scripted";
import { comes } from "../waiting";

const HURRY: Partial<Pace> = {
  silence: 60_000,
  patience: 60_000,
  moment: 3_600_000,
  question: 20,
  trial: 20,
  pause: 1,
  longest: 10,
};
const BEGINNING = "retry: 1\n:\n\n";
const GONE: Said = {
  status: 410,
  json: { type: "urn:tasklane:problem:resynchronise", title: "Gone", status: 410, detail: "Begin anew." },
};
const AWAY: Said = { status: 503, json: { detail: "Not now." } };
const REFUSED: Said = { status: 401, json: { detail: "A valid bearer token is needed." } };

const servers: ScriptedServer[] = [];
const controllers: AbortController[] = [];

afterEach(async () => {
  for (const controller of controllers.splice(0)) controller.abort();
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

/** That the task was made which has the token's number. */
function page(next: string, more = false): Changes {
  return { changes: [{ id: Number(next), deleted_at: "2026-11-28T10:00:00.000Z" }], next, more };
}

function event(document: Changes): string {
  return `event: changes\ndata: ${JSON.stringify(document)}\nid: ${document.next}\n\n`;
}

interface Service {
  /** To the n-th question for a stream. */
  stream?: (asked: Asked, index: number) => Said;
  /** To the n-th other question. */
  changes?: (asked: Asked, index: number) => Said;
}

const isStream = ({ path }: Asked) => path.startsWith("/api/tasks/events");
const sinceOf = ({ path }: Asked) => new URL(path, "http://any").searchParams.get("since");

async function watching(service: Service | Script, options: WatchOptions = {}, settings: Partial<Settings> = {}) {
  let [streams, questions] = [0, 0];
  const nothingNew = (asked: Asked): Said => ({ json: { changes: [], next: sinceOf(asked), more: false } });
  const script: Script =
    typeof service === "function"
      ? service
      : (asked) =>
          isStream(asked)
            ? (service.stream?.(asked, streams++) ?? { stream: BEGINNING })
            : (service.changes?.(asked, questions++) ?? nothingNew(asked));
  const server = await ScriptedServer.start(script);
  servers.push(server);
  const controller = new AbortController();
  controllers.push(controller);
  const states: WatchState[] = [];
  const api = createApi({ baseUrl: server.url, token: () => "first", ...settings });
  const pages = watch(api, {
    since: "1",
    signal: controller.signal,
    onState: (state) => states.push(state),
    pace: HURRY,
    ...options,
  });
  return { server, pages, states, controller };
}

async function told(pages: Watch, count: number): Promise<string[]> {
  const tokens: string[] = [];
  while (tokens.length < count) tokens.push((await pages.next()).value.next);
  return tokens;
}

describe("a stream", () => {
  test("tells what comes, and goes on where it ended", async () => {
    const { server, pages, states } = await watching({});
    const first = told(pages, 2);
    const line = await server.line(0);
    line.write(event(page("2")) + event(page("3")));
    expect(await first).toEqual(["2", "3"]);
    const second = told(pages, 1);
    line.end();
    const another = await server.line(1);
    expect(sinceOf(another.asked)).toBe("3");
    another.write(event(page("4")));
    expect(await second).toEqual(["4"]);
    expect(states).toEqual(["live"]);
  });

  test("that is cut anywhere within an event tells it again from its beginning", async () => {
    const whole = event(page("2"));
    const cuts = Array.from({ length: whole.length / 6 }, (_, n) => 6 * n);
    const { server, pages } = await watching({ stream: () => ({ stream: BEGINNING }) });
    const tokens = told(pages, 1);
    for (const [index, cut] of cuts.entries()) {
      const line = await server.line(index);
      expect(sinceOf(line.asked)).toBe("1");
      line.write(whole.slice(0, cut));
      line.cut();
    }
    (await server.line(cuts.length)).write(whole);
    expect(await tokens).toEqual(["2"]);
  });

  test("with heartbeats, CRLF and events of another time is read on", async () => {
    const { server, pages } = await watching({});
    const tokens = told(pages, 2);
    const line = await server.line(0);
    line.write(":\r\n\r\nevent: later\r\ndata: {}\r\n\r\n" + event(page("2")).replaceAll("\n", "\r\n"));
    line.write(`:\n\n${event(page("3"))}`);
    expect(await tokens).toEqual(["2", "3"]);
    expect(server.lines).toHaveLength(1);
  });

  test("pages that are not the last are followed by the rest by themselves", async () => {
    const { server, pages } = await watching({});
    const tokens = told(pages, 2);
    (await server.line(0)).write(event(page("2", true)) + event(page("3")));
    expect(await tokens).toEqual(["2", "3"]);
    expect(server.asked).toHaveLength(1);
  });

  test("whose token has run out is opened with another one", async () => {
    const token = (refused?: string) => (refused === "first" ? "second" : "first");
    const { server, pages } = await watching({}, {}, { token });
    const tokens = told(pages, 2);
    (await server.line(0)).write(`${event(page("2"))}event: expired\ndata: {}\n\n`);
    const another = await server.line(1);
    another.write(event(page("3")));
    expect(await tokens).toEqual(["2", "3"]);
    expect(server.lines.map(({ asked }) => asked.headers.authorization)).toEqual(["Bearer first", "Bearer second"]);
    expect(server.asked).toHaveLength(2);
  });

  test("that is refused for its token is asked for with another one", async () => {
    const token = (refused?: string) => (refused ? "second" : "first");
    const stream = ({ headers }: Asked) =>
      headers.authorization === "Bearer first" ? REFUSED : { stream: BEGINNING + event(page("2")) };
    const { pages } = await watching({ stream }, {}, { token });
    expect(await told(pages, 1)).toEqual(["2"]);
  });

  test("is waited for no less than retry says when the process ends", async () => {
    const { server, pages } = await watching({});
    const tokens = told(pages, 1);
    const began = performance.now();
    (await server.line(0)).write("event: reconnect\ndata: {}\nretry: 300\n\n");
    (await server.line(1)).write(event(page("2")));
    expect(await tokens).toEqual(["2"]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(299);
  });

  test("with a broken page is left, and the page asked for again", async () => {
    const { server, pages } = await watching({});
    const tokens = told(pages, 1);
    (await server.line(0)).write("event: changes\ndata: {\n\n");
    (await server.line(1)).write(event(page("2")));
    expect(await tokens).toEqual(["2"]);
  });

  test("that is silent for too long is left for another one", async () => {
    const { server, pages } = await watching({}, { pace: { ...HURRY, silence: 50 } });
    const tokens = told(pages, 1);
    await (
      await server.line(0)
    ).closed;
    (await server.line(1)).write(event(page("2")));
    expect(await tokens).toEqual(["2"]);
  });

  test("is not read while nobody takes what it tells", async () => {
    const { server, pages } = await watching({}, { pace: { ...HURRY, silence: 1 } });
    const first = told(pages, 1);
    const line = await server.line(0);
    line.write(event(page("2")));
    expect(await first).toEqual(["2"]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.asked).toHaveLength(1);
  });
});

describe("where streams do not come through", () => {
  test.each([
    ["holds back its beginning", () => ({ silent: true })],
    ["holds back its bytes", () => ({ stream: "" })],
    ["does not know it", () => ({ status: 502, text: "<h1>" })],
    [
      "answers another page",
      () => ({ text: "<h1>Sign in to this network</h1>", headers: { "Content-Type": "text/html" } }),
    ],
    ["counts too many", () => ({ status: 429, json: { detail: "Too many streams." } })],
  ] satisfies [string, () => Said][])("changes are asked for: a proxy %s", async (_name, stream) => {
    const changes = (asked: Asked, index: number): Said =>
      index < 2 ? { json: { changes: [], next: sinceOf(asked), more: false } } : { json: page(String(index)) };
    const { pages, states } = await watching({ stream, changes }, { pace: { ...HURRY, patience: 20 } });
    expect(await told(pages, 3)).toEqual(["2", "3", "4"]);
    expect(states).toEqual(["asking"]);
  });

  test("they are tried again, and read once they do", async () => {
    const stream = (_asked: Asked, index: number): Said =>
      index < 3 ? { silent: true } : { stream: BEGINNING + event(page("2")) };
    const { pages, states } = await watching({ stream }, { pace: { ...HURRY, patience: 20 } });
    expect(await told(pages, 1)).toEqual(["2"]);
    expect(states).toEqual(["asking", "live"]);
  });

  test("a stream that was asked for before the last answer tells nothing twice, and nothing too late", async () => {
    let lost = 0;
    const changes = (asked: Asked): Said => {
      const since = Number(sinceOf(asked));
      return since < 5 ? { json: page(String(since + 1)) } : { json: { changes: [], next: "5", more: false } };
    };
    const stream = (): Said => (lost++ === 0 ? { stream: "" } : { silent: true });
    const { server, pages } = await watching({ stream, changes }, { pace: { ...HURRY, moment: 1, question: 1 } });
    expect(await told(pages, 3)).toEqual(["2", "3", "4"]);
    const rest = told(pages, 2);
    const line = await server.line(0);
    expect(sinceOf(line.asked)).toBe("1");
    line.write(BEGINNING + event(page("3")) + event(page("5")) + event(page("6")));
    expect(await rest).toEqual(["5", "6"]);
  });
});

test("streams that end at once, again and again, are left for questions", async () => {
  const changes = (asked: Asked): Said => ({ json: page(String(Number(sinceOf(asked)) + 1)) });
  const patient = { ...HURRY, moment: 1, question: 1, pause: 3_600_000, longest: 3_600_000 };
  const stream = () => ({ stream: `${BEGINNING}event: reconnect\ndata: {}\n\n` });
  const { server, pages, states } = await watching({ stream, changes }, { pace: patient });
  let isOver = false;
  void server.line(1).then(async (line) => {
    await line.closed;
    isOver = true;
  });
  while (!isOver) await told(pages, 1);
  await told(pages, 5);
  expect(server.lines).toHaveLength(2);
  expect(states).toContain("live");
  expect(states.at(-1)).toBe("asking");
});

describe("a service that is away", () => {
  test("is asked less and less often, and heard when it is back", async () => {
    let away = true;
    const { server, pages, states } = await watching((asked) => {
      if (away) return asked.headers["authorization"] ? { drop: true } : AWAY;
      return isStream(asked) ? { stream: BEGINNING + event(page("2")) } : { json: page("2") };
    });
    const tokens = told(pages, 1);
    await server.hasBeenAsked(6);
    expect(states).toEqual(["away"]);
    away = false;
    expect(await tokens).toEqual(["2"]);
    expect(states.slice(0, 2)).toEqual(["away", "asking"]);
  });

  test("is asked again at once when the device is online again", async () => {
    const target = new EventTarget();
    vi.stubGlobal("addEventListener", target.addEventListener.bind(target));
    vi.stubGlobal("removeEventListener", target.removeEventListener.bind(target));
    let away = true;
    const slow = { ...HURRY, pause: 3_600_000, longest: 3_600_000 };
    const { pages, states } = await watching(() => (away ? { drop: true } : { json: page("2") }), { pace: slow });
    const tokens = told(pages, 1);
    await comes(() => states[0] === "away");
    away = false;
    target.dispatchEvent(new Event("online"));
    expect(await tokens).toEqual(["2"]);
  });

  test("is not asked earlier than it wants to be", async () => {
    let [refused, came] = [0, 0];
    const changes = (): Said => {
      if (refused++ === 0) return { ...AWAY, headers: { "Retry-After": "1" } };
      came = performance.now();
      return { json: page("2") };
    };
    const { pages } = await watching({ stream: () => AWAY, changes });
    const began = performance.now();
    expect(await told(pages, 1)).toEqual(["2"]);
    expect(came - began).toBeGreaterThanOrEqual(999);
  });
});

describe("what cannot be told any more", () => {
  const service = (how: "status" | "event"): Service => ({
    stream: (asked) => {
      if (sinceOf(asked) !== "1") return { stream: BEGINNING };
      return how === "status" ? GONE : { stream: `${BEGINNING}event: resynchronise\ndata: {}\nid:\n\n` };
    },
    changes: (asked) => (sinceOf(asked) === null ? { json: page("9") } : GONE),
  });

  test.each(["status", "event"] as const)("is a Problem with status 410, come as %s", async (how) => {
    const { pages } = await watching(service(how));
    const error: unknown = await pages.next().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Problem);
    expect(error).toMatchObject({ status: 410, type: "urn:tasklane:problem:resynchronise" });
    expect(await pages.next()).toMatchObject({ done: true });
  });

  test.each(["status", "event"] as const)("is told anew to whoever can forget, come as %s", async (how) => {
    let resets = 0;
    const { pages } = await watching(service(how), { onReset: () => resets++ });
    expect(await told(pages, 1)).toEqual(["9"]);
    expect(resets).toBe(1);
  });

  test("is found by a question, too", async () => {
    const { pages } = await watching({ ...service("status"), stream: () => AWAY });
    await expect(pages.next()).rejects.toMatchObject({ status: 410 });
  });
});

describe("the beginning without since", () => {
  test("is asked for in large pages, and then read on", async () => {
    const changes = (asked: Asked): Said => ({
      json: page(sinceOf(asked) === null ? "1" : "2", sinceOf(asked) === null),
    });
    const { server, pages } = await watching({ changes }, { since: undefined });
    expect(await told(pages, 2)).toEqual(["1", "2"]);
    const third = told(pages, 1);
    const line = await server.line(0);
    expect(sinceOf(line.asked)).toBe("2");
    line.write(event(page("3")));
    expect(await third).toEqual(["3"]);
  });
});

describe("asking between", () => {
  test("resolves when what there is was taken, and the stream tells it no second time", async () => {
    let answer = page("2");
    const changes = (): Said => ({ json: answer });
    const { server, pages } = await watching({ changes });
    const first = told(pages, 1);
    const line = await server.line(0);
    const asked = pages.ask();
    expect(await first).toEqual(["2"]);
    answer = { changes: [], next: "2", more: false };
    const second = told(pages, 1);
    await asked;
    line.write(event(page("2")) + event(page("3")));
    expect(await second).toEqual(["3"]);
    expect(server.asked).toHaveLength(2);
  });

  test("an older event of the stream is no news", async () => {
    const changes = (_asked: Asked, index: number): Said => ({
      json: index === 0 ? page("5") : { changes: [], next: "5", more: false },
    });
    const { server, pages } = await watching({ changes });
    const first = told(pages, 1);
    const line = await server.line(0);
    void pages.ask();
    expect(await first).toEqual(["5"]);
    const second = told(pages, 1);
    line.write(event(page("3")) + event(page("5")) + event(page("6")));
    expect(await second).toEqual(["6"]);
  });

  test("a newer event of the stream is asked for from where everything was told", async () => {
    const changes = ({ path }: Asked): Said => ({ json: page(path.includes("since=1&") ? "2" : "4") });
    const { server, pages } = await watching({ changes });
    const first = told(pages, 1);
    const line = await server.line(0);
    void pages.ask();
    expect(await first).toEqual(["2"]);
    const second = told(pages, 2);
    line.write(event(page("4")) + event(page("5")));
    expect(await second).toEqual(["4", "5"]);
    expect(server.asked.filter((one) => !isStream(one)).map(sinceOf)).toEqual(["1", "2"]);
  });

  test("fails with what kept the answer away", async () => {
    const { server, pages } = await watching({ changes: () => AWAY });
    void pages.next().catch(() => {});
    await server.line(0);
    await expect(pages.ask()).rejects.toMatchObject({ status: 503 });
  });
});

/** The timers that the client sets from now on and that have neither rung nor been taken back. */
function pending(): Set<unknown> {
  const [timers, set, clear] = [new Set<unknown>(), setTimeout, clearTimeout];
  vi.stubGlobal("setTimeout", (act: () => void, milliseconds?: number) => {
    const timer = set(() => {
      timers.delete(timer);
      act();
    }, milliseconds);
    if (new Error().stack?.includes("/frontend/lib/")) timers.add(timer); // and not those of Node's own fetch
    return timer;
  });
  vi.stubGlobal("clearTimeout", (timer: NodeJS.Timeout | undefined) => {
    timers.delete(timer);
    clear(timer);
  });
  return timers;
}

describe("the end", () => {
  test.each([
    ["reading", {}],
    ["waiting for a stream", { stream: () => ({ silent: true }) }],
    ["waiting for an answer", { stream: () => AWAY, changes: () => ({ silent: true }) }],
  ] satisfies [string, Service][])("comes with the signal while %s, for its reason", async (name, service) => {
    const timers = pending();
    const { server, pages, states, controller } = await watching(service, {});
    const next = pages.next();
    await comes(() => server.asked.length === (name === "waiting for an answer" ? 2 : 1));
    if (name === "reading") await comes(() => states[0] === "live");
    const reason = new Error("the page was left");
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    await expect(pages.ask()).rejects.toBe(reason);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    for (const line of server.lines) await line.closed;
    await comes(() => timers.size === 0);
  });

  test("while resting and while away, too, and asks nothing if it came before", async () => {
    const slow = { ...HURRY, pause: 3_600_000, longest: 3_600_000 };
    const { pages, states, controller } = await watching(() => ({ drop: true }), { pace: slow });
    const next = pages.next();
    await comes(() => states[0] === "away");
    controller.abort();
    await expect(next).rejects.toHaveProperty("name", "AbortError");
    const { server, pages: others } = await watching({}, { signal: AbortSignal.abort() });
    await expect(others.next()).rejects.toHaveProperty("name", "AbortError");
    expect(server.asked).toHaveLength(0);
  });

  test("of who goes on no more closes the stream", async () => {
    const { server, pages } = await watching({ stream: () => ({ stream: BEGINNING + event(page("2")) }) });
    for await (const { next } of pages) {
      expect(next).toBe("2");
      break;
    }
    await (
      await server.line(0)
    ).closed;
    await expect(pages.ask()).rejects.toBeInstanceOf(TypeError);
  });

  test("is what a refusal means that waiting does not mend", async () => {
    for (const status of [401, 403, 422]) {
      const { pages } = await watching(() => ({ status, json: { detail: "No." } }));
      await expect(pages.next()).rejects.toMatchObject({ status });
    }
  });

  test("nobody is asked when nobody is signed in", async () => {
    const { server, pages } = await watching({}, {}, { token: () => null });
    await expect(pages.next()).rejects.toMatchObject({ status: 401 });
    expect(server.asked).toHaveLength(0);
  });
});
