/** What the page says is said in each of its languages. */

import { expect, test } from "vitest";
import { de } from "../../app/text/de";
import { en } from "../../app/text/en";
import { texts as importing } from "../../app/importing/text";

/** Every text by its path; what needs words gets some. */
function texts(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") return [[path, String(value("2", "3", "4"))]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => texts(inner, `${path}.${name}`));
}

/** Written alike in both. */
const ALIKE = new Set(["Details", "Name", "Auto", "Esc", "Alt", "Papierkorb", "Link"]);

test("nothing is left in English, and nothing is empty", () => {
  const english = new Map(texts(en));
  const german = texts(de).filter(
    ([path]) => !path.startsWith(".problems") && ![".unreachable", ".refusedField"].includes(path),
  );
  expect(german.length).toBe(english.size);
  expect(german.length).toBeGreaterThan(150);
  expect(german.filter(([, text]) => text.trim() === "")).toEqual([]);
  expect(german.filter(([path, text]) => english.get(path) === text && !ALIKE.has(text))).toEqual([]);
});

test("neither is what the dialog for other programs' files says", () => {
  const english = new Map(texts(importing.en));
  const german = new Map(texts(importing.de));
  expect([...english.keys()].filter((path) => !german.get(path)?.trim())).toEqual([]);
  expect([...german].filter(([path, text]) => english.get(path) === text && !ALIKE.has(text))).toEqual([]);
});

test("one is not many", () => {
  expect([de.tasks(1), de.tasks(2), en.tasks(1), en.tasks(2)]).toEqual([
    "1 Aufgabe",
    "2 Aufgaben",
    "1 task",
    "2 tasks",
  ]);
  expect([de.link.kept(1), de.link.kept(3)]).toEqual([
    "1 Änderung ist aufgehoben und wird später gesendet.",
    "3 Änderungen sind aufgehoben und werden später gesendet.",
  ]);
});
