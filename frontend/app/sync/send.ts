/** How each write is sent, so that sending it again after a lost answer does no more than sending it once. */

import { type Api, type BatchResult, type NewTask, type Operation, Problem } from "../../lib/api";
import { fieldsOf, same, type Task, type TaskFields } from "../data/types";
import type { DateChange, Write } from "./writes";
import { t } from "../text";

/** The task was changed elsewhere, in the same fields, since the person saw it. */
export class Conflict extends Error {
  override readonly name = "Conflict";
  readonly current: Task;
  readonly fields: readonly (keyof TaskFields)[];

  constructor(current: Task, fields: readonly (keyof TaskFields)[]) {
    super("This task was changed somewhere else in the meantime.");
    this.current = current;
    this.fields = fields;
  }
}

/** Between what was changed here and what others made of the task since it was `base`; null where both can be had. */
export function conflictOf(base: Task, changes: Partial<TaskFields>, current: Task): Conflict | null {
  const names = Object.keys(changes) as (keyof TaskFields)[];
  const clashes = names.filter((name) => !same(current[name], base[name]) && !same(current[name], changes[name]));
  return clashes.length ? new Conflict(current, clashes) : null;
}

/** Some of a batch could not be done. */
export class PartlyDone extends Error {
  override readonly name = "PartlyDone";
}

const BATCH_LIMIT = 100;

const RACES = 3;

/** As many as one request may hold: what must begin anew because there were too many would never come to its end. */
export function portions(write: Write): Write[] {
  if (!("tasks" in write) || write.tasks.length <= BATCH_LIMIT) return [write];
  const parts = Math.ceil(write.tasks.length / BATCH_LIMIT);
  return Array.from({ length: parts }, (_, index) => index * BATCH_LIMIT).map((start) => {
    const part = { ...write, tasks: write.tasks.slice(start, start + BATCH_LIMIT) };
    return part.kind === "date" ? { ...part, changes: part.changes.slice(start, start + BATCH_LIMIT) } : part;
  });
}

/** Returns the service's copies of the tasks, in the order of the write. */
export async function send(api: Api, write: Write, key: string): Promise<Task[]> {
  switch (write.kind) {
    case "create":
      return [await api.createTask(newTask(write.task), { idempotencyKey: key })];
    case "edit":
      return [await edit(api, write.base, write.changes)];
    case "complete":
      return complete(api, write.tasks, write.completed, key);
    case "date":
      return date(api, write.tasks, write.changes, key);
    case "move":
      return [await api.moveTask(write.task.id, { after: write.after, parent_id: write.parent })];
    case "delete":
      return remove(api, write.tasks, key);
    case "restore":
      return restore(api, write.tasks, key);
    case "empty-trash":
      await api.emptyTrash();
      return [];
  }
}

function newTask(task: Task): NewTask {
  return { ...fieldsOf(task), ...(task.parent_id !== null && { parent_id: task.parent_id }) };
}

/** Merged with what others changed in other fields; `Conflict` when it is about the same ones. */
async function edit(api: Api, base: Task, changes: Partial<TaskFields>): Promise<Task> {
  let known: string | undefined = base.etag; // a tab may hold a task that a page before this one has read, without
  for (let race = 0; ; race++) {
    try {
      if (known) return await api.updateTask(base.id, changes, { ifMatch: known });
    } catch (error) {
      if (!(error instanceof Problem && error.status === 412) || race > RACES) throw error;
    }
    const current = await api.getTask(base.id);
    const conflict = conflictOf(base, changes, current);
    if (conflict) throw conflict;
    known = api.etagOf(current);
  }
}

async function complete(api: Api, tasks: readonly Task[], completed: boolean, key: string): Promise<Task[]> {
  if (tasks.length === 1 && tasks[0]) return [await api.completeTask(tasks[0].id, completed)];
  const operations = tasks.map(({ id }) => ({ op: "complete" as const, id, completed }));
  return done(await batch(api, operations, key));
}

/** Whatever it was meanwhile: the day that was chosen last is the one. */
async function date(api: Api, tasks: readonly Task[], changes: readonly DateChange[], key: string): Promise<Task[]> {
  if (tasks.length === 1 && tasks[0]) return [await api.updateTask(tasks[0].id, changes[0] ?? {})];
  const operations = tasks.map(({ id }, index) => ({ op: "update" as const, id, task: changes[index] ?? {} }));
  return done(await batch(api, operations, key));
}

/** A task that is gone already is what was wanted. */
async function remove(api: Api, tasks: readonly Task[], key: string): Promise<Task[]> {
  if (tasks.length === 1 && tasks[0]) await api.deleteTask(tasks[0].id).catch(unlessGone);
  else {
    const { results } = await batch(
      api,
      tasks.map(({ id }) => ({ op: "delete" as const, id })),
      key,
    );
    done({ atomic: false, results: results.filter(({ status }) => status !== 404) });
  }
  return [];
}

/** What is no longer in the trash may be back already: with a task that it had gone with. */
async function restore(api: Api, tasks: readonly Task[], key: string): Promise<Task[]> {
  const operations = tasks.map(({ id }) => ({ op: "restore" as const, id }));
  const { atomic, results } = await batch(api, operations, key);
  const found = results.map(async (result, index) => {
    const task = tasks[index];
    if (result.status !== 404 || !task) return result;
    const back = await api.getTask(task.id).catch((error: unknown) => {
      if (tasks.length === 1) throw error;
      unlessGone(error);
    });
    return back ? { ...result, status: 200 as const, task: back } : result;
  });
  return done({ atomic, results: await Promise.all(found) });
}

function batch(api: Api, operations: Operation[], key: string): Promise<BatchResult> {
  return api.batchTasks({ atomic: false, operations }, { idempotencyKey: key });
}

function done({ results }: BatchResult): Task[] {
  const failed = results.filter(({ status }) => status >= 400);
  if (failed.length) throw new PartlyDone(t.partly(failed.length, results.length));
  return results.flatMap(({ task }) => task ?? []);
}

function unlessGone(error: unknown): void {
  if (!(error instanceof Problem && error.status === 404)) throw error;
}
