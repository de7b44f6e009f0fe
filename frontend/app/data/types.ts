import type { components } from "../../lib/schema.d.ts";
import { t } from "../text/index.ts";

export type Task = components["schemas"]["Task"];
export type DeletedTask = components["schemas"]["DeletedTask"];
export type Stats = components["schemas"]["TaskStats"];
export type Recurrence = NonNullable<Task["recurrence"]>;
export type Priority = components["schemas"]["Priority"];

const EMPTY = {
  title: "",
  description: null,
  priority: "medium",
  due_date: null,
  recurrence: null,
  tags: [],
} satisfies Partial<Task>;

/** What a person can type into a task's form, in the API's own terms. */
export type TaskFields = Pick<Task, keyof typeof EMPTY>;

export const NO_FIELDS: TaskFields = EMPTY;

/** The most urgent first. */
export const PRIORITIES: readonly Priority[] = ["urgent", "high", "medium", "low"];

export const PRIORITY_NAMES: Record<Priority, string> = t.priorities;

export const LIMITS = { title: 200, description: 1000, tag: 50, tags: 20, search: 200 } as const;

export function fieldsOf(task: Task): TaskFields {
  const names = Object.keys(NO_FIELDS) as (keyof TaskFields)[];
  return Object.fromEntries(names.map((name) => [name, task[name] ?? NO_FIELDS[name]])) as unknown as TaskFields;
}

/** The members of `fields` that differ from `base`: a merge patch. */
export function changesFrom(base: TaskFields, fields: TaskFields): Partial<TaskFields> {
  const changed = (Object.keys(fields) as (keyof TaskFields)[]).filter((name) => !same(base[name], fields[name]));
  return Object.fromEntries(changed.map((name) => [name, fields[name]]));
}

/** Whether two values of a field mean the same; tags have an order. */
export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
