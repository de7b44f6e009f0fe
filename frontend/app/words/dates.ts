import type { ParsedResult } from "chrono-node/en";
import { dayOf } from "../data/dates/due.ts";
import type { DateFound } from "./words.ts";

type Found = Pick<ParsedResult, "index" | "text" | "start">;

/** Halves and quarters of something are no days. */
const FRACTION = /^(?:1\/[234]|2\/3|3\/4)$/;

/** Whether a day or a time is said that is still to come; a month alone is neither. */
export function isToCome({ text, start }: Found, now: Date): boolean {
  const isSaid = (["day", "weekday", "hour"] as const).some((part) => start.isCertain(part));
  return isSaid && !FRACTION.test(text) && dayOf(start.date()) >= dayOf(now);
}

/** Whether nothing comes behind it but what has been read already. */
export function isLast({ index, text }: Found, whole: string): boolean {
  return /^[\s\u00a6]*$/.test(whole.slice(index + text.length));
}

/** The calendar day, and the time where one is said, with so many hours more. */
export function dateOf({ index, text, start }: Found, later = 0): DateFound {
  const part = (name: "year" | "month" | "day" | "hour" | "minute") => start.get(name) ?? 0;
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${String(part("year")).padStart(4, "0")}-${two(part("month"))}-${two(part("day"))}`;
  const time = start.isCertain("hour") ? `${two(part("hour") + later)}:${two(part("minute"))}` : null;
  const isSaid = start.isCertain("day") || start.isCertain("weekday");
  return { index, text, day, isSaid, time };
}

/** "Dec 24", as English speakers say it, the day behind the month. */
export const MONTH_FIRST = /^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\p{L}*\.? \d{1,2}(?!\d)/iu;
/** "2026-12-24", "24/12", "24.12." */
const FIGURES = /^(?:\d{4}-\d|\d{1,2}\/\d|\d{1,2}\.\d{1,2}\.)/;

/**
 * With the word that leads to it, which chrono takes along before "Friday" and "24 December" only. Before other dates it is
 * a verb's ("turn the heating on tomorrow").
 */
export function led(found: DateFound, whole: string, word: RegExp): DateFound {
  const isBare = FIGURES.test(found.text) || MONTH_FIRST.test(found.text);
  const lead = isBare ? (word.exec(whole.slice(0, found.index))?.[0] ?? "") : "";
  return { ...found, index: found.index - lead.length, text: lead + found.text };
}
