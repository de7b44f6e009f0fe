/** What a person does to tasks, and how the list looks until the service has done it. */

import type { Api, NewTask, Task, TaskChanges } from "../api.js";

export type Write =
  | {
      readonly kind: "add";
      readonly id: number;
      readonly task: NewTask;
      /** The newest known. */ readonly after: number;
    }
  | { readonly kind: "update"; readonly id: number; readonly changes: TaskChanges }
  | { readonly kind: "complete"; readonly id: number; readonly completed: boolean }
  | { readonly kind: "delete"; readonly id: number };

/** What became of tasks that were known here, under an id of our own, before the service had them. */
const saved = new Map<number, Task>();

let lastOwn = 0;

/** The service's begin at 1. */
export function ownId(): number {
  return --lastOwn;
}

/** By its turn the task of an earlier write is saved, and has another id. */
export async function send(api: Api, write: Write): Promise<Task | void> {
  const id = idOf(write);
  switch (write.kind) {
    case "add": {
      const task = await api.createTask(write.task);
      saved.set(write.id, task);
      return task;
    }
    case "update":
      return await api.updateTask(id, write.changes);
    case "complete":
      return await api.completeTask(id, write.completed);
    case "delete":
      return await api.deleteTask(id);
  }
}

/** The list with the writes done. The list may have them already, for a moment: done twice they do no more. */
export function withWrites(list: readonly Task[], writes: readonly Write[]): readonly Task[] {
  const tasks = new Map(list.map((task) => [task.id, task]));
  const added: number[] = [];
  const told = new Map<number, number>();
  for (const write of writes) {
    if (write.kind === "add" && !saved.has(write.id)) {
      const its = list.find((task) => isOf(write, task) && ![...told.values()].includes(task.id));
      if (its) told.set(write.id, its.id);
    }
    const id = told.get(write.id) ?? idOf(write);
    const task = tasks.get(id);
    if (write.kind === "add") {
      if (!task) {
        tasks.set(id, saved.get(write.id) ?? draft(write, list[0]?.user_id ?? ""));
        added.unshift(id);
      }
    } else if (write.kind === "delete") tasks.delete(id);
    else if (task)
      tasks.set(id, changed(task, write.kind === "update" ? write.changes : { completed: write.completed }));
  }
  const order = [...added, ...list.map((task) => task.id)];
  return order.map((id) => tasks.get(id)).filter((task) => task !== undefined);
}

/** The tasks that they are about. */
export function idsOf(writes: readonly Write[]): ReadonlySet<number> {
  return new Set(writes.map(idOf));
}

function idOf({ id }: Write): number {
  return saved.get(id)?.id ?? id;
}

/** As far as can be told: a stream may tell of a task before the answer to its creation is here. */
function isOf({ task: { title }, after }: Write & { kind: "add" }, task: Task): boolean {
  return task.id > after && task.title === title.trim();
}

function draft({ id, task }: Write & { kind: "add" }, user: string): Task {
  const now = new Date().toISOString();
  return {
    id,
    user_id: user,
    title: task.title,
    description: task.description ?? null,
    completed: task.completed ?? false,
    completed_at: null,
    priority: task.priority ?? "medium",
    due_date: task.due_date ?? null,
    recurrence: task.recurrence ? { time_zone: null, from: "due", ...task.recurrence } : null,
    series_id: null,
    next_id: null,
    tags: task.tags ?? [],
    reminders: task.reminders ?? [],
    parent_id: task.parent_id ?? null,
    position: "", // above all that have one
    created_at: now,
    updated_at: now,
    etag: "", // which nothing has
  };
}

/** What is not named stays, null clears. */
function changed(task: Task, changes: TaskChanges): Task {
  const named = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...task, ...Object.fromEntries(named) };
}
