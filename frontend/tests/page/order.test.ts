/** The order by hand and trees, as the page shows them: where a step leads, and what is shown until the service has done it. */

import { describe, expect, test } from "vitest";
import { arrange } from "../../app/data/list/arrange";
import { NO_FILTERS } from "../../app/data/list/filters";
import { gapAt, placeNow, type Step, STEPS, type Target, targetIn, targetOf } from "../../app/data/list/moving";
import { byHand, LEVELS, placeOf, Tree } from "../../app/data/list/tree";
import { NO_FIELDS, type Task } from "../../app/data/types";
import { draftTask, project, type Write } from "../../app/sync/writes";
import { keyBelow, keyBetween } from "../../lib/order";

const NOW = new Date("2026-11-21T15:00:00");
const NONE: ReadonlySet<number> = new Set();

/** Unmoved: the newest, which has the highest id, is the first. */
function task(id: number, parent: number | null = null, change: Partial<Task> = {}): Task {
  const made = draftTask({ ...NO_FIELDS, title: `${id}` }, "ada", parent);
  return { ...made, id, position: (2n ** 63n - 1n - BigInt(id)).toString(16).padStart(16, "0"), ...change };
}

/** Each row by its title, indented by its depth. */
function shown(tasks: readonly Task[], folded = NONE, filters = NO_FILTERS): string[] {
  return arrange(tasks, filters, NOW, folded).map(({ task, depth }) => `${"-".repeat(depth)}${task.title}`);
}

const listed = (tasks: readonly Task[]) => new Map(tasks.map((one) => [one.id, one]));
const done = (tasks: readonly Task[], ...writes: Write[]) =>
  project(
    listed(tasks),
    writes.map((write) => ({ write, tried: null })),
  );

function moved(task: Task, { after, parent }: Target): Write {
  return { kind: "move", task, after: after?.id ?? null, parent: parent?.id ?? null };
}

function stepped(tasks: readonly Task[], id: number, step: Step): string[] | null {
  const tree = new Tree(tasks);
  const one = tree.get(id) as Task;
  const target = targetOf(step, one, arrange(tasks, NO_FILTERS, NOW, NONE), tree);
  return target && shown(done(tasks, moved(one, target)));
}

const TREE = [task(1), task(2), task(3, 2), task(4, 2), task(5, 4), task(6)];

