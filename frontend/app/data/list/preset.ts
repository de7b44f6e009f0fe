/** What a new task has from the list in which it is added, so that it appears there. */

import { dayOf } from "../dates/due.ts";
import { type Filters } from "./filters.ts";
import type { TaskFields } from "../types.ts";

/** Nothing makes a new task overdue, completed, or found by a search: whoever adds one there is told where it is. */
export function presetOf(filters: Filters, now: Date): Partial<TaskFields> {
  return {
    ...((filters.due === "today" || filters.due === "week") && { due_date: dayOf(now) }),
    ...(filters.priority !== "any" && { priority: filters.priority }),
    ...(filters.tags.length > 0 && { tags: [...filters.tags] }),
  };
}
