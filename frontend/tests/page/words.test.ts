/** What the words of a line mean, in both languages, and what they do not. */

import { describe, expect, test } from "vitest";
import { english } from "../../app/words/english";
import { german } from "../../app/words/german";
import { type Language, read } from "../../app/words/words";

/** A Wednesday. */
const NOW = new Date("2026-11-25T10:00:00");

function reading(language: Language) {
  return (line: string, kept: string[] = []) => {
    const settings = { kept, known: ["Work"], now: NOW, instant: (day: string, time: string) => `${day}T${time}` };
    const { title, fields } = read(line, language, settings);
    return [title, fields];
  };
}

describe("in English", () => {
  const said = reading(english("en-GB"));

  test.each<[string, string, object]>([
    ["call mom tomorrow at 5", "call mom", { due_date: "2026-11-26T17:00" }],
    ["lunch on Friday 12:30 #food", "lunch", { due_date: "2026-11-27T12:30", tags: ["food"] }],
    ["call Ann #work !high 3pm", "call Ann", { due_date: "2026-11-25T15:00", priority: "high", tags: ["Work"] }],
    ["tax return 24/12 !1 #a #b", "tax return", { due_date: "2026-12-24", priority: "urgent", tags: ["a", "b"] }],
    ["report next week", "report", { due_date: "2026-11-30" }],
    ["paint this weekend", "paint", { due_date: "2026-11-28" }],
    ["swim sat", "swim", { due_date: "2026-11-28" }],
    ["in 3 days water the plants", "water the plants", { due_date: "2026-11-28" }],
    ["2 Jan party", "party", { due_date: "2027-01-02" }],
    ["gift Dec 24", "gift", { due_date: "2026-12-24" }],
    ["call on December 24 at 5 Ann", "call Ann", { due_date: "2026-12-24T17:00" }],
    ["standup 09:15", "standup", { due_date: "2026-11-26T09:15" }],
    ["tomorrow #home 6pm cook", "cook", { due_date: "2026-11-26T18:00", tags: ["home"] }],
    ["pay on 2026-12-24 Bob", "pay Bob", { due_date: "2026-12-24" }],
    ["turn the heating on tomorrow", "turn the heating on", { due_date: "2026-11-26" }],
    ["put the oven on 6.30pm", "put the oven on", { due_date: "2026-11-25T18:30" }],
    ["at 7pm call Ann on Friday", "call Ann", { due_date: "2026-11-27T19:00" }],
  ])("%s", (line, title, fields) => expect(said(line)).toEqual([title, fields]));

  test.each([
    "sat down with Bob",
    "buy sun cream",
    "march report",
    "May the force be with you",
    "yesterday's receipts",
    "2 hours of yoga",
    "a 30 minute run",
    "buy 1/2 pound of butter",
    "Release 2.10",
    "fix #12",
    "what now",
    "read 1984",
    "Wow! high up",
    "C# course",
    "tomorrow",
    "!high #home",
  ])("%s is a title and nothing else", (line) => expect(said(line)).toEqual([line, {}]));

  test("what is meant as it stands stays", () => {
    expect(said("read Tomorrow and Tomorrow #books", ["tomorrow"])).toEqual([
      "read Tomorrow and Tomorrow",
      { tags: ["books"] },
    ]);
    expect(said("see #work tomorrow", ["#work"])).toEqual(["see #work", { due_date: "2026-11-26" }]);
  });

  test("in America the month comes first", () => {
    const american = reading(english("en-US"));
    expect(american("gift 12/11")).toEqual(["gift", { due_date: "2026-12-11" }]);
    expect(said("gift 11/12")).toEqual(["gift", { due_date: "2026-12-11" }]);
  });
});

describe("in German", () => {
  const said = reading(german());

  test.each<[string, string, object]>([
    ["Miete morgen um 9 Uhr !hoch", "Miete", { due_date: "2026-11-26T09:00", priority: "high" }],
    ["Zahnarzt am Freitag 14:30 #gesundheit", "Zahnarzt", { due_date: "2026-11-27T14:30", tags: ["gesundheit"] }],
    ["Geschenke 24.12.", "Geschenke", { due_date: "2026-12-24" }],
    ["Bericht am Freitag, den 18.12.", "Bericht", { due_date: "2026-12-18" }],
    ["Bericht Freitag den 18.12.2026 um 9 Uhr", "Bericht", { due_date: "2026-12-18T09:00" }],
    ["zahlen am 2026-12-24", "zahlen", { due_date: "2026-12-24" }],
    ["am 3. Mai wandern", "wandern", { due_date: "2027-05-03" }],
    ["Steuer nächste Woche", "Steuer", { due_date: "2026-11-30" }],
    ["Blumen in 3 Tagen", "Blumen", { due_date: "2026-11-28" }],
    ["Schwimmen Sa", "Schwimmen", { due_date: "2026-11-28" }],
  ])("%s", (line, title, fields) => expect(said(line)).toEqual([title, fields]));

  test.each(["so machen", "mach das so", "Version 2.10", "2 Stunden Sport", "Morgenmantel", "gestern", "Mai"])(
    "%s is a title and nothing else",
    (line) => expect(said(line)).toEqual([line, {}]),
  );
});
