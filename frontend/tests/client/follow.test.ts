/** `watch` and `mirror` with the running service: what one client does the others have. */

import { afterEach, describe, expect, test } from "vitest";
import type { Api, Task } from "../../lib/api";
import { mirror, type Mirror } from "../../lib/mirror";
import { changes, watch } from "../../lib/watch";
import { apiOf, isThere, listOf, mortal } from "../service";

const ROUNDS = 100;
/** Milliseconds: for a machine that does other things, too. */
const LONG = 120_000;
const mirrors: Mirror[] = [];

afterEach(() => {
  for (const one of mirrors.splice(0)) one.close();
});

function mirrorOf(api: Api, options?: Parameters<typeof mirror>[1]): Mirror {
  const list = mirror(api, options);
  mirrors.push(list);
  return list;
}

function until(list: Mirror, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => holds() && (stop(), resolve());
    const stop = list.subscribe(look);
    look();
  });
}

/** The same numbers for the same seed. */
function dice(seed: number): (sides: number) => number {
  return (sides) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * sides);
  };
}

const plain = (list: Mirror) => new Map([...list.tasks].sort(([a], [b]) => a - b));
const sorted = (tasks: Map<number, Task>) => new Map([...tasks].sort(([a], [b]) => a - b));

describe.skipIf(!isThere)("with the running service", { timeout: LONG }, () => {
  test("pages of changes end where nothing is left, and begin there again", async () => {
    const api = apiOf("changes");
    const made = await api.createTask({ title: "one" });
    let next = "";
    for await (const page of changes(api)) next = page.next;
    await api.updateTask(made.id, { title: "two" });
    const told = [];
    for await (const page of changes(api, { since: next })) told.push(...page.changes);
    expect(told).toMatchObject([{ id: made.id, title: "two" }]);
  });

  test("a change of another client arrives by itself, and one's own with refresh", async () => {
    const [here, there] = [apiOf("changes"), apiOf("changes")];
    const list = mirrorOf(here);
    await until(list, () => list.state === "live");
    const { id } = await there.createTask({ title: "from elsewhere" });
    await until(list, () => list.tasks.has(id));
    await here.updateTask(id, { title: "from here" });
    await list.refresh();
    expect(list.tasks.get(id)?.title).toBe("from here");
    await there.deleteTask(id);
    await until(list, () => !list.tasks.has(id));
  });

  test("a stream that is opened anew in the middle has told everything", async () => {
    const api = apiOf("changes");
    const { id } = await api.createTask({ title: "0" });
    let since: string | undefined;
    for (let round = 1; round <= 5; round++) {
      await api.updateTask(id, { title: String(round) });
      const titles: unknown[] = [];
      for await (const page of watch(api, { since })) {
        since = page.next;
        titles.push(...page.changes.map((change) => ("title" in change ? change.title : null)));
        if (!page.more) break;
      }
      expect(titles).toContain(String(round));
    }
  });

  test("whatever is written, mirrors by stream and by question hold the list", async () => {
    const api = apiOf("random");
    const roll = dice(7);
    const blocked: typeof fetch = (url, init) =>
      String(url).includes("/events") ? Promise.reject(new TypeError("no streams here")) : fetch(url, init);
    const [streamed, asked] = [mirrorOf(api), mirrorOf(apiOf("random", { fetch: blocked }))];
    const [live, gone]: [number[], number[]] = [[], []];
    const taken = (from: number[]) => from.splice(roll(from.length), 1)[0] as number;
    for (let round = 0; round < ROUNDS; round++) {
      const dealt = live.length ? roll(8) : 0;
      if (dealt <= 1) live.push((await api.createTask({ title: `task ${round}`, tags: ["x"] })).id);
      else if (dealt === 2) await api.updateTask(live[roll(live.length)] ?? 0, { title: `new ${round}` });
      else if (dealt === 3) await api.completeTask(live[roll(live.length)] ?? 0, roll(2) === 1);
      else if (dealt === 4) {
        const id = taken(live);
        await api.deleteTask(id);
        gone.push(id);
      } else if (dealt === 5 && gone.length) live.push((await api.restoreTask(taken(gone))).id);
      else if (dealt === 6) {
        const operations = Array.from({ length: 7 }, (_, n) => ({ op: "create" as const, task: { title: `${n}` } }));
        const { results } = await api.batchTasks({ operations });
        live.push(...results.map(({ task }) => (task as Task).id));
      } else if (roll(10) === 0) {
        await api.emptyTrash();
        gone.length = 0;
      }
    }
    const truth = sorted(await listOf(api));
    expect(truth.size).toBe(live.length);
    for (const list of [streamed, asked]) {
      await list.refresh();
      expect(plain(list)).toEqual(truth);
    }
    expect(streamed.token).toBe(asked.token);
    const { id } = await api.createTask({ title: "the last" });
    await until(streamed, () => streamed.tasks.has(id));
    expect([streamed.state, asked.state]).toEqual(["live", "asking"]);
  });

  test("a process that is killed costs a mirror no change", async () => {
    const api = apiOf("killed");
    const list = mirrorOf(apiOf("killed", { baseUrl: mortal.url }));
    const { id } = await api.createTask({ title: "before" });
    await until(list, () => list.state === "live" && list.tasks.has(id));
    await mortal.kill();
    const { id: meanwhile } = await api.createTask({ title: "meanwhile" });
    await api.deleteTask(id);
    await until(list, () => list.state === "away");
    await mortal.start();
    await until(list, () => list.state === "live" && list.tasks.has(meanwhile));
    expect(plain(list)).toEqual(await listOf(api));
    const { id: after } = await api.createTask({ title: "after" });
    await until(list, () => list.tasks.has(after));
  });

  test("beyond the streams that a user may have, changes are asked for", async () => {
    const api = apiOf("limited");
    const lists = Array.from({ length: 12 }, () => mirrorOf(api));
    for (const list of lists) await until(list, () => list.state === "live" || list.state === "asking");
    const { id } = await api.createTask({ title: "to all" });
    for (const list of lists) await until(list, () => list.tasks.has(id));
    const count = (state: string) => lists.filter((list) => list.state === state).length;
    expect([count("live"), count("asking")]).toEqual([10, 2]);
  });
});
