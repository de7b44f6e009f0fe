/** A list that was written somewhere else, as tasks. */

import { LIMITS, NO_FIELDS, type TaskFields } from "./types.ts";

/** What stands before the items of lists: `-`, `*`, `•`, `1.`, `2)`, `[ ]`. */
const MARK = /^(?:(?:[-*+•–]|\d{1,3}[.)])\s+)?(?:\[[ xX]?\]\s+)?/;

/** One for each line that says something. */
export function titlesIn(text: string): string[] {
  return text
    .split(/\r\n|[\n\r\u2028]/)
    .map((line) => line.trim().replace(MARK, "").trim())
    .filter(Boolean);
}

/** What is too long for a title is in the notes, whole. */
export function fieldsFrom(line: string): TaskFields {
  if (excess(line) <= 0) return { ...NO_FIELDS, title: line };
  const title = `${[...line]
    .slice(0, LIMITS.title - 1)
    .join("")
    .trimEnd()}…`;
  return { ...NO_FIELDS, title, description: [...line].slice(0, LIMITS.description).join("") };
}

/** By how many characters a title is too long; the service counts them as people do, not as browsers. */
export function excess(title: string): number {
  return [...title.trim()].length - LIMITS.title;
}
