/** Dates and priorities in English words; the day comes first in them, unless that is American. */

import { casual, GB, type ParsedResult } from "chrono-node/en";
import { quickDay } from "../data/days.ts";
import { dateOf, isLast, isToCome } from "./dates.ts";
import type { Language } from "./words.ts";

/** As short as a word that means something else ("sat down", "sun cream"): a day at the end of a line only. */
const SHORT = /^(?:sun|sat|mon|tue|wed|thu|fri)$/i;
/** How long something takes, and what is no day at all. */
const NO_DAY =
  /^(?:now|weekend|(?:next|last|past) \d.*|(?:\d+|an?|one|two|half an?) ?(?:h|hours?|hrs?|mins?|minutes?|days?|weeks?|months?|years?))$/i;

export function english(locale: string): Language {
  const parser = /^en(?:-(?:US|CA|PH))?$/i.test(locale) ? casual : GB;
  return {
    dates: (text, now) =>
      parser
        .parse(text, now, { forwardDate: true })
        .filter((found) => isToCome(found, now) && !NO_DAY.test(found.text))
        .filter((found) => !SHORT.test(found.text) || isLast(found, text))
        .map((found) => ({ ...dateOf(found, afternoon(found)), ...namedDay(found, now) })),
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
