/** What the list shows: kept in the address, so that a reload, a bookmark and the back button find it again. */

import { addDays, dayOf, dueDay, isOver } from "../dates/due.ts";
import { folded, has } from "../folding.ts";
import { PRIORITIES, type Priority, type Task } from "../types.ts";

export const STATUSES = ["pending", "completed", "all"] as const;
export const DUES = ["any", "overdue", "today", "week"] as const;
export const SORTS = ["position", "-created", "due_date", "-priority", "title", "-updated"] as const;

export interface Filters {
  status: (typeof STATUSES)[number];
  due: (typeof DUES)[number];
  priority: Priority | "any";
  tags: readonly string[];
  search: string;
  sort: (typeof SORTS)[number];
}

export const NO_FILTERS: Filters = {
  status: "pending",
  due: "any",
  priority: "any",
  tags: [],
  search: "",
  sort: "position",
};

/** Whether anything but the status narrows the list. */
export function isNarrowed(filters: Filters): boolean {
  return filters.due !== "any" || filters.priority !== "any" || filters.tags.length > 0 || filters.search !== "";
}

/** `usual` is the order where the address names none. */
export function readFilters(query: URLSearchParams, usual = NO_FILTERS.sort): Filters {
  return {
    status: oneOf(STATUSES, query.get("status"), NO_FILTERS.status),
    due: oneOf(DUES, query.get("due"), NO_FILTERS.due),
    priority: oneOf(["any", ...PRIORITIES] as const, query.get("priority"), NO_FILTERS.priority),
    tags: query.getAll("tag"),
    search: query.get("search") ?? "",
    sort: oneOf(SORTS, query.get("sort"), usual),
  };
}

/** Only what differs from the beginning, so that the usual address stays clean; the order if there is another usual one. */
export function writeFilters(filters: Filters, usual = NO_FILTERS.sort): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of ["status", "due", "priority", "search", "sort"] as const)
    if (filters[name] !== NO_FILTERS[name]) query.set(name, filters[name]);
  if (usual !== NO_FILTERS.sort) query.set("sort", filters.sort);
  for (const tag of filters.tags) query.append("tag", tag);
  return query;
}

/** Whether the list shows the task. */
export function matches(task: Task, filters: Filters, now: Date): boolean {
  return (
    (filters.status === "all" || task.completed === (filters.status === "completed")) &&
    (filters.priority === "any" || task.priority === filters.priority) &&
    filters.tags.every((tag) => task.tags.includes(tag)) &&
    contains(task, filters.search) &&
    isDue(task, filters.due, now)
  );
}

export function isDue(task: Task, due: Filters["due"], now: Date): boolean {
  if (due === "any") return true;
  if (task.due_date === null) return false;
  const day = dueDay(task.due_date);
  const today = dayOf(now);
  if (due === "overdue") return !task.completed && isOver(task.due_date, now);
  if (due === "today") return day === today || (day < today && !task.completed); // what was to be done is still
  return day >= today && day < addDays(today, 7);
}

/** In a tag too, or in the number sign and a tag: the service's own searches look at titles and notes alone. */
function contains(task: Task, text: string): boolean {
  const sought = folded(text);
  const tags = task.tags.map((tag) => `#${tag}`);
  return [task.title, task.description ?? "", ...tags].some((part) => has(part, sought));
}

function oneOf<T extends string>(values: readonly T[], value: string | null, otherwise: T): T {
  return values.find((known) => known === value) ?? otherwise;
}
