/** What a person does to tasks, and what the lists look like once it is done. */

import { type DeletedTask, fieldsOf, same, type Task, type TaskFields } from "../data/types.ts";

export type Write =
  | { kind: "create"; task: Task }
  | { kind: "edit"; base: Task; changes: Partial<TaskFields> }
  | { kind: "complete"; tasks: Task[]; completed: boolean }
  | { kind: "delete"; tasks: Task[] }
  | { kind: "restore"; tasks: Task[] }
  | { kind: "empty-trash" };

/** The task that `fields` make, under a number of its own until the service has given it one. */
export function draftTask(fields: TaskFields, userId: string): Task {
  const now = new Date().toISOString();
  const unsaid = { completed: false, completed_at: null, reminders: [], parent_id: null };
  const once = { recurrence: null, series_id: null, next_id: null };
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
      return [write.task];
    case "edit":
      return [write.base];
    case "empty-trash":
      return [];
    default:
      return write.tasks;
  }
}

/** The same write, about newer copies of its tasks; `was` is the id under which a task is known here. */
export function rebased(write: Write, was: number, task: Task): Write {
  switch (write.kind) {
    case "edit":
      return write.base.id === was ? { ...write, base: task } : write;
    case "create":
      return write.task.id === was ? { ...write, task } : write;
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
  for (const { write } of pending)
    for (const task of tasksOf(write)) {
      if (write.kind === "delete") after.delete(task.id);
      else after.set(task.id, changed(after.get(task.id) ?? task, write));
    }
  return [...after.values()];
}

/** The list may tell of a new task before the answer does, or the answer be lost: then it is there already. */
function withdraw(tasks: Map<number, Task>, { write, tried }: Pending): void {
  if (write.kind !== "create" || !isTemporary(write.task.id) || !tried) return;
  const wanted = fieldsOf(write.task);
  for (const task of tasks.values())
    if (task.id > tried.newest && same(fieldsOf(task), wanted)) return void tasks.delete(task.id);
}

function changed(task: Task, write: Write): Task {
  if (write.kind === "edit") return { ...task, ...write.changes };
  return write.kind === "complete" ? { ...task, completed: write.completed } : task;
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
