/**
 * What is kept until the service has it, what becomes of it when the service says no, or the person leaves, and which of
 * several tabs sends it.
 */

import { expect, test } from "vitest";
import { type Api, Problem, Unreachable } from "../../lib/api";
import { NO_FIELDS, type Task } from "../../app/data/types";
import type { OutboxChange, StoredOutbox } from "../../app/local/disk";
import type { Connection, Link } from "../../app/sync/connection";
import { type Entry, Outbox, type Refusal } from "../../app/sync/outbox";
import { Store } from "../../app/sync/store";
import { draftTask } from "../../app/sync/writes";

const NO = new Problem({ type: "about:blank", title: "No", status: 422, detail: "Not this one." });

function draft(): Task {
  return draftTask({ ...NO_FIELDS, title: "Plan" }, "ada");
}

/** What the tabs of one browser share: a disk, locks, and that they hear of each other. */
class Browser {
  readonly entries = new Map<string, Entry>();
  readonly made = new Map<number, number>();
  readonly #listeners = new Set<() => void>();
  /** By what is held: whoever holds it, and then those who wait. */
  readonly #locks = new Map<string, (() => void)[]>();
  #tabs = 0;

  readonly drawer = {
    outbox: async (): Promise<StoredOutbox> =>
      structuredClone({
        entries: [...this.entries.values()].toSorted((one, other) => one.at - other.at),
        refusals: [],
        made: [...this.made],
      }),
    keepOutbox: async ({ put = [], gone = [], made = [] }: OutboxChange) => {
      for (const entry of put) this.entries.set(entry.key, structuredClone(entry));
      for (const key of gone) this.entries.delete(key);
      for (const [temporary, id] of made) this.made.set(temporary, id);
      return true;
    },
  };

  tab() {
    const name = `tab ${++this.#tabs}`;
    return {
      name,
      hold: (what: string, signal: AbortSignal, act: () => void) => {
        const queue = this.#locks.get(what) ?? [];
        this.#locks.set(what, queue);
        queue.push(act);
        if (queue[0] === act) act();
        signal.addEventListener("abort", () => {
          const held = queue[0] === act;
          queue.splice(queue.indexOf(act), 1);
          if (held) queue[0]?.();
        });
      },
      tell: () => this.#listeners.forEach((listener) => void queueMicrotask(listener)),
      onTold: (_what: string, act: () => void, signal: AbortSignal) => {
        this.#listeners.add(act);
        signal.addEventListener("abort", () => this.#listeners.delete(act));
      },
    };
  }
}

/** A tab's outbox whose service answers when the test says so; `early` comes before it knows what is on the disk. */
async function outbox(browser = new Browser(), early?: (box: Outbox) => void) {
  const answers: { resolve: (task: Task) => void; reject: (error: unknown) => void }[] = [];
  const asked: [string, number | undefined][] = [];
  const handedBack: Refusal[] = [];
  const closing = new AbortController();
  const ask = (name: string) => (id?: unknown) => {
    asked.push([name, typeof id === "number" ? id : undefined]);
    return new Promise<Task>((resolve, reject) => answers.push({ resolve, reject }));
  };
  const api = { createTask: ask("create"), completeTask: ask("complete"), getTask: ask("get") } as unknown as Api;
  const box = new Outbox({
    api,
    connection: {
      link: new Store<Link>({ state: "ready" }),
      watch: (_what: string, request: Promise<unknown>) => request,
    } as unknown as Connection,
    drawer: browser.drawer,
    tabs: browser.tab(),
    newest: () => 0,
    refresh: () => Promise.resolve(),
    onRefusal: (refusal) => handedBack.push(refusal),
  });
  const opening = box.open(closing.signal);
  early?.(box);
  await opening;
  return { box, browser, answers, asked, handedBack, close: () => closing.abort() };
}

test("a write about a task by its first id is about the task that the service made, after a reload, too", async () => {
  const { box, browser, answers, asked, close } = await outbox();
  const task = draft();
  const made = box.add({ kind: "create", task });
  answers[0]?.resolve({ ...task, id: 7 });
  await made;
  const completed = box.add({ kind: "complete", tasks: [task], completed: true });
  await expect
    .poll(() => asked)
    .toEqual([
      ["create", undefined],
      ["complete", 7],
    ]);
  answers[1]?.resolve({ ...task, id: 7 });
  await completed;
  close();
  const later = await outbox(browser);
  expect(later.box.shownAs(7)).toBe(task.id);
  void later.box.add({ kind: "edit", base: task, changes: { title: "A better plan" } });
  await expect.poll(() => later.asked).toContainEqual(["get", 7]);
});

test("whoever needs the service's id of a new task waits for it, or hears that there is none to be had", async () => {
  const { box, answers } = await outbox();
  const [made, refused] = [draft(), draft()];
  for (const task of [made, refused]) void box.add({ kind: "create", task });
  const [named, never] = [box.named(made.id), box.named(refused.id).catch((error: unknown) => error)];
  answers[0]?.resolve({ ...made, id: 7 });
  expect([await named, box.idOf(made.id), await box.named(7)]).toEqual([7, 7, 7]);
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.reject(NO);
  expect(await never).toBeInstanceOf(Unreachable);
});

test("what is done before it is known what earlier visits have left is about the task that the service made", async () => {
  const { box, browser, answers, close } = await outbox();
  const task = draft();
  const made = box.add({ kind: "create", task });
  answers[0]?.resolve({ ...task, id: 7 });
  await made;
  close();
  const later = await outbox(browser, (early) => {
    void early.add({ kind: "edit", base: task, changes: { title: "A better plan" } });
  });
  await expect.poll(() => later.asked).toEqual([["get", 7]]);
});

test("a new task that is refused takes what was typed into it along, and nobody waits for ever", async () => {
  const { box, answers, handedBack, asked } = await outbox();
  const task = draft();
  const outcomes = Promise.all([
    box.add({ kind: "create", task }),
    box.add({ kind: "edit", base: task, changes: { description: "in detail" } }),
    box.add({ kind: "complete", tasks: [task], completed: true }),
  ]);
  answers[0]?.reject(NO);
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({
      result: "refused",
      refusal: {
        reason: "Not this one.",
        write: { kind: "create", task: { title: "Plan", description: "in detail" } },
      },
    });
  }
  expect([box.entries.get(), handedBack, asked.length]).toEqual([[], [], 1]);
});

