/** The page's own reckoning: what the lists look like while changes are on their way, and what is due when. */

import { describe, expect, test } from "vitest";
import { addDays, describeDue, fromLocalInput, isOver, toLocalInput } from "../app/data/due";
import { matches, NO_FILTERS, queryOf, readFilters, writeFilters } from "../app/data/filters";
import { NO_FIELDS, type Task } from "../app/data/types";
import { draftTask, projectList, projectTrash, rebased, type Write } from "../app/sync/writes";

const NOW = new Date("2026-11-21T15:00:00");

function task(id: number, change: Partial<Task> = {}): Task {
  return { ...draftTask({ ...NO_FIELDS, title: `task ${id}` }, "ada"), id, ...change };
}

describe("the list with changes on top", () => {
  const list = [task(3), task(2), task(1)];
  const titles = (...writes: Write[]) => projectList(list, writes, (one) => !one.completed).map(({ title }) => title);

  test("what is made comes to the top, the newest first", () => {
    expect(titles({ kind: "create", task: task(-1) }, { kind: "create", task: task(-2) })).toEqual([
      "task -2",
      "task -1",
      "task 3",
      "task 2",
      "task 1",
    ]);
  });

  test("what is edited stays where it is", () => {
    expect(titles({ kind: "edit", base: task(2), changes: { title: "new" } })).toEqual(["task 3", "new", "task 1"]);
  });

  test("what no longer belongs there goes, and is back in its place when that is undone", () => {
    const complete = (completed: boolean): Write => ({ kind: "complete", tasks: [task(2)], completed });
    expect(titles(complete(true))).toEqual(["task 3", "task 1"]);
    expect(titles(complete(true), complete(false))).toEqual(["task 3", "task 2", "task 1"]);
    expect(titles({ kind: "delete", tasks: [task(2)] })).toEqual(["task 3", "task 1"]);
    expect(titles({ kind: "delete", tasks: [task(2)] }, { kind: "restore", tasks: [task(2)] })).toEqual([
      "task 3",
      "task 2",
      "task 1",
    ]);
  });

  test("changes of the same task add up", () => {
    const made: Write = { kind: "create", task: task(-1) };
    const edited: Write = { kind: "edit", base: task(-1), changes: { title: "new" } };
    expect(titles(made, edited)[0]).toBe("new");
    expect(titles(made, edited, { kind: "delete", tasks: [task(-1)] })).toHaveLength(3);
  });

  test("a change follows its task to the id that the service gives it", () => {
    const edit: Write = { kind: "edit", base: task(-1), changes: { title: "new" } };
    expect(rebased(edit, -1, task(7))).toMatchObject({ base: { id: 7 }, changes: { title: "new" } });
    expect(rebased(edit, -2, task(7))).toBe(edit);
  });

  test("the trash gets what the list loses", () => {
    const ids = (...writes: Write[]) => projectTrash([], writes).map(({ id }) => id);
    const gone: Write = { kind: "delete", tasks: [task(2), task(1)] };
    expect(ids(gone)).toEqual([2, 1]);
    expect(ids(gone, { kind: "restore", tasks: [task(2)] })).toEqual([1]);
    expect(ids(gone, { kind: "empty-trash" })).toEqual([]);
  });
});

describe("due dates", () => {
  test.each([
    ["2026-11-20", "Yesterday", true],
    ["2026-11-21", "Today", false],
    ["2026-11-22", "Tomorrow", false],
    ["2026-11-27", "Friday", false],
    ["2026-12-01", /Dec/, false],
    ["2027-12-01", /2027/, false],
    ["2026-11-21T14:00:00", /^Today, /, true],
    ["2026-11-21T16:00:00", /^Today, /, false],
  ])("%s", (due, text, over) => {
    expect(describeDue(due, NOW)).toMatch(text);
    expect(isOver(due, NOW)).toBe(over);
  });

  test("days are counted by the calendar", () => {
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect(addDays("2028-03-01", -1)).toBe("2028-02-29");
  });

  test("a moment survives its input field", () => {
    const due = fromLocalInput("2026-11-21T09:30");
    expect(due && toLocalInput(due)).toBe("2026-11-21T09:30");
    expect(fromLocalInput("2026-11-21T")).toBeNull();
  });
});

describe("filters", () => {
  const due = (due_date: string | null, change: Partial<Task> = {}) => task(1, { due_date, ...change });

  test("the address holds them all, and the usual ones not at all", () => {
    const filters = { ...NO_FILTERS, due: "week", tags: ["a b", "c"], search: "x&y", sort: "title" } as const;
    expect(readFilters(new URLSearchParams(writeFilters(filters).toString()))).toEqual(filters);
    expect(writeFilters(NO_FILTERS).toString()).toBe("");
    expect(readFilters(new URLSearchParams("status=nonsense&due=&sort=1"))).toEqual(NO_FILTERS);
  });

  test("the person's own day decides, in a window that no time zone leaves", () => {
    const today = { ...NO_FILTERS, due: "today" } as const;
    expect(matches(due("2026-11-21"), today, NOW)).toBe(true);
    expect(matches(due("2026-11-21T23:59:00"), today, NOW)).toBe(true);
    expect(matches(due("2026-11-22"), today, NOW)).toBe(false);
    expect(matches(due(null), today, NOW)).toBe(false);
    expect(queryOf(today, NOW)).toMatchObject({ due_after: "2026-11-20", due_before: "2026-11-23" });
    expect(matches(due("2026-11-20"), { ...NO_FILTERS, due: "overdue" }, NOW)).toBe(true);
    expect(matches(due("2026-11-27"), { ...NO_FILTERS, due: "week" }, NOW)).toBe(true);
    expect(matches(due("2026-11-28"), { ...NO_FILTERS, due: "week" }, NOW)).toBe(false);
  });
});
