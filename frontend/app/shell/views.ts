import type { Filters } from "../data/filters";
import type { Stats } from "../data/types";
import type { Place } from "../data/useFilters";
import type { IconName } from "../ui/Icon";

/** A place that has a name of its own. */
export interface View {
  readonly title: string;
  readonly icon: IconName;
  readonly status: Filters["status"];
  readonly due: Filters["due"];
  readonly count?: (stats: Stats) => number;
}

export const VIEWS: readonly View[] = [
  { title: "Open", icon: "circle", status: "pending", due: "any", count: ({ pending }) => pending },
  { title: "Today", icon: "sun", status: "pending", due: "today" },
  { title: "Next 7 days", icon: "calendar", status: "pending", due: "week" },
  { title: "Overdue", icon: "clock", status: "pending", due: "overdue", count: ({ overdue }) => overdue },
  { title: "Completed", icon: "done", status: "completed", due: "any", count: ({ completed }) => completed },
  { title: "All tasks", icon: "list", status: "all", due: "any", count: ({ total }) => total },
];

export function isAt(view: View, { trash, filters }: Place): boolean {
  return !trash && filters.status === view.status && filters.due === view.due;
}

export function titleOf(place: Place): string {
  if (place.trash) return "Trash";
  return VIEWS.find((view) => isAt(view, place))?.title ?? "Tasks";
}
