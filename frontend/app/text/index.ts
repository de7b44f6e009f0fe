/** The page in the first of the browser's languages that it knows, and dates as they are written where that is spoken. */

import { en, type Texts } from "./en.ts";

/** Each but the first is loaded by those who read it. */
const KNOWN: Readonly<Record<string, () => Texts | Promise<Texts>>> = {
  en: () => en,
  de: async () => (await import("./de.ts")).de,
};

const wanted = globalThis.navigator?.languages ?? [];
/** With the region, where the browser says one: "en-GB" and "en-US" write days differently. */
export const locale = wanted.find((tag) => languageOf(tag) in KNOWN) ?? "en";
export const language = languageOf(locale);
export const t: Texts = (await KNOWN[language]?.()) ?? en;

function languageOf(tag: string): string {
  return tag.split("-", 1)[0]?.toLowerCase() ?? "";
}
