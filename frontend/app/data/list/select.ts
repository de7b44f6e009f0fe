/** Lists and counts of the tasks that are here, with the service's own meaning of orders and searches. */

import { isDay } from "../dates/due.ts";
import { type Filters, isDue, matches } from "./filters.ts";
import { folded } from "../folding.ts";
import { byHand } from "./tree.ts";
import { isTemporary } from "../../sync/writes.ts";
import { PRIORITIES, type Stats, type Task } from "../types.ts";

/** What the list shows, in its order. */
export function select(tasks: Iterable<Task>, filters: Filters, now: Date): Task[] {
  const found = [...tasks].filter((task) => matches(task, filters, now));
  return found.sort(ORDERS[filters.sort]);
}

/** Besides what the service counts, what is open in the lists of days. */
export interface Counts extends Stats {
  readonly today: number;
  readonly week: number;
}

/** Counts of all tasks; a day is over when it has ended here, as in the list of what is overdue. */
export function count(tasks: Iterable<Task>, now: Date): Counts {
  const stats = {
    total: 0,
    completed: 0,
    pending: 0,
    overdue: 0,
    by_priority: { low: 0, medium: 0, high: 0, urgent: 0 },
    by_tag: {} as Record<string, number>,
    today: 0,
    week: 0,
  };
  for (const task of tasks) {
    stats.total += 1;
    stats[task.completed ? "completed" : "pending"] += 1;
    if (!task.completed && isDue(task, "overdue", now)) stats.overdue += 1;
    if (!task.completed && isDue(task, "today", now)) stats.today += 1;
    if (!task.completed && isDue(task, "week", now)) stats.week += 1;
    stats.by_priority[task.priority] += 1;
    for (const tag of task.tags) stats.by_tag[tag] = (stats.by_tag[tag] ?? 0) + 1;
  }
  return stats;
}

type Order = (one: Task, other: Task) => number;

const RANKS = new Map(PRIORITIES.map((priority, rank) => [priority, rank]));

/** The service writes all times alike. What it has not named yet is the newest of all. */
const newest = (name: "created_at" | "updated_at") => descending((task) => (isTemporary(task.id) ? "~" : task[name]));

const ORDERS: Record<Filters["sort"], Order> = {
  position: byHand,
  "-created": newest("created_at"),
  "-updated": newest("updated_at"),
  "-priority": descending((task) => -(RANKS.get(task.priority) ?? 0)),
  due_date: (one, other) => compare(dueMoment(one), dueMoment(other)) || one.id - other.id,
  title: (one, other) => byCodePoints(letters(one.title), letters(other.title)) || one.id - other.id,
};

function descending(key: (task: Task) => number | string): Order {
  // Temporary ids fall as time goes on, those of the service rise.
  return (one, other) => compare(key(other), key(one)) || Math.abs(other.id) - Math.abs(one.id);
}

/** To be compared as text: a day begins at midnight UTC, instants have microseconds, and without a due date it is last. */
function dueMoment({ due_date: due }: Task): string {
  if (due === null) return "~";
  const [second = "", fraction = ""] = isDay(due) ? [`${due}T00:00:00`] : due.slice(0, -1).split(".");
  return `${second}.${fraction.padEnd(6, "0")}`;
}

function compare<T extends number | string>(one: T, other: T): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

const KEY = 200;

/** What titles are compared by, as `tasklane_title_order` has it. */
function letters(title: string): string {
  return [...folded(title)].slice(0, KEY).join("");
}

/** As PostgreSQL's collation "C" does; `<` compares UTF-16 units, where the halves of a pair come before U+E000. */
function byCodePoints(one: string, other: string): number {
  for (let index = 0; index < one.length && index < other.length; index++) {
    const difference = rankOf(one.charCodeAt(index)) - rankOf(other.charCodeAt(index));
    if (difference) return difference;
  }
  return one.length - other.length;
}

function rankOf(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
