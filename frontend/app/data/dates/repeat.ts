/** How a task comes again, as people say it. Which dates that gives is the service's to say, but for the first one. */

import { addDays, format, isDay } from "./due.ts";
import type { Recurrence } from "../types.ts";
import { locale, t } from "../../text/index.ts";

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const WEEK = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
const WORKDAYS = "MO,TU,WE,TH,FR";

type Parts = Readonly<Partial<Record<string, string>>>;

function partsOf(rule: string): Parts {
  return Object.fromEntries(rule.split(";").map((part) => part.split("=") as [string, string]));
}

/** With the due date that the task has: it has one, or it does not come again, and an instant has a clock on a wall. */
export function fitted(recurrence: Recurrence | null, due: string | null): Recurrence | null {
  if (!recurrence || due === null) return null;
  const { rule, time_zone: zone, from } = recurrence;
  const needsZone = !isDay(due) || from === "completion";
  return { rule, time_zone: needsZone ? (zone ?? ZONE) : null, from };
}

/** Rules that are offered for a task that is due on this day. */
export function usualRules(day: string): string[] {
  const weekday = WEEK[weekdayOf(day)];
  const [month, date] = [Number(day.slice(5, 7)), Number(day.slice(8))];
  const isLast = addDays(day, 7).slice(5, 7) !== day.slice(5, 7);
  const place = isLast ? -1 : Math.ceil(date / 7);
  return [
    "FREQ=DAILY",
    `FREQ=WEEKLY;BYDAY=${WORKDAYS}`,
    `FREQ=WEEKLY;BYDAY=${weekday}`,
    `FREQ=WEEKLY;INTERVAL=2;BYDAY=${weekday}`,
    `FREQ=MONTHLY;BYMONTHDAY=${date}`,
    `FREQ=MONTHLY;BYDAY=${place}${weekday}`,
    `FREQ=YEARLY;BYMONTHDAY=${date};BYMONTH=${month}`,
  ];
}

/** The first day from `day` on that a rule names; where it names none, as "every third week" does, that day. */
export function firstOn(rule: string, day: string): string {
  const parts = partsOf(rule);
  for (let later = 0; later < 8 * 366; later++) {
    const date = addDays(day, later);
    if (fits(parts, date)) return date;
  }
  return day;
}

function fits({ BYDAY: days, BYMONTHDAY: dates, BYMONTH: months, BYSETPOS: place }: Parts, day: string): boolean {
  if (months && !months.split(",").includes(String(Number(day.slice(5, 7))))) return false;
  if (dates && !dates.split(",").some((date) => isDate(Number(date), day))) return false;
  if (days && !days.split(",").some((one) => isWeekday(one, day))) return false;
  if (place !== "-1" || !days) return true;
  // The last of its kind in the month.
  for (let next = addDays(day, 1); next.slice(5, 7) === day.slice(5, 7); next = addDays(next, 1))
    if (days.split(",").some((one) => isWeekday(one, next))) return false;
  return true;
}

function isDate(date: number, day: string): boolean {
  return date > 0 ? Number(day.slice(8)) === date : addDays(day, -date).slice(8) === "01";
}

function isWeekday(named: string, day: string): boolean {
  const place = Number(named.slice(0, -2));
  if (WEEK[weekdayOf(day)] !== named.slice(-2)) return false;
  if (!place) return true;
  return place > 0
    ? Math.ceil(Number(day.slice(8)) / 7) === place
    : addDays(day, -7 * place).slice(5, 7) !== day.slice(5, 7) &&
        addDays(day, -7 * (place + 1)).slice(5, 7) === day.slice(5, 7);
}

/** From 0, Monday. */
function weekdayOf(day: string): number {
  return (new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7;
}

/** "every last Friday", "every 2 weeks on Monday and Thursday, 3 more times". */
export function describeRepeat({ rule, from }: Recurrence): string {
  const parts = partsOf(rule);
  const { COUNT: count, UNTIL: until } = parts;
  const said = describeRule(parts);
  const end = count ? t.repeat.count(Number(count)) : until ? t.repeat.until(untilOf(until)) : "";
  return [said, end, from === "completion" && t.repeat.fromCompletion].filter(Boolean).join(", ");
}

const SAID = new Set(["FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "COUNT", "UNTIL", "WKST"]);

function describeRule(parts: Parts): string {
  const {
    FREQ: freq,
    INTERVAL: interval = "1",
    BYDAY: days,
    BYMONTHDAY: dates,
    BYMONTH: months,
    BYSETPOS: place,
  } = parts;
  const every = Number(interval);
  const base = { DAILY: t.repeat.days, WEEKLY: t.repeat.weeks, MONTHLY: t.repeat.months, YEARLY: t.repeat.years }[
    freq as "DAILY"
  ](every);
  const isOdd = Object.keys(parts).some((name) => !SAID.has(name));
  if (isOdd || (freq === "DAILY" && (days ?? dates ?? months)) || (freq === "WEEKLY" && months))
    return t.repeat.odd(base);
  if (freq === "DAILY" || (freq === "WEEKLY" && !days)) return base;
  if (freq === "WEEKLY") {
    if (days === WORKDAYS && every === 1) return t.repeat.workdays;
    const names = listed(days?.split(",").map((day) => weekdayName(day)) ?? []);
    return every === 1 ? t.repeat.weekdays(names) : t.repeat.on(base, names);
  }
  const when = whenIn(days, dates, place);
  if (when === null) return t.repeat.odd(base);
  if (freq === "MONTHLY") {
    if (months) return t.repeat.odd(base);
    if (!when) return base;
    return every === 1 ? t.repeat.monthly(when, dates === undefined) : t.repeat.inMonths(base, when);
  }
  if (!when && !months) return base;
  const single = dates && !days && months && !dates.includes(",") && !months.includes(",") && Number(dates) > 0;
  if (!single) return t.repeat.odd(base);
  return t.repeat.inYears(
    base,
    format(`2028-${months.padStart(2, "0")}-${dates.padStart(2, "0")}T12:00:00`, { day: "numeric", month: "long" }),
  );
}

/** The part of a month: "1st", "last Friday", "last day"; empty where none is named, null where it has no short name. */
function whenIn(days: string | undefined, dates: string | undefined, place: string | undefined): string | null {
  if (days === WORKDAYS && place === "-1" && !dates) return t.repeat.lastWorkday;
  if (place || (days && dates)) return null;
  if (dates)
    return listed(dates.split(",").map((date) => (Number(date) > 0 ? t.repeat.nth(Number(date)) : lastDay(date))));
  if (!days) return "";
  const named = days.split(",").map((day) => ({ place: Number(day.slice(0, -2)), name: weekdayName(day) }));
  if (named.some((one) => !(one.place in t.repeat.places))) return null;
  return listed(named.map((one) => `${t.repeat.places[one.place as 1]} ${one.name}`));
}

function lastDay(date: string): string {
  return date === "-1" ? t.repeat.lastDay : t.repeat.fromEnd(-Number(date));
}

function weekdayName(day: string): string {
  return format(`2024-01-0${WEEK.indexOf(day.slice(-2) as "MO") + 1}T12:00:00`, { weekday: "long" }); // a Monday
}

function listed(names: readonly string[]): string {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(names);
}

function untilOf(until: string): string {
  const day = until.replace(/^(\d{4})(\d\d)(\d\d).*/, "$1-$2-$3");
  return format(`${day}T12:00:00`, { day: "numeric", month: "short", year: "numeric" });
}
