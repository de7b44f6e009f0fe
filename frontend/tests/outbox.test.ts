/** What is kept until the service has it, and what becomes of it when the service says no, or the person leaves. */

import { expect, test } from "vitest";
import { type Api, Problem } from "../lib/api";
import { NO_FIELDS, type Task } from "../app/data/types";
import type { Connection, Link } from "../app/sync/connection";
import { Outbox, type Refusal } from "../app/sync/outbox";
import type { TabStorage } from "../app/sync/storage";
import { Store } from "../app/sync/store";
import { draftTask } from "../app/sync/writes";

const NO = new Problem({ type: "about:blank", title: "No", status: 422, detail: "Not this one." });

function draft(): Task {
  return draftTask({ ...NO_FIELDS, title: "Plan" }, "ada");
}

/** An outbox whose service answers when the test says so. */
function outbox(stored = new Map<string, string>()) {
  const answers: { resolve: (task: Task) => void; reject: (error: unknown) => void }[] = [];
  const asked: [string, number | undefined][] = [];
  const handedBack: Refusal[] = [];
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
    storage: {
      read: (name: string) => JSON.parse(stored.get(name) ?? "null") as unknown,
      write: (name: string, value: unknown) =>
        void (value === null ? stored.delete(name) : stored.set(name, JSON.stringify(value))),
    } as unknown as TabStorage,
    refresh: () => Promise.resolve(),
    onRefusal: (refusal) => handedBack.push(refusal),
  });
  return { box, stored, answers, asked, handedBack };
}

test("a write about a task by its first id is about the task that the service made, after a reload, too", async () => {
  const { box, stored, answers, asked } = outbox();
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
  const later = outbox(stored);
  expect(later.box.shownAs(7)).toBe(task.id);
  void later.box.add({ kind: "edit", base: task, changes: { title: "A better plan" } });
  await expect.poll(() => later.asked).toContainEqual(["get", 7]);
});

test("a new task that is refused takes what was typed into it along, and nobody waits for ever", async () => {
  const { box, answers, handedBack, asked } = outbox();
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

test("closed, it stores nothing, sends nothing, and tells nobody", async () => {
  const { box, stored, answers, asked } = outbox();
  const task = draft();
  let told = 0;
  for (const one of [task, draft()]) void box.add({ kind: "create", task: one }).then(() => told++);
  box.close();
  stored.clear(); // the person has signed out
  answers[0]?.resolve({ ...task, id: 7 });
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect([stored.size, asked.length, told]).toEqual([0, 1, 0]);
});
