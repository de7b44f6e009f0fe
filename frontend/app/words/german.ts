/** Dates and priorities in German words. */

import { casual, type ParsedResult } from "chrono-node/de";
import { quickDay } from "../data/dates/days.ts";
import { dateOf, isLast, isToCome, led } from "./dates.ts";
import { every, onDate, type RepeatWords, repeatIn, weekdays, WORKDAYS } from "./repeats.ts";
import type { Language } from "./words.ts";

/** As short as a word that means something else ("so", "Mi", "do"): a day at the end of a line only, and with a capital. */
const SHORT = /^(?:so|mo|di|mi|do|fr|sa)$/i;
const CAPITAL = /^\p{Lu}/u;
const NO_DAY = /^(?:jetzt|(?:\d+|eine?n?|zwei) ?(?:h|stunden?|min|minuten?|tage?|wochen?|monate?|jahre?))$/i;

const LEAD = /(?<![\p{L}\d])am\s+$/iu;

const parser = casual.clone();
/** "24.12.", without a year. */
parser.parsers.push({
  pattern: () => /(?<![\d.])(\d{1,2})\. ?(\d{1,2})\.(?!\d)/,
  extract: (_context, match) => {
    const [day, month] = [Number(match[1]), Number(match[2])];
    return day >= 1 && day <= 31 && month >= 1 && month <= 12 ? { day, month } : null;
  },
});

/** "Freitag, den 11.12.": chrono finds a weekday and a date, and the weekday may be another week's. */
parser.parsers.push({
  pattern: () =>
    /(?<!\p{L})(?:am )?(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag),? (?:de[nm] )?(\d{1,2})\. ?(\d{1,2})\.(?: ?(\d{4}))?(?!\d)/iu,
  extract: (_context, match) => {
    const [day, month] = [Number(match[1]), Number(match[2])];
    if (day < 1 || day > 31 || month < 1 || month > 12) return null;
    return { day, month, ...(match[3] && { year: Number(match[3]) }) };
  },
});

export function german(): Language {
  return {
    dates: (text, now) =>
      parser
        .parse(text, now, { forwardDate: true })
        .filter((found) => isToCome(found, now) && !NO_DAY.test(found.text))
        .filter((found) => !SHORT.test(found.text) || (CAPITAL.test(found.text) && isLast(found, text)))
        .map((found) => ({ ...led(dateOf(found), text, LEAD), ...namedDay(found, now) })),
    repeat: (text) => repeatIn(text, REPEATS),
    priorities: {
      dringend: "urgent",
      hoch: "high",
      mittel: "medium",
      niedrig: "low",
      1: "urgent",
      2: "high",
      3: "medium",
      4: "low",
    },
  };
}

/** What the menus offer is the same day here. */
function namedDay({ text }: ParsedResult, now: Date): { day?: string } {
  const name = text.toLowerCase();
  const which = name === "nächste woche" ? "nextWeek" : /^(?:dieses|am) wochenende$/.test(name) ? "weekend" : null;
  return which ? { day: quickDay(which, now) as string } : {};
}

const NAMES = ["montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"];
const DAY = "(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag)";
const DAYS = String.raw`(${DAY}s?(?:(?:\s*,\s*(?:und\s+)?|\s+und\s+)${DAY}s?)*)`;
const EVERY = "jede[nrs]?!?";
const PLACES: Readonly<Record<string, number>> = {
  ersten: 1,
  "1.": 1,
  zweiten: 2,
  "2.": 2,
  dritten: 3,
  "3.": 3,
  vierten: 4,
  "4.": 4,
  fünften: 5,
  "5.": 5,
  letzten: -1,
};
const PLACE = "(ersten|zweiten|dritten|vierten|fünften|letzten|[1-5]\\.)";
const OF_MONTH = String.raw`\s+(?:im|des|jedes)\s+Monats?`;
const UNITS: Readonly<Record<string, "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY">> = {
  tag: "DAILY",
  woch: "WEEKLY",
  mona: "MONTHLY",
  jahr: "YEARLY",
};
const UNIT = "(tag|woch|mona|jahr)(?:e[ns]?|te?n?)?";

