/** Dates and priorities in English words; the day comes first in them, unless that is American. */

import { casual, GB, type ParsedResult } from "chrono-node/en";
import { quickDay } from "../data/dates/days.ts";
import { dateOf, isLast, isToCome, led, MONTH_FIRST } from "./dates.ts";
import { every, onDate, type RepeatWords, repeatIn, weekdays, WORKDAYS } from "./repeats.ts";
import type { Language } from "./words.ts";

/** As short as a word that means something else ("sat down", "sun cream"): a day at the end of a line only. */
const SHORT = /^(?:sun|sat|mon|tue|wed|thu|fri)$/i;
/** How long something takes, and what is no day at all. */
const NO_DAY =
  /^(?:now|weekend|(?:in|within) (?:the|these|those|some|a few) .*|(?:next|last|past) \d.*|(?:\d+|an?|one|two|half an?) ?(?:h|hours?|hrs?|mins?|minutes?|days?|weeks?|months?|years?))$/i;

const LEAD = /(?<![\p{L}\d])on\s+$/iu;

const AHEAD = { forwardDate: true };

export function english(locale: string): Language {
  const parser = /^en(?:-(?:US|CA|PH))?$/i.test(locale) ? casual : GB;
  return {
    dates: (text, now) =>
      parser
        .parse(text, now, AHEAD)
        .map((found) => (MONTH_FIRST.test(found.text) ? american(found, text, now) : found))
        .filter((found) => isToCome(found, now) && !NO_DAY.test(found.text))
        .filter((found) => !SHORT.test(found.text) || isLast(found, text))
        .map((found) => ({ ...led(dateOf(found, afternoon(found)), text, LEAD), ...namedDay(found, now) })),
    repeat: (text) => repeatIn(text, REPEATS),
    priorities: {
      urgent: "urgent",
      high: "high",
      medium: "medium",
      low: "low",
      1: "urgent",
      2: "high",
      3: "medium",
      4: "low",
    },
  };
}

/** Where the day comes first chrono takes the number behind a month for a year's: "Dec 24" is 2024's (2.10.3). */
function american(found: ParsedResult, text: string, now: Date): ParsedResult {
  return casual.parse(text, now, AHEAD).find(({ index }) => index === found.index) ?? found;
}

/** Whoever says "at 5" means the afternoon. */
function afternoon({ start, text }: ParsedResult): number {
  const hour = start.get("hour") ?? 0;
  const isOpen = start.isCertain("hour") && !start.isCertain("meridiem") && !/\d:\d|\b0\d/.test(text);
  return isOpen && hour >= 1 && hour <= 6 ? 12 : 0;
}

/** What the menus offer is the same day here. */
function namedDay({ text }: ParsedResult, now: Date): { day?: string } {
  const name = text.toLowerCase();
  const which = name === "next week" ? "nextWeek" : name === "this weekend" ? "weekend" : null;
  return which ? { day: quickDay(which, now) as string } : {};
}

const NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const DAY = String.raw`(?:mon(?:days?)?|tue(?:s|sdays?)?|wed(?:nesdays?)?|thu(?:rs?|rsdays?)?|fri(?:days?)?|sat(?:urdays?)?|sun(?:days?)?)`;
const DAYS = String.raw`(${DAY}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)${DAY})*)`;
const EVERY = String.raw`(?:every!?|each)`;
const PLACES: Readonly<Record<string, number>> = {
  first: 1,
  "1st": 1,
  second: 2,
  "2nd": 2,
  third: 3,
  "3rd": 3,
  fourth: 4,
  "4th": 4,
  fifth: 5,
  "5th": 5,
  last: -1,
};
const PLACE = `(${Object.keys(PLACES).join("|")})`;
const OF_MONTH = String.raw`(?:\s+(?:of|in)\s+(?:the|each|every)\s+month)?`;
const UNITS = { d: "DAILY", w: "WEEKLY", m: "MONTHLY", y: "YEARLY" } as const;

function list(days = ""): string | null {
  return weekdays(days, /\s*(?:,\s*(?:and\s+)?|\band\b|&)\s*/i, NAMES);
}

function on(days: string | undefined, interval = 1): string | null {
  const codes = list(days);
  return codes && every("WEEKLY", interval, `;BYDAY=${codes}`);
}

/** The longer before the shorter. */
const REPEATS: readonly RepeatWords[] = [
  {
    pattern: new RegExp(`${EVERY} last (?:week|work)day${OF_MONTH}`),
    rule: () => `FREQ=MONTHLY;BYDAY=${WORKDAYS};BYSETPOS=-1`,
  },
  { pattern: new RegExp(`${EVERY} last day${OF_MONTH}`), rule: () => "FREQ=MONTHLY;BYMONTHDAY=-1" },
  {
    pattern: new RegExp(`${EVERY} ${PLACE} (${DAY})${OF_MONTH}`),
    rule: (place = "", day) => `FREQ=MONTHLY;BYDAY=${PLACES[place.toLowerCase()]}${list(day)}`,
  },
  { pattern: new RegExp(String.raw`${EVERY} other ${DAYS}`), rule: (days) => on(days, 2) },
  {
    pattern: new RegExp(String.raw`${EVERY} other (d|w|m|y)(?:ay|eek|onth|ear)`),
    rule: (unit = "") => every(unitOf(unit), 2),
  },
  {
    pattern: new RegExp(String.raw`${EVERY} (\d{1,3}) weeks? on ${DAYS}`),
    rule: (number, days) => on(days, Number(number)),
  },
  {
    pattern: new RegExp(String.raw`${EVERY} (\d{1,3}) (d|w|m|y)(?:ay|eek|onth|ear)s?`),
    rule: (number, unit = "") => every(unitOf(unit), Number(number)),
  },
  { pattern: new RegExp(`${EVERY} (?:week|work)days?`), rule: () => `FREQ=WEEKLY;BYDAY=${WORKDAYS}` },
  { pattern: new RegExp(`${EVERY} weekend`), rule: () => "FREQ=WEEKLY;BYDAY=SA" },
  { pattern: new RegExp(`${EVERY} quarter`), rule: () => every("MONTHLY", 3) },
  { pattern: new RegExp(`${EVERY} week on ${DAYS}`), rule: (days) => on(days) },
  {
    pattern: new RegExp(String.raw`${EVERY} (?:month on (?:the )?)?(\d{1,2})(?:st|nd|rd|th)${OF_MONTH}`),
    rule: (date) => onDate(Number(date)),
  },
  {
    pattern: new RegExp(String.raw`${EVERY} (d|w|m|y)(?:ay|eek|onth|ear)`),
    rule: (unit = "") => every(unitOf(unit), 1),
  },
  { pattern: new RegExp(`${EVERY} ${DAYS}`), rule: (days) => on(days) },
  { pattern: /(daily)/, rule: (word) => small(word, "FREQ=DAILY") },
  { pattern: /(weekly)/, rule: (word) => small(word, "FREQ=WEEKLY") },
  { pattern: /(monthly)/, rule: (word) => small(word, "FREQ=MONTHLY") },
  { pattern: /(yearly|annually)/, rule: (word) => small(word, "FREQ=YEARLY") },
];

function unitOf(letter: string): (typeof UNITS)[keyof typeof UNITS] {
  return UNITS[letter.toLowerCase() as keyof typeof UNITS];
}

/** "The Daily Mail" is a name. */
function small(word: string | undefined, rule: string): string | null {
  return word === word?.toLowerCase() ? rule : null;
}