test("what was to stand beneath a task gets that task's later name, and stands alone where there will be none", async () => {
  for (const [becomes, parent, moves] of [
    ["made", 7, 1],
    ["refused", null, 0],
  ] as const) {
    const { box, answers, asked } = await outbox();
    const upper = draft();
    void box.add({ kind: "create", task: upper });
    void box.add({ kind: "create", task: draftTask({ ...NO_FIELDS, title: "Step" }, "ada", upper.id) });
    void box.add({ kind: "move", task: { ...draft(), id: 3 }, after: upper.id, parent: upper.id });
    if (becomes === "made") answers[0]?.resolve({ ...upper, id: 7 });
    else answers[0]?.reject(NO);
    await expect.poll(() => asked.length).toBe(2);
    const left = box.entries.get().filter(({ state }) => state !== "sent");
    expect(left[0]?.write).toMatchObject({ kind: "create", task: { title: "Step", parent_id: parent } });
    const later = left.flatMap(({ write }) => (write.kind === "move" ? write : []));
    expect(later.map((write) => [write.after, write.parent])).toEqual(Array.from({ length: moves }, () => [7, 7]));
  }
});

test("closed, it stores nothing, sends nothing, and tells nobody", async () => {
  const { box, browser, answers, asked } = await outbox();
  const task = draft();
  let told = 0;
  for (const one of [task, draft()]) void box.add({ kind: "create", task: one }).then(() => told++);
  await expect.poll(() => browser.entries.size).toBe(2);
  box.close();
  browser.entries.clear(); // the person has signed out
  answers[0]?.resolve({ ...task, id: 7 });
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect([browser.entries.size, asked.length, told]).toEqual([0, 1, 0]);
});

test("all tabs show it, the one in which it was done sends it, and then nobody has it any more", async () => {
  const one = await outbox();
  const other = await outbox(one.browser);
  const task = draft();
  void one.box.add({ kind: "create", task });
  await expect.poll(() => other.box.entries.get().length).toBe(1);
  one.answers[0]?.resolve({ ...task, id: 7 });
  await expect
    .poll(() => [one.box.entries.get(), other.box.entries.get(), one.browser.entries.size])
    .toEqual([[], [], 0]);
  expect([one.asked.length, other.asked.length]).toEqual([1, 0]);
  expect(other.box.shownAs(7)).toBe(task.id);
});

test("what a tab that is gone has left is sent by one other, with the same key", async () => {
  const gone = await outbox();
  void gone.box.add({ kind: "create", task: draft() });
  await expect.poll(() => gone.browser.entries.size).toBe(1);
  const [key] = gone.browser.entries.keys();
  const others = [await outbox(gone.browser), await outbox(gone.browser)];
  expect(others.flatMap(({ asked }) => asked)).toEqual([]);
  gone.close();
  await expect.poll(() => others.flatMap(({ asked }) => asked)).toEqual([["create", undefined]]);
  expect([...gone.browser.entries.keys()]).toEqual([key]);
  others[0]?.answers[0]?.resolve({ ...draft(), id: 7 });
  await expect.poll(() => gone.browser.entries.size).toBe(0);
  await expect.poll(() => others.flatMap(({ box }) => box.entries.get())).toEqual([]);
});

test("what is done to a task of another tab waits until the service has named that", async () => {
  const maker = await outbox();
  const other = await outbox(maker.browser);
  const task = draft();
  void maker.box.add({ kind: "create", task });
  await expect.poll(() => other.box.entries.get().length).toBe(1);
  void other.box.add({ kind: "complete", tasks: [task], completed: true });
  maker.answers[0]?.reject(new Unreachable("Away."));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(other.asked).toEqual([]);
  void maker.box.flush();
  await expect.poll(() => maker.answers.length).toBe(2);
  maker.answers[1]?.resolve({ ...task, id: 7 });
  await expect.poll(() => other.asked).toEqual([["complete", 7]]);
});

test("what may have been made longer ago than the service remembers is not made again unasked", async () => {
  const gone = await outbox();
  void gone.box.add({ kind: "create", task: draft() });
  await expect.poll(() => [...gone.browser.entries.values()].map(({ state }) => state)).toEqual(["sending"]);
  for (const [key, entry] of gone.browser.entries)
    gone.browser.entries.set(key, { ...entry, tried: { at: Date.now() - 24 * 60 * 60 * 1000, newest: 0 } });
  gone.close();
  const later = await outbox(gone.browser);
  await expect.poll(() => later.handedBack).toMatchObject([{ write: { kind: "create", task: { title: "Plan" } } }]);
  expect([later.asked, gone.browser.entries.size]).toEqual([[], 0]);
});
