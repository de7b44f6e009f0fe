/** Dates and priorities in German words. */

import { casual, type ParsedResult } from "chrono-node/de";
import { quickDay } from "../data/days.ts";
import { dateOf, isLast, isToCome } from "./dates.ts";
import type { Language } from "./words.ts";

/** As short as a word that means something else ("so", "Mi", "do"): a day at the end of a line only, and with a capital. */
const SHORT = /^(?:so|mo|di|mi|do|fr|sa)$/i;
const CAPITAL = /^\p{Lu}/u;
const NO_DAY = /^(?:jetzt|(?:\d+|eine?n?|zwei) ?(?:h|stunden?|min|minuten?|tage?|wochen?|monate?|jahre?))$/i;

const parser = casual.clone();
/** "24.12.", without a year. */
parser.parsers.push({
  pattern: () => /(?<![\d.])(\d{1,2})\. ?(\d{1,2})\.(?!\d)/,
  extract: (_context, match) => {
    const [day, month] = [Number(match[1]), Number(match[2])];
    return day >= 1 && day <= 31 && month >= 1 && month <= 12 ? { day, month } : null;
  },
});

export function german(): Language {
  return {
    dates: (text, now) =>
      parser
        .parse(text, now, { forwardDate: true })
        .filter((found) => isToCome(found, now) && !NO_DAY.test(found.text))
        .filter((found) => !SHORT.test(found.text) || (CAPITAL.test(found.text) && isLast(found, text)))
        .map((found) => ({ ...dateOf(found), ...namedDay(found, now) })),
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
