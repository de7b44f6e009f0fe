/** Repetition in words, by a table of patterns for each language: chrono knows none. */

/** What the words of one pattern mean; null: nothing. */
export interface RepeatWords {
  /** From its beginning to its end; what is in it is given to `rule`. */
  readonly pattern: RegExp;
  rule: (...groups: (string | undefined)[]) => string | null;
}

export interface RepeatFound {
  readonly index: number;
  readonly text: string;
  readonly rule: string;
  readonly from: "due" | "completion";
}

/** The first that stands in the text as words of its own; "every!" counts from when it is done. */
export function repeatIn(text: string, table: readonly RepeatWords[]): RepeatFound | null {
  for (const { pattern, rule } of table) {
    const words = new RegExp(`(?<=^|\\s)(?:${pattern.source})(?=$|[\\s,;\u00a6])`, "iu");
    const found = words.exec(text);
    const made = found && rule(...found.slice(1));
    if (found && made) {
      const from = found[0].includes("!") ? "completion" : "due";
      return { index: found.index, text: found[0], rule: made, from };
    }
  }
  return null;
}

export function every(freq: "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY", interval: number, rest = ""): string | null {
  if (interval < 1 || interval > 999) return null;
  return `FREQ=${freq}${interval === 1 ? "" : `;INTERVAL=${interval}`}${rest}`;
}

export function onDate(date: number): string | null {
  return date >= 1 && date <= 31 ? `FREQ=MONTHLY;BYMONTHDAY=${date}` : null;
}

export const WORKDAYS = "MO,TU,WE,TH,FR";

/** Names of weekdays in a list, as RFC 5545 writes them, from Monday on; null if one is none. */
export function weekdays(list: string, separator: RegExp, names: readonly string[]): string | null {
  const codes = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
  const places = list
    .toLowerCase()
    .split(separator)
    .map((name) => names.findIndex((full) => full.startsWith(name.replace(/[.s]+$/, "").slice(0, full.length))));
  if (places.some((place) => place < 0)) return null;
  return [...new Set(places)]
    .toSorted((one, other) => one - other)
    .map((place) => codes[place])
    .join(",");
}
