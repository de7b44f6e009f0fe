/** The days that people mean when they put something off. */

import { addDays, dayOf, fromLocalInput, isDay, toLocalInput } from "./due.ts";
import { locale } from "../../text/index.ts";

export const QUICK_DAYS = ["today", "tomorrow", "weekend", "nextWeek", "none"] as const;
export type QuickDay = (typeof QUICK_DAYS)[number];

/** Days of the week from 1, Monday, to 7, as `Intl` counts them. */
interface WeekInfo {
  readonly firstDay: number;
  readonly weekend: readonly number[];
}

/** How weeks are where the browser's language is spoken; Monday, Saturday and Sunday where it does not say. */
export function weekOf(language: string): WeekInfo {
  const known = new Intl.Locale(language) as Intl.Locale & { getWeekInfo?: () => WeekInfo; weekInfo?: WeekInfo };
  return known.getWeekInfo?.() ?? known.weekInfo ?? { firstDay: 1, weekend: [6, 7] };
}

/** The calendar day, null for none. Within a weekend, that is the next one; a week begins when the weekend is over. */
export function quickDay(which: QuickDay, now: Date, week = weekOf(locale)): string | null {
  const today = dayOf(now);
  if (which === "none") return null;
  if (which === "today") return today;
  if (which === "tomorrow") return addDays(today, 1);
  const isFree = (day: string) => week.weekend.includes(((new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7) + 1);
  const begins = (day: string) => isFree(day) && !isFree(addDays(day, -1));
  const ended = (day: string) => !isFree(day) && isFree(addDays(day, -1));
  const wanted = which === "weekend" ? begins : ended;
  const days = Array.from({ length: 8 }, (_, later) => addDays(today, later + 1));
  return days.find(wanted) ?? addDays(today, 7);
}

/** A due date on another day, at the same time by the clock on the wall. */
export function onDay(due: string | null, day: string | null): string | null {
  if (day === null || due === null || isDay(due)) return day;
  return fromLocalInput(`${day}T${toLocalInput(due).split("T")[1]}`) ?? day;
}
