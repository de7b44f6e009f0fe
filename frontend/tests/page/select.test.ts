/** What the page makes of the list that it has is what the service would have answered. */

import { describe, expect, test } from "vitest";
import { type Filters, NO_FILTERS, SORTS, STATUSES } from "../../app/data/list/filters";
import { count, select } from "../../app/data/list/select";
import { PRIORITIES, same } from "../../app/data/types";
import { apiOf, emptied, isThere } from "../service";

const NOW = new Date("2031-06-15T12:00:00Z");
const TITLES = [
  "a",
  "B",
  "b",
  "Ä",
  "ärger",
  "Z",
  "z_z",
  "100%",
  "%",
  "\\",
  "ﾠ",
  "Ａ",
  "𝒳",
  "😀",
  "ß",
  "Ω",
  "zażółć",
  "a b",
  "a\u0301",
  "A\u0308RGER",
  "STRASSE",
  "straße",
  "ΟΔΟΣ",
  "οδοσ",
  "İzmir",
  "i\u0307zmir",
];
const NOTES = [null, "B and b", "50%_off", "back\\slash", "ÄRGER", "😀😀", "two\nlines"];
const DUES = [null, "2031-06-15", "2031-06-15T00:00:00Z", "2031-06-14T23:59:59.999999Z", "2031-06-15T00:00:00.000001Z"];
const SEARCHES = ["", "b", "ÄR", "%", "_", "\\", "😀", "lines", "nothing like it"];
const DAYS = 7;

/** The same in each run. */
function* numbers(): Generator<number, never> {
  for (let seed = 1; ; seed = (seed * 48271) % 2147483647) yield seed;
}

function tasks(size: number) {
  const random = numbers();
  const one = <T>(of: readonly T[]): T => of[random.next().value % of.length] as T;
  const time = () => new Date(Date.UTC(2031, 0, 1 + (random.next().value % DAYS))).toISOString();
  return Array.from({ length: size }, () => ({
    title: one(TITLES),
    description: one(NOTES),
    priority: one(PRIORITIES),
    due_date: one(DUES),
    tags: ["x", "y", "z"].filter(() => one([true, false])),
    completed: one([true, false, false]),
    created_at: time(),
    updated_at: time(),
  }));
}

describe.skipIf(!isThere)("as the running service has it", () => {
  test("every order, with every filter", { timeout: 60_000 }, async () => {
    const api = apiOf("select");
    await emptied(api);
    await api.importTasks({ tasks: tasks(200) });
    const { items: all } = await api.listTasks({ limit: 1000 });
    expect(all).toHaveLength(200);

    const questions: Partial<Filters>[] = [
      ...SORTS.flatMap((sort) => STATUSES.map((status) => ({ sort, status }))),
      ...SEARCHES.map((search) => ({ search, sort: "title" as const })),
      ...PRIORITIES.map((priority) => ({ priority, sort: "due_date" as const })),
      { tags: ["x"] },
      { tags: ["x", "z"], sort: "-updated" },
    ];
    const differing: Partial<Filters>[] = [];
    for (const question of questions) {
      const { status, priority, tags, search, sort }: Filters = { ...NO_FILTERS, status: "all", ...question };
      const { items } = await api.listTasks({
        limit: 1000,
        status,
        sort: sort === "-created" ? undefined : sort,
        priority: priority === "any" ? undefined : priority,
        tag: tags.length ? [...tags] : undefined,
        search: search || undefined,
      });
      const here = select(all, { ...NO_FILTERS, status: "all", ...question }, NOW);
      if (
        !same(
          here.map(({ id }) => id),
          items.map(({ id }) => id),
        )
      )
        differing.push(question);
    }
    expect(differing).toEqual([]);
    const { overdue: _here, today: _today, week: _week, ...counts } = count(all, NOW); // a day ends where the person is
    expect(await api.getTaskStats()).toMatchObject(counts);
  });
});
