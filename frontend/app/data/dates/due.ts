/** Due dates as a person reads and types them: a calendar day, or a moment in the browser's time zone. */

import { locale, t } from "../../text/index.ts";

const DAY = 24 * 60 * 60 * 1000;

/** Whether it is a calendar date, without a time. */
export function isDay(due: string): boolean {
  return !due.includes("T");
}

/** The local calendar day, `YYYY-MM-DD`. */
export function dayOf(moment: Date): string {
  return [moment.getFullYear().toString().padStart(4, "0"), two(moment.getMonth() + 1), two(moment.getDate())].join(
    "-",
  );
}

/** The day that is `days` later, by the calendar. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/** The local day on which it is due. */
export function dueDay(due: string): string {
  return isDay(due) ? due : dayOf(new Date(due));
}

/** A day is over when it has ended here, a moment when it has passed. */
export function isOver(due: string, now: Date): boolean {
  return isDay(due) ? due < dayOf(now) : new Date(due) < now;
}

/** "Today", "Tomorrow, 09:30", "Mon 7 Dec", "7 Dec 2027". */
export function describeDue(due: string, now: Date): string {
  const time = isDay(due) ? "" : `, ${format(due, { hour: "2-digit", minute: "2-digit" })}`;
  return describeDay(dueDay(due), now) + time;
}

/** "Today, Saturday 28 November": as a heading. */
export function headDay(day: string, now: Date): string {
  const year = day.slice(0, 4) === dayOf(now).slice(0, 4) ? {} : { year: "numeric" as const };
  const date = format(`${day}T12:00:00`, { weekday: "long", day: "numeric", month: "long", ...year });
  const near = nearName(day, now);
  return near ? `${near} · ${date}` : date;
}

function nearName(day: string, now: Date): string | undefined {
  const distance = Math.round((Date.parse(day) - Date.parse(dayOf(now))) / DAY);
  const near: Record<number, string> = { [-1]: t.days.yesterday, 0: t.days.today, 1: t.days.tomorrow };
  return near[distance];
}

function describeDay(day: string, now: Date): string {
  const today = dayOf(now);
  const distance = Math.round((Date.parse(day) - Date.parse(today)) / DAY);
  const name = nearName(day, now);
  if (name) return name;
  const noon = `${day}T12:00:00`;
  if (distance > 0 && distance < 7) return format(noon, { weekday: "long" });
  const year = day.slice(0, 4) === today.slice(0, 4) ? {} : { year: "numeric" as const };
  return format(noon, { day: "numeric", month: "short", ...year });
}

/** For `<input type="datetime-local">`: local, without seconds. */
export function toLocalInput(due: string): string {
  const moment = new Date(due);
  return `${dayOf(moment)}T${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/** An instant from what such an input holds, in the service's own form; null while it is incomplete. */
export function fromLocalInput(value: string): string | null {
  const moment = new Date(value);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

export function format(when: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale, options).format(new Date(when));
}

function two(number: number): string {
  return number.toString().padStart(2, "0");
}
