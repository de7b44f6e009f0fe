/** What a person does to tasks, and what the lists look like once it is done. */

import { keyBelow, keyBetween } from "../../lib/order.ts";
import { byHand, LEVELS, placeOf, Tree } from "../data/list/tree.ts";
import { type DeletedTask, fieldsOf, same, type Task, type TaskFields } from "../data/types.ts";

export type Write =
  | { kind: "create"; task: Task }
  | { kind: "edit"; base: Task; changes: Partial<TaskFields> }
  | { kind: "complete"; tasks: Task[]; completed: boolean; at?: string }
  /** To other days; what that changes of each, in the order of the tasks. */
  | { kind: "date"; tasks: Task[]; changes: DateChange[] }
  /** Behind a task, null: to the top; beneath a parent, null: to the top level. */
  | { kind: "move"; task: Task; after: number | null; parent: number | null }
  | { kind: "delete"; tasks: Task[] }
  /** `along`: what comes back with them, as far as is known. */
  | { kind: "restore"; tasks: Task[]; along?: Task[] }
  | { kind: "empty-trash" };

/** Without a due date nothing comes again. */
export type DateChange = Pick<TaskFields, "due_date"> & Partial<Pick<TaskFields, "recurrence">>;

/** The task that `fields` make, under a number of its own until the service has given it one. */
export function draftTask(fields: TaskFields, userId: string, parent: number | null = null): Task {
  const now = new Date().toISOString();
  const unsaid = { completed: false, completed_at: null, reminders: [], parent_id: parent };
  const once = { series_id: null, next_id: null };
  const made = { ...unsaid, position: "", created_at: now, updated_at: now, etag: "" }; // above all that have a position
  return { id: temporaryId(), user_id: userId, ...fields, ...made, ...once };
}

/** The ids of the service begin at 1. */
export function isTemporary(id: number): boolean {
  return id < 0;
}

/** The tasks that a write is about, as they were when it was made. */
export function tasksOf(write: Write): readonly Task[] {
  switch (write.kind) {
    case "create":
    case "move":
      return [write.task];
    case "edit":
      return [write.base];
    case "empty-trash":
      return [];
    default:
      return write.tasks;
  }
}

/** The ids of all tasks that it names. */
export function idsIn(write: Write): number[] {
  const ids = tasksOf(write).map(({ id }) => id);
  if (write.kind === "create") ids.push(...given(write.task.parent_id));
  if (write.kind === "move") ids.push(...given(write.after), ...given(write.parent));
  return ids;
}

function given(id: number | null): number[] {
  return id === null ? [] : [id];
}

/** The same write, about newer copies of its tasks; `was` is the id under which a task is known here. */
export function rebased(write: Write, was: number, task: Task): Write {
  switch (write.kind) {
    case "edit":
      return write.base.id === was ? { ...write, base: task } : write;
    case "create":
      if (write.task.id === was) return { ...write, task };
      return write.task.parent_id === was ? { ...write, task: { ...write.task, parent_id: task.id } } : write;
    case "move":
      if (!idsIn(write).includes(was)) return write;
      return {
        ...write,
        task: write.task.id === was ? task : write.task,
        after: write.after === was ? task.id : write.after,
        parent: write.parent === was ? task.id : write.parent,
      };
    case "empty-trash":
      return write;
    default:
      return { ...write, tasks: write.tasks.map((one) => (one.id === was ? task : one)) };
  }
}

/** A write that is under way; `tried` says the newest id before it could have been done, null that it cannot have been. */
export interface Pending {
  readonly write: Write;
  readonly tried: { readonly newest: number } | null;
}

/** All live tasks with the writes done, in no order. */
export function project(tasks: ReadonlyMap<number, Task>, pending: readonly Pending[]): Task[] {
  const after = new Map(tasks);
  for (const made of pending) withdraw(after, made);
  const top = new Top(after);
  for (const { write } of pending) apply(after, write, top);
  return [...after.values()];
}

