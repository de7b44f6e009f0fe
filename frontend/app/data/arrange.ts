/** The rows of a list. */

import type { Filters } from "./filters.ts";
import { select } from "./select.ts";
import { flat, type Row, shaped, treeOf } from "./tree.ts";
import type { Task } from "./types.ts";

/** What is sought is seen. */
const NONE: ReadonlySet<number> = new Set();

export function arrange(all: readonly Task[], filters: Filters, now: Date, folded: ReadonlySet<number>): Row[] {
  const found = select(all, filters, now);
  return isByHand(filters) ? shaped(found, treeOf(all), filters.search ? NONE : folded) : flat(found, treeOf(all));
}

/** Whether the list has the order by hand, with what is beneath a task beneath it, so that rows can be moved. */
export function isByHand({ sort, due, status }: Filters): boolean {
  return sort === "position" && due === "any" && status !== "completed";
}
