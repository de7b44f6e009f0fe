/** The rows of a list. */

import { dayOf, dueDay } from "../dates/due.ts";
import type { Filters } from "./filters.ts";
import { select } from "./select.ts";
import { flat, type Row, shaped, type Tree, treeOf } from "./tree.ts";
import type { Task } from "../types.ts";

/** What is sought is seen. */
const NONE: ReadonlySet<number> = new Set();

export function arrange(all: readonly Task[], filters: Filters, now: Date, folded: ReadonlySet<number>): Row[] {
  const found = select(all, filters, now);
  const tree = treeOf(all);
  if (isByHand(filters)) return shaped(found, tree, filters.search ? NONE : folded);
  if (!isByDay(filters)) return flat(found, tree);
  return filters.status === "completed" ? byCompletion(found, tree) : byDueDay(found, tree, dayOf(now));
}

/** The latest first. */
function byCompletion(found: readonly Task[], tree: Tree): Row[] {
  const when = ({ completed_at: at }: Task) => at ?? "";
  const latest = found.toSorted((one, other) => (when(one) < when(other) ? 1 : when(one) > when(other) ? -1 : 0));
  return flat(latest, tree).map((row) => ({ ...row, under: when(row.task) && dayOf(new Date(when(row.task))) }));
}

/** What is sorted stays in its order within a day. */
function byDueDay(found: readonly Task[], tree: Tree, today: string): Row[] {
  const dayIn = ({ due_date: due }: Task) => (due === null || dueDay(due) < today ? OVERDUE : dueDay(due));
  const rows = flat(found, tree).map((row) => ({ ...row, under: dayIn(row.task) }));
  const days = [...new Set(rows.map(({ under }) => under))].toSorted();
  const order = new Map([OVERDUE, ...days.filter((day) => day !== OVERDUE)].map((day, place) => [day, place]));
  return rows.sort((one, other) => (order.get(one.under) ?? 0) - (order.get(other.under) ?? 0));
}

/** Whether the list has the order by hand, with what is beneath a task beneath it, so that rows can be moved. */
export function isByHand({ sort, due, status }: Filters): boolean {
  return sort === "position" && due === "any" && status !== "completed";
}

/** Whether it has a heading for each day: of what is due, or of when it was completed. */
function isByDay({ sort, due, status }: Filters): boolean {
  return (sort === "position" && status === "completed") || (due !== "any" && ["position", "due_date"].includes(sort));
}

/** What stands above all days. */
export const OVERDUE = "overdue";