describe("rows", () => {
  test("are siblings in the order by hand, each with what is beneath it", () => {
    expect(shown(TREE)).toEqual(["6", "2", "-4", "--5", "-3", "1"]);
    expect(shown(TREE, new Set([4]))).toEqual(["6", "2", "-4", "-3", "1"]);
    expect(shown(TREE, new Set([2]))).toEqual(["6", "2", "1"]);
  });

  test("whose parent is not in the list stand beneath the nearest that is, and say whose they are", () => {
    const tasks = TREE.map((one) => (one.id === 4 ? { ...one, completed: true } : one));
    const rows = arrange(tasks, NO_FILTERS, NOW, NONE);
    expect(rows.map(({ task, depth, within }) => [task.id, depth, within])).toEqual([
      [6, 0, null],
      [2, 0, null],
      [5, 1, "4"],
      [3, 1, null],
      [1, 0, null],
    ]);
    expect(rows[1]?.progress).toEqual({ done: 1, all: 3 });
  });

  test("are flat in every other order", () => {
    expect(shown(TREE, NONE, { ...NO_FILTERS, sort: "title" })).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  test("that are sought are not folded away", () => {
    expect(shown(TREE, new Set([2]), { ...NO_FILTERS, search: "3" })).toEqual(["3"]);
    const beneath = [task(1, null, { title: "a" }), task(2, 1, { title: "ab" })];
    expect(shown(beneath, new Set([1]), { ...NO_FILTERS, search: "a" })).toEqual(["a", "-ab"]);
  });
});

describe("a step", () => {
  test.each<[number, Step, string[] | null]>([
    [2, "up", ["2", "-4", "--5", "-3", "6", "1"]],
    [6, "up", null],
    [2, "down", ["6", "1", "2", "-4", "--5", "-3"]],
    [1, "down", null],
    [3, "up", ["6", "2", "-3", "-4", "--5", "1"]],
    [4, "down", ["6", "2", "-3", "-4", "--5", "1"]],
    [1, "in", ["6", "2", "-4", "--5", "-3", "-1"]],
    [3, "in", ["6", "2", "-4", "--5", "--3", "1"]],
    [6, "in", null],
    [4, "out", ["6", "2", "-3", "4", "-5", "1"]],
    [5, "out", ["6", "2", "-4", "-5", "-3", "1"]],
    [6, "out", null],
  ])("of %i, %s", (id, step, expected) => expect(stepped(TREE, id, step)).toEqual(expected));

  test("goes no deeper than the service allows", () => {
    const chain = [task(1), task(2, 1), task(3, 2), task(4, 3), task(5, 3)];
    expect(stepped(chain, 4, "in")).toBeNull();
    const tall = [task(1), task(2, 1), task(3, 2), task(4, 3), task(5)];
    expect(stepped(tall, 1, "in")).toBeNull();
  });

  test("is taken back to where it began", () => {
    for (const { id } of TREE)
      for (const step of STEPS) {
        const tree = new Tree(TREE);
        const one = tree.get(id) as Task;
        const target = targetOf(step, one, arrange(TREE, NO_FILTERS, NOW, NONE), tree);
        if (!target) continue;
        expect(shown(done(TREE, moved(one, target), moved(one, placeNow(one, tree))))).toEqual(shown(TREE));
      }
  });
});

describe("a drop", () => {
  const dropped = (id: number, index: number, depth: number) => {
    const tree = new Tree(TREE);
    const one = tree.get(id) as Task;
    const ids = new Set([id, ...tree.beneath(id).map((below) => below.id)]);
    const rows = arrange(TREE, NO_FILTERS, NOW, NONE).filter((row) => !ids.has(row.task.id));
    const target = targetIn(gapAt({ index, depth }, one, rows, tree), one, rows, tree);
    return target && shown(done(TREE, moved(one, target)));
  };

  test.each<[number, number, number, string[]]>([
    [1, 0, 0, ["1", "6", "2", "-4", "--5", "-3"]],
    [1, 2, 1, ["6", "2", "-1", "-4", "--5", "-3"]], // the first beneath another one
    [1, 2, 0, ["6", "2", "-1", "-4", "--5", "-3"]], // between a task and what is beneath it there is no other level
    [1, 4, 3, ["6", "2", "-4", "--5", "---1", "-3"]],
    [1, 5, 9, ["6", "2", "-4", "--5", "-3", "--1"]],
    [4, 3, 0, ["6", "2", "-3", "4", "-5", "1"]],
    [4, 3, 3, ["6", "2", "-3", "--4", "---5", "1"]],
    [2, 1, 1, ["6", "-2", "--4", "---5", "--3", "1"]],
  ])("of %i before row %i at depth %i", (id, index, depth, expected) =>
    expect(dropped(id, index, depth)).toEqual(expected),
  );
});

describe("until the service has done it", () => {
  test("what is beneath a task is completed and deleted with it, and comes back with it", () => {
    const complete: Write = { kind: "complete", tasks: [TREE[1] as Task], completed: true, at: NOW.toISOString() };
    expect(shown(done(TREE, complete))).toEqual(["6", "1"]);
    const reopen: Write = { kind: "complete", tasks: [TREE[1] as Task], completed: false };
    expect(shown(done(TREE, complete, reopen))).toEqual(["6", "2", "1"]); // and nothing beneath it
    const gone: Write = { kind: "delete", tasks: [TREE[1] as Task] };
    expect(shown(done(TREE, gone))).toEqual(["6", "1"]);
    const back: Write = { kind: "restore", tasks: [TREE[1] as Task], along: TREE.slice(2, 5) };
    expect(shown(done(TREE, gone, back))).toEqual(shown(TREE));
  });

  test("two moves that would make a circle with what another device has done make none", () => {
    const theirs = [task(1, 2), task(2)]; // while here the second goes beneath the first
    expect(shown(done(theirs, moved(task(2), { after: null, parent: task(1) })))).toEqual(["2", "-1"]);
  });

  test("what is made is the first, the newest above", () => {
    const create = (id: number): Write => ({ kind: "create", task: task(-id) });
    const top: Write = { kind: "move", task: TREE[0] as Task, after: null, parent: null };
    expect(shown(done(TREE.slice(0, 2), create(7), create(8), top, create(9)))).toEqual(["-9", "1", "-8", "-7", "2"]);
  });

  test("any moves give a key of its own place to each, however often to the same one", () => {
    let tasks: Task[] = Array.from({ length: 20 }, (_, n) => task(n + 1));
    let order = tasks.toSorted(byHand).map(({ id }) => id);
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    for (let n = 0; n < 300; n++) {
      const id = order[random(order.length)] as number;
      const rest = order.filter((other) => other !== id);
      const place = n % 2 ? random(rest.length + 1) : 5; // again and again behind the fifth
      tasks = done(tasks, moved(task(id), { after: place ? task(rest[place - 1] as number) : null, parent: null }));
      order = rest.toSpliced(place, 0, id);
      expect(tasks.toSorted(byHand).map((one) => one.id)).toEqual(order);
    }
    expect(new Set(tasks.map(placeOf)).size).toBe(20);
  });

  test("a key between two is between them", () => {
    let high: string | null = null;
    for (let n = 0; n < 50; n++) {
      const between: string = keyBetween("7f", high);
      expect("7f" < between && (high === null || between < high)).toBe(true);
      expect(between < "80").toBe(true);
      high = between;
    }
    for (let n = 0, last = "0"; n < 50; n++) {
      const below = keyBelow(last);
      expect(below < last).toBe(true);
      last = below;
    }
  });
});

test("a tree has as many levels as the service's", () => expect(LEVELS).toBe(4));