/** What is beneath a task goes where it goes, but is not reopened with it. */
function apply(tasks: Map<number, Task>, write: Write, top: Top): void {
  const set = (task: Task, change: Partial<Task>) => tasks.set(task.id, { ...(tasks.get(task.id) ?? task), ...change });
  switch (write.kind) {
    case "create":
      return void set(write.task, isTemporary(write.task.id) ? { position: top.next() } : {});
    case "edit":
      return void set(write.base, write.changes);
    case "date":
      return write.tasks.forEach((task, index) => set(task, write.changes[index] ?? {}));
    case "complete": {
      const { completed, at } = write;
      const change = { completed, completed_at: (completed && at) || null };
      const along = completed ? beneath(tasks, write.tasks).filter((task) => !task.completed) : [];
      return [...write.tasks, ...along].forEach((task) => set(task, change));
    }
    case "move":
      if (tasks.has(write.task.id) && !isBeneath(tasks, write.parent, write.task.id))
        set(write.task, { parent_id: write.parent, position: placeOfMove(tasks, write) ?? top.next() });
      return;
    case "delete":
      return [...beneath(tasks, write.tasks), ...write.tasks].forEach(({ id }) => tasks.delete(id));
    case "restore":
      return [...write.tasks, ...(write.along ?? [])].forEach((task) => set(task, {}));
  }
}

/** Others may have put the new parent beneath the task meanwhile: the service will refuse the move. */
function isBeneath(tasks: ReadonlyMap<number, Task>, id: number | null, upper: number): boolean {
  for (let at = id, level = 0; at !== null && level <= LEVELS; level++) {
    if (at === upper) return true;
    at = tasks.get(at)?.parent_id ?? null;
  }
  return false;
}

function beneath(tasks: ReadonlyMap<number, Task>, upper: readonly Task[]): Task[] {
  const tree = new Tree(tasks.values());
  return upper.flatMap(({ id }) => tree.beneath(id));
}

/** Places above all others, each above the one before: what is made or put there last is the first. */
class Top {
  readonly #tasks: ReadonlyMap<number, Task>;
  #least: string | null = null;

  constructor(tasks: ReadonlyMap<number, Task>) {
    this.#tasks = tasks;
  }

  next(): string {
    this.#least ??= [...this.#tasks.values()].map(placeOf).reduce((one, other) => (one < other ? one : other), "g");
    return (this.#least = keyBelow(this.#least));
  }
}

/** Null: at the top. */
function placeOfMove(tasks: ReadonlyMap<number, Task>, { task, after }: Write & { kind: "move" }): string | null {
  if (after === null) return null;
  const upper = tasks.get(after);
  if (!upper) return placeOf(task); // it has gone meanwhile: the service knows where it was
  let next: Task | null = null;
  for (const one of tasks.values())
    if (one.id !== task.id && byHand(one, upper) > 0 && (!next || byHand(one, next) < 0)) next = one;
  return keyBetween(placeOf(upper), next && placeOf(next));
}

/** The list may tell of a new task before the answer does, or the answer be lost: then it is there already. */
function withdraw(tasks: Map<number, Task>, { write, tried }: Pending): void {
  if (write.kind !== "create" || !isTemporary(write.task.id) || !tried) return;
  const wanted = fieldsOf(write.task);
  for (const task of tasks.values())
    if (task.id > tried.newest && same(fieldsOf(task), wanted)) return void tasks.delete(task.id);
}

/** The trash with the writes done. */
export function projectTrash(trash: readonly DeletedTask[], writes: readonly Write[]): DeletedTask[] {
  let list = [...trash];
  for (const write of writes) {
    if (write.kind === "empty-trash") list = [];
    if (write.kind !== "delete" && write.kind !== "restore") continue;
    const ids = new Set(write.tasks.map((task) => task.id));
    const fresh = write.kind === "delete" ? write.tasks.filter((task) => !list.some(({ id }) => id === task.id)) : [];
    const kept = write.kind === "restore" ? list.filter((task) => !ids.has(task.id)) : list;
    list = [...fresh.map((task) => ({ ...task, deleted_at: new Date().toISOString() })), ...kept];
  }
  return list;
}

let lastId = 0;

function temporaryId(): number {
  lastId = Math.max(lastId + 1, Date.now());
  return -lastId;
}
