/** How a task comes again, in words and out of words, in both languages. */

import { describe, expect, test } from "vitest";
import { describeRepeat, firstOn, fitted, usualRules } from "../../app/data/dates/repeat";
import { english } from "../../app/words/english";
import { german } from "../../app/words/german";
import { type Language, read } from "../../app/words/words";

/** A Wednesday. */
const NOW = new Date("2026-11-25T10:00:00");

function repeats(language: Language) {
  return (line: string) => {
    const settings = { kept: [], known: [], now: NOW, instant: (day: string, time: string) => `${day}T${time}` };
    const { title, fields } = read(line, language, settings);
    return [title, fields.recurrence?.rule ?? null, fields.due_date ?? null, fields.recurrence?.from ?? null];
  };
}

describe("in English words", () => {
  test.each<[string, string, string, string]>([
    ["pay rent every 1st 9am #home !high", "pay rent", "FREQ=MONTHLY;BYMONTHDAY=1", "2026-12-01T09:00"],
    ["hand in the hours every last Friday", "hand in the hours", "FREQ=MONTHLY;BYDAY=-1FR", "2026-11-27"],
    ["every weekday standup at 9:30", "standup", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-26T09:30"],
    ["run every Tuesday and Saturday", "run", "FREQ=WEEKLY;BYDAY=TU,SA", "2026-11-28"],
    ["bins every other Monday", "bins", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-11-30"],
    ["pills every day 8pm", "pills", "FREQ=DAILY", "2026-11-25T20:00"],
    ["pills daily at 8am", "pills", "FREQ=DAILY", "2026-11-26T08:00"], // eight has passed today
    ["water plants every 3 days", "water plants", "FREQ=DAILY;INTERVAL=3", "2026-11-25"],
    ["review every 2 weeks on Friday", "review", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-11-27"],
    ["taxes every year starting 3 May", "taxes starting", "FREQ=YEARLY", "2027-05-03"],
    ["book club every 3rd Thursday of the month 7pm", "book club", "FREQ=MONTHLY;BYDAY=3TH", "2026-12-17T19:00"],
    ["invoice every last weekday", "invoice", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-11-30"],
    ["close the books every last day of the month", "close the books", "FREQ=MONTHLY;BYMONTHDAY=-1", "2026-11-30"],
    ["report every quarter", "report", "FREQ=MONTHLY;INTERVAL=3", "2026-11-25"],
  ])("%s", (line, ...expected) => expect(repeats(english("en-GB"))(line)).toEqual([...expected, "due"]));

  test("from when it is done", () => {
    expect(repeats(english("en"))("cut hair every! 6 weeks")).toEqual([
      "cut hair",
      "FREQ=WEEKLY;INTERVAL=6",
      "2026-11-25",
      "completion",
    ]);
  });

  test.each(["every breath you take", "read The Daily Mail", "every 99th idea", "everyday shoes"])(
    "%s is a title",
    (line) => expect(repeats(english("en"))(line).slice(0, 2)).toEqual([line, null]),
  );
});

describe("in German words", () => {
  test.each<[string, string, string, string]>([
    ["Miete jeden 1. um 9 Uhr", "Miete", "FREQ=MONTHLY;BYMONTHDAY=1", "2026-12-01T09:00"],
    ["Stunden jeden letzten Freitag im Monat", "Stunden", "FREQ=MONTHLY;BYDAY=-1FR", "2026-11-27"],
    ["Müll jeden zweiten Montag", "Müll", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-11-30"],
    ["Stammtisch jeden zweiten Montag im Monat", "Stammtisch", "FREQ=MONTHLY;BYDAY=2MO", "2026-12-14"],
    ["werktags Stand-up um 9:30", "Stand-up", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-26T09:30"],
    ["Laufen dienstags und samstags", "Laufen", "FREQ=WEEKLY;BYDAY=TU,SA", "2026-11-28"],
    ["Gießen alle 3 Tage", "Gießen", "FREQ=DAILY;INTERVAL=3", "2026-11-25"],
    ["Putzen jede Woche", "Putzen", "FREQ=WEEKLY", "2026-11-25"],
    ["Steuer jedes Jahr am 3. Mai", "Steuer", "FREQ=YEARLY", "2027-05-03"],
    ["Tabletten täglich um 20 Uhr", "Tabletten", "FREQ=DAILY", "2026-11-25T20:00"],
  ])("%s", (line, ...expected) => expect(repeats(german())(line)).toEqual([...expected, "due"]));

  test.each(["jedem das Seine", "alle 5 Freunde", "Tageszeitung"])("%s is a title", (line) =>
    expect(repeats(german())(line).slice(0, 2)).toEqual([line, null]),
  );
});

describe("a rule in words", () => {
  test.each([
    ["FREQ=DAILY", "every day"],
    ["FREQ=DAILY;INTERVAL=3", "every 3 days"],
    ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"],
    ["FREQ=WEEKLY;BYDAY=MO,TH", "every Monday and Thursday"],
    ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "every 2 weeks on Monday"],
    ["FREQ=MONTHLY;BYDAY=-1FR", "every last Friday"],
    ["FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO", "every 2 months on the first Monday"],
    ["FREQ=MONTHLY;BYMONTHDAY=1", "every 1st of the month"],
    ["FREQ=MONTHLY;BYMONTHDAY=-1", "every last day of the month"],
    ["FREQ=MONTHLY;BYMONTHDAY=11,12,13,22", "every 11th, 12th, 13th, and 22nd of the month"],
    ["FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "every last weekday"],
    ["FREQ=YEARLY", "every year"],
    ["FREQ=YEARLY;BYMONTHDAY=24;BYMONTH=12", "every year on December 24"],
    ["FREQ=WEEKLY;COUNT=3", "every week, 3 more times"],
    ["FREQ=WEEKLY;UNTIL=20271201", "every week, until Dec 1, 2027"],
    ["FREQ=YEARLY;BYWEEKNO=20", "every year, by a rule of its own"],
    ["FREQ=MONTHLY;BYDAY=6MO", "every month, by a rule of its own"],
  ])("%s", (rule, said) => {
    expect(describeRepeat({ rule, time_zone: null, from: "due" })).toBe(said);
  });

  test("says where it is counted from", () => {
    expect(describeRepeat({ rule: "FREQ=DAILY", time_zone: null, from: "completion" })).toMatch(/done$/);
  });
});

test("what is offered for a day has that day as its first", () => {
  for (const day of ["2026-11-25", "2026-11-30", "2028-02-29", "2026-12-31"])
    for (const rule of usualRules(day).filter((rule) => !rule.includes("MO,TU"))) expect(firstOn(rule, day)).toBe(day);
  expect(usualRules("2026-11-27")).toContain("FREQ=MONTHLY;BYDAY=-1FR");
  expect(usualRules("2026-11-20")).toContain("FREQ=MONTHLY;BYDAY=3FR");
});

test("a clock on the wall belongs to times, and to days that are counted from when it is done", () => {
  const daily = { rule: "FREQ=DAILY", time_zone: null, from: "due" } as const;
  expect(fitted(daily, null)).toBeNull();
  expect(fitted({ ...daily, time_zone: "Europe/Berlin" }, "2026-11-25")?.time_zone).toBeNull();
  expect(fitted(daily, "2026-11-25T09:00:00Z")?.time_zone).toBeTruthy();
  expect(fitted({ ...daily, from: "completion" }, "2026-11-25")?.time_zone).toBeTruthy();
});
