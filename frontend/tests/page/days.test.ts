/** Days as people mean them, and lists that have a heading for each. */

import { describe, expect, test } from "vitest";
import { arrange, OVERDUE } from "../../app/data/list/arrange";
import { QUICK_DAYS, quickDay, onDay } from "../../app/data/dates/days";
import { headDay } from "../../app/data/dates/due";
import { type Filters, NO_FILTERS } from "../../app/data/list/filters";
import { NO_FIELDS, type Task } from "../../app/data/types";
import { draftTask } from "../../app/sync/writes";

const WESTERN = { firstDay: 1, weekend: [6, 7] };
/** Friday and Saturday are free. */
const EASTERN = { firstDay: 7, weekend: [5, 6] };

describe("quick days", () => {
  const days = (now: string, week = WESTERN) => QUICK_DAYS.map((which) => quickDay(which, new Date(now), week));

  test.each([
    ["2026-11-25T10:00:00", ["2026-11-25", "2026-11-26", "2026-11-28", "2026-11-30", null]], // a Wednesday
    ["2026-11-27T23:59:00", ["2026-11-27", "2026-11-28", "2026-11-28", "2026-11-30", null]],
    ["2026-11-28T00:00:00", ["2026-11-28", "2026-11-29", "2026-12-05", "2026-11-30", null]],
    ["2026-11-29T12:00:00", ["2026-11-29", "2026-11-30", "2026-12-05", "2026-11-30", null]],
    ["2026-11-30T12:00:00", ["2026-11-30", "2026-12-01", "2026-12-05", "2026-12-07", null]],
    ["2026-12-31T12:00:00", ["2026-12-31", "2027-01-01", "2027-01-02", "2027-01-04", null]],
  ])("at %s", (now, expected) => expect(days(now)).toEqual(expected));

  test("follow the week of where the language is spoken", () => {
    expect(days("2026-11-25T10:00:00", EASTERN).slice(2, 4)).toEqual(["2026-11-27", "2026-11-29"]);
  });

  test("leave the time of the day, and what has none without", () => {
    expect(onDay(null, "2026-12-01")).toBe("2026-12-01");
    expect(onDay("2026-11-25", "2026-12-01")).toBe("2026-12-01");
    expect(onDay("2026-11-25T09:30:00", "2026-12-01")).toBe(new Date("2026-12-01T09:30:00").toISOString());
    expect(onDay("2026-11-25T09:30:00", null)).toBeNull();
  });
});

describe("lists of days", () => {
  const NOW = new Date("2026-11-25T15:00:00");
  const task = (id: number, due_date: string | null, change: Partial<Task> = {}): Task => ({
    ...draftTask({ ...NO_FIELDS, title: `${id}`, due_date }, "ada"),
    id,
    position: `${9 - id}`,
    ...change,
  });
  const tasks = [
    task(1, "2026-11-25"),
    task(2, "2026-11-20"),
    task(3, "2026-11-25T08:00:00"), // its time has passed, its day has not
    task(4, "2026-11-24T08:00:00"),
    task(5, "2026-11-27"),
    task(6, null),
    task(7, "2026-11-26"),
    task(8, "2026-11-20", { completed: true, completed_at: "2026-11-24T12:00:00.000Z" }),
    task(9, null, { completed: true, completed_at: "2026-11-25T12:00:00.000Z" }),
  ];
  const shown = (filters: Partial<Filters>) =>
    arrange(tasks, { ...NO_FILTERS, ...filters }, NOW, new Set()).map(({ task, under }) => [under, task.id]);

  test("today has what is overdue above, in the order by hand", () => {
    expect(shown({ due: "today" })).toEqual([
      [OVERDUE, 4],
      [OVERDUE, 2],
      ["2026-11-25", 3],
      ["2026-11-25", 1],
    ]);
  });

  test("the next days have a heading each", () => {
    expect(shown({ due: "week", sort: "due_date" })).toEqual([
      ["2026-11-25", 1],
      ["2026-11-25", 3],
      ["2026-11-26", 7],
      ["2026-11-27", 5],
    ]);
  });

  test("what is completed stands under the day on which it was", () => {
    expect(shown({ status: "completed" })).toEqual([
      ["2026-11-25", 9],
      ["2026-11-24", 8],
    ]);
  });

  test("another order has no headings", () => {
    expect(shown({ due: "week", sort: "title" }).map(([under]) => under)).toEqual([null, null, null, null]);
    expect(shown({ status: "completed", sort: "-priority" }).map(([under]) => under)).toEqual([null, null]);
  });

  test("a heading says the day as people do", () => {
    expect(headDay("2026-11-25", NOW)).toMatch(/^Today · Wednesday/);
    expect(headDay("2026-11-26", NOW)).toMatch(/^Tomorrow · Thursday/);
    expect(headDay("2026-11-28", NOW)).toMatch(/^Saturday/);
    expect(headDay("2025-01-01", NOW)).toMatch(/2025/);
  });
});
