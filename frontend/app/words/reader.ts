/** What reads the words of a line, in the page's language; it comes when somebody begins to type. */

import { fromLocalInput } from "../data/dates/due";
import { Store } from "../sync/store";
import { language, locale } from "../text";
import type { Read } from "./words";

type Reader = (line: string, kept: readonly string[], known: readonly string[]) => Read;

export const reader = new Store<Reader | null>(null);

let coming: Promise<void> | null = null;

/** Resolves when it is there, or cannot be had now: then a line is a title. */
export function bringReader(): Promise<void> {
  coming ??= bring().catch(() => void (coming = null));
  return coming;
}

async function bring(): Promise<void> {
  const [{ read }, words] = await Promise.all([
    import("./words"),
    language === "de"
      ? import("./german").then(({ german }) => german())
      : import("./english").then(({ english }) => english(locale)),
  ]);
  const instant = (day: string, time: string) => fromLocalInput(`${day}T${time}`);
  reader.set((line, kept, known) => read(line, words, { kept, known, now: new Date(), instant }));
}
