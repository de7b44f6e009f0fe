/** The page's own reckoning: what the lists look like while changes are on their way, and what is due when. */

import { describe, expect, test } from "vitest";
import { addDays, describeDue, fromLocalInput, isOver, toLocalInput } from "../../app/data/dates/due";
import { type Filters, matches, NO_FILTERS, readFilters, writeFilters } from "../../app/data/list/filters";
import { count, select } from "../../app/data/list/select";
import { NO_FIELDS, type Task } from "../../app/data/types";
import { draftTask, project, projectTrash, rebased, type Write } from "../../app/sync/writes";

const NOW = new Date("2026-11-21T15:00:00");

function task(id: number, change: Partial<Task> = {}): Task {
  const made = draftTask({ ...NO_FIELDS, title: `task ${id}` }, "ada");
  const position = id < 0 ? "" : (1000 - id).toString(16).padStart(16, "0"); // the newest first
  return { ...made, id, position, created_at: "2026-11-01T00:00:00.000Z", ...change };
}

const pending = (writes: Write[], newest: number | null = null) =>
  writes.map((write) => ({ write, tried: newest === null ? null : { newest } }));

describe("the list with changes on top", () => {
  const list = new Map([task(2), task(3), task(1)].map((one) => [one.id, one]));
  const titles = (...writes: Write[]) =>
    select(project(list, pending(writes)), NO_FILTERS, NOW).map(({ title }) => title);

  test("what is made comes to the top, the newest first", () => {
    const early = { created_at: "2001-01-01T00:00:00.000Z" }; // by a clock that is late
    expect(titles({ kind: "create", task: task(-1) }, { kind: "create", task: task(-2, early) })).toEqual([
      "task -2",
      "task -1",
      "task 3",
      "task 2",
      "task 1",
    ]);
  });

  test("a new task of which the list tells before the answer does is there once", () => {
    const third: Write = { kind: "create", task: task(-1, { title: "task 3" }) };
    const ids = (writes: ReturnType<typeof pending>) => project(list, writes).map(({ id }) => id);
    expect(ids(pending([third], 2))).toEqual([2, 1, -1]);
    expect(ids(pending([third], 3))).toContain(3); // it was there before
    expect(ids(pending([third]))).toContain(3); // the new one was never sent
    expect(ids(pending([{ kind: "create", task: task(-1) }], 2))).toContain(3); // another one
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

describe("the list as the service would order, search and count it", () => {
  const tasks = [
    task(1, {
      title: "b",
      priority: "low",
      due_date: "2026-11-22",
      tags: ["x"],
      updated_at: "2026-11-21T10:00:00.000Z",
    }),
    task(2, { title: "A", priority: "urgent", due_date: null, updated_at: "2026-11-21T09:00:00.000Z" }),
    task(3, { title: "\u{1f600}", due_date: "2026-11-21T23:00:00.000Z", tags: ["x", "y"], description: "50%_off" }),
    task(4, { title: "\uff21", priority: "urgent", due_date: "2026-11-20", completed: true }),
    task(5, { title: "Ärger", due_date: "2026-11-20" }),
  ].map((one, index) => ({ ...one, created_at: `2026-11-0${index + 1}T00:00:00.000Z` }));
  const ids = (filters: Partial<Filters>) =>
    select(tasks, { ...NO_FILTERS, status: "all", ...filters }, NOW).map(({ id }) => id);

  test("orders", () => {
    expect(ids({})).toEqual([5, 4, 3, 2, 1]);
    expect(ids({ sort: "title" })).toEqual([2, 4, 1, 5, 3]); // by code points of small letters, in one form
    expect(ids({ sort: "-priority" })).toEqual([4, 2, 5, 3, 1]);
    expect(ids({ sort: "due_date" })).toEqual([4, 5, 3, 1, 2]); // none comes last
    expect(ids({ sort: "-updated" }).slice(-2)).toEqual([1, 2]);
  });

  test("searches", () => {
    expect(ids({ search: "50%_OFF" })).toEqual([3]);
    expect(ids({ search: "%" })).toEqual([3]);
    expect(ids({ search: "ÄRG" })).toEqual([5]);
    expect(ids({ tags: ["x", "y"] })).toEqual([3]);
  });

  test("counts", () => {
    expect(count(tasks, NOW)).toEqual({
      total: 5,
      completed: 1,
      pending: 4,
      overdue: 1,
      by_priority: { low: 1, medium: 2, high: 0, urgent: 2 },
      by_tag: { x: 2, y: 1 },
      today: 2,
      week: 2,
    });
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

  test("the person's own day decides", () => {
    const today = { ...NO_FILTERS, due: "today" } as const;
    expect(matches(due("2026-11-21"), today, NOW)).toBe(true);
    expect(matches(due("2026-11-21T23:59:00"), today, NOW)).toBe(true);
    expect(matches(due("2026-11-22"), today, NOW)).toBe(false);
    expect(matches(due(null), today, NOW)).toBe(false);
    expect(matches(due("2026-11-20"), today, NOW)).toBe(true); // what was to be done is still
    expect(matches(due("2026-11-20", { completed: true }), { ...today, status: "all" }, NOW)).toBe(false);
    expect(matches(due("2026-11-20"), { ...NO_FILTERS, due: "overdue" }, NOW)).toBe(true);
    expect(matches(due("2026-11-27"), { ...NO_FILTERS, due: "week" }, NOW)).toBe(true);
    expect(matches(due("2026-11-28"), { ...NO_FILTERS, due: "week" }, NOW)).toBe(false);
  });
});
