/** Tags as a person types them: one tag has one spelling, the one that is there. */

import { LIMITS } from "./types.ts";

export function isSameTag(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** `typed`, tags between commas, added to `tags`; what is `known` keeps its spelling. */
export function withTags(tags: readonly string[], typed: string, known: readonly string[]): string[] {
  const all = [...tags];
  for (const part of typed.split(",")) {
    const tag = part.trim().replace(/^#/, "").slice(0, LIMITS.tag);
    if (tag && !all.some((other) => isSameTag(other, tag)))
      all.push(known.find((other) => isSameTag(other, tag)) ?? tag);
  }
  return all.slice(0, LIMITS.tags);
}

/** The known tags in which the text occurs, those that begin with it first. */
export function suggestions(text: string, tags: readonly string[], known: readonly string[]): string[] {
  const sought = text.trim().replace(/^#/, "").toLowerCase();
  if (!sought) return [];
  const place = (tag: string) => tag.toLowerCase().indexOf(sought);
  return known
    .filter((tag) => place(tag) >= 0 && !tags.some((other) => isSameTag(other, tag)))
    .toSorted((one, other) => Math.sign(place(one)) - Math.sign(place(other)) || one.localeCompare(other))
    .slice(0, 6);
}