function list(days = ""): string | null {
  return weekdays(days.replaceAll(/sonnabend/gi, "samstag"), /\s*(?:,\s*(?:und\s+)?|\bund\b)\s*/i, NAMES);
}

function on(days: string | undefined, interval = 1): string | null {
  const codes = list(days);
  return codes && every("WEEKLY", interval, `;BYDAY=${codes}`);
}

function unitOf(name = "") {
  return UNITS[name.toLowerCase()] ?? "DAILY";
}

/** The longer before the shorter. "Jeden zweiten Montag" is every other one, unless it is said to be the month's. */
const REPEATS: readonly RepeatWords[] = [
  {
    pattern: new RegExp(`${EVERY} letzten (?:werk|arbeits|wochen)tag(?:${OF_MONTH})?`),
    rule: () => `FREQ=MONTHLY;BYDAY=${WORKDAYS};BYSETPOS=-1`,
  },
  { pattern: new RegExp(`${EVERY} letzten tag(?:${OF_MONTH})?`), rule: () => "FREQ=MONTHLY;BYMONTHDAY=-1" },
  {
    pattern: new RegExp(`${EVERY} ${PLACE} (${DAY})${OF_MONTH}`),
    rule: (place = "", day) => `FREQ=MONTHLY;BYDAY=${PLACES[place.toLowerCase()]}${list(day)}`,
  },
  { pattern: new RegExp(`${EVERY} zweiten ${DAYS}`), rule: (days) => on(days, 2) },
  {
    pattern: new RegExp(`${EVERY} ${PLACE} (${DAY})`),
    rule: (place = "", day) => `FREQ=MONTHLY;BYDAY=${PLACES[place.toLowerCase()]}${list(day)}`,
  },
  { pattern: new RegExp(`${EVERY} zweite[nrs]? ${UNIT}`), rule: (unit) => every(unitOf(unit), 2) },
  {
    pattern: new RegExp(String.raw`alle!? (\d{1,3}) wochen am ${DAYS}`),
    rule: (number, days) => on(days, Number(number)),
  },
  {
    pattern: new RegExp(String.raw`alle!? (\d{1,3}) ${UNIT}`),
    rule: (number, unit) => every(unitOf(unit), Number(number)),
  },
  {
    pattern: new RegExp(`${EVERY} (?:werk|arbeits|wochen)tag|werktags|montags bis freitags`),
    rule: () => `FREQ=WEEKLY;BYDAY=${WORKDAYS}`,
  },
  { pattern: new RegExp(`${EVERY} wochenende`), rule: () => "FREQ=WEEKLY;BYDAY=SA" },
  { pattern: new RegExp(`${EVERY} quartal`), rule: () => every("MONTHLY", 3) },
  { pattern: new RegExp(`${EVERY} ersten(?:${OF_MONTH})?`), rule: () => onDate(1) },
  {
    pattern: new RegExp(String.raw`(?:${EVERY}|immer am) (\d{1,2})\.(?:${OF_MONTH})?`),
    rule: (date) => onDate(Number(date)),
  },
  { pattern: new RegExp(`${EVERY} ${UNIT}`), rule: (unit) => every(unitOf(unit), 1) },
  { pattern: new RegExp(`${EVERY} ${DAYS}`), rule: (days) => on(days) },
  { pattern: new RegExp(`(${DAY}s(?: und ${DAY}s)*)`), rule: (days) => on(days) },
  { pattern: /täglich/, rule: () => "FREQ=DAILY" },
  { pattern: /wöchentlich/, rule: () => "FREQ=WEEKLY" },
  { pattern: /monatlich/, rule: () => "FREQ=MONTHLY" },
  { pattern: /jährlich/, rule: () => "FREQ=YEARLY" },
];
