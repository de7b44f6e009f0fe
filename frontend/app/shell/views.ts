import type { Filters } from "../data/list/filters";
import type { Counts } from "../data/list/select";
import type { Place } from "../data/list/useFilters";
import type { IconName } from "../ui/Icon";
import { t } from "../text";

/** A place that has a name of its own. */
export interface View {
  readonly title: string;
  readonly icon: IconName;
  readonly status: Filters["status"];
  readonly due: Filters["due"];
  readonly count?: (stats: Counts) => number;
}

export const VIEWS: readonly View[] = [
  { title: t.views.open, icon: "circle", status: "pending", due: "any", count: ({ pending }) => pending },
  { title: t.views.today, icon: "sun", status: "pending", due: "today", count: ({ today }) => today },
  { title: t.views.week, icon: "calendar", status: "pending", due: "week", count: ({ week }) => week },
  { title: t.views.overdue, icon: "clock", status: "pending", due: "overdue", count: ({ overdue }) => overdue },
  { title: t.views.completed, icon: "done", status: "completed", due: "any", count: ({ completed }) => completed },
  { title: t.views.all, icon: "list", status: "all", due: "any", count: ({ total }) => total },
];

export function isAt(view: View, { trash, filters }: Place): boolean {
  return !trash && filters.status === view.status && filters.due === view.due;
}

export function titleOf(place: Place): string {
  if (place.trash) return t.views.trash;
  return VIEWS.find((view) => isAt(view, place))?.title ?? t.views.other;
}
