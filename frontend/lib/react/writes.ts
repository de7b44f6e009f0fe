/** What a person does to tasks, and how the list looks until the service has done it. */

import type { Api, MoveTask, NewTask, Task, TaskChanges } from "../api.js";
import { keyBelow, keyBetween } from "../order.js";

export type Write =
  | {
      readonly kind: "add";
      readonly id: number;
      readonly task: NewTask;
      /** The newest known. */ readonly after: number;
    }
  | { readonly kind: "update"; readonly id: number; readonly changes: TaskChanges }
  | { readonly kind: "complete"; readonly id: number; readonly completed: boolean }
  | { readonly kind: "move"; readonly id: number; readonly to: MoveTask }
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
      const task = await api.createTask(named(write.task));
      saved.set(write.id, task);
      return task;
    }
    case "update":
      return await api.updateTask(id, write.changes);
    case "complete":
      return await api.completeTask(id, write.completed);
    case "move":
      return await api.moveTask(id, { ...named(write.to), ...afterOf(write.to) });
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
    } else if (task) for (const one of changedBy(write, task, tasks)) tasks.set(one.id, one);
    if (write.kind === "delete") for (const one of [...beneath(id, tasks), id]) tasks.delete(one);
  }
  const order = [...added, ...list.map((task) => task.id)];
  return order.map((id) => tasks.get(id)).filter((task) => task !== undefined);
}

/** What is beneath a task is completed with it. */
function changedBy(write: Write, task: Task, tasks: ReadonlyMap<number, Task>): Task[] {
  if (write.kind === "update") return [changed(task, write.changes)];
  if (write.kind === "move") return [moved(task, write.to, tasks)];
  if (write.kind !== "complete") return [];
  const { completed } = write;
  const along = completed ? beneath(task.id, tasks).map((id) => tasks.get(id) as Task) : [];
  return [task, ...along].map((one) => changed(one, { completed }));
}

function beneath(id: number, tasks: ReadonlyMap<number, Task>): number[] {
  const found = [id];
  for (let at = 0; at < found.length; at++)
    for (const task of tasks.values()) if (task.parent_id === found[at]) found.push(task.id);
  return found.slice(1);
}

/** Its place is between its neighbours' until the service has given it one. */
function moved(task: Task, to: MoveTask, tasks: ReadonlyMap<number, Task>): Task {
  const others = [...tasks.values()].filter(({ id }) => id !== task.id);
  const upper = to.after == null ? undefined : tasks.get(idOf({ id: to.after }));
  const said = to.parent_id === undefined ? (upper ?? task).parent_id : to.parent_id;
  const parent = said === null ? null : idOf({ id: said });
  // Others may have put the one beneath the other meanwhile: the service will refuse it.
  if (parent !== null && [task.id, ...beneath(task.id, tasks)].includes(parent)) return task;
  const places = others.map(({ position }) => position).filter((place) => place !== "");
  const next = places.filter((place) => !upper || place > upper.position).reduce(least, "g");
  const position = upper ? keyBetween(upper.position, next) : keyBelow(next);
  return { ...task, position, parent_id: parent };
}

function least(one: string, other: string): string {
  return one < other ? one : other;
}

/** By the ids that the service knows. */
function named<T extends { parent_id?: number | null | undefined }>(said: T): T {
  return said.parent_id == null ? said : { ...said, parent_id: idOf({ id: said.parent_id }) };
}

function afterOf({ after }: MoveTask): Pick<MoveTask, "after"> {
  return after == null ? {} : { after: idOf({ id: after }) };
}

/** The tasks that they are about. */
export function idsOf(writes: readonly Write[]): ReadonlySet<number> {
  return new Set(writes.map(idOf));
}

function idOf({ id }: { readonly id: number }): number {
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
