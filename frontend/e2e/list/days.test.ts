/** What is due when: put off by mouse, key and finger, one task, several, all that is overdue; lists that have a heading for each day. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { violations } from "../stage/axe";
import { visit, visitAsNewUser } from "../stage/browser";
import { newUser } from "../stage/people";
import { acknowledged, expectTitles, go, notice, row } from "../stage/tasks";

const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };

/** The calendar day in so many days, where the browsers of the tests are. */
function day(distance: number): string {
  const moment = new Date(Date.now() + distance * 86_400_000);
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Lisbon" }).format(moment);
}

/** Each heading with the titles under it. */
async function expectUnder(page: Page, expected: Record<string, string[]>): Promise<void> {
  const shown = () =>
    page
      .locator(".tasks-under")
      .evaluateAll((sections) =>
        Object.fromEntries(
          sections.map((section) => [
            section.querySelector("h2")?.textContent?.split(" · ")[0],
            [...section.querySelectorAll(".task-title")].map((title) => title.textContent),
          ]),
        ),
      );
  await expect.poll(shown).toEqual(expected);
}

const count = (page: Page, view: string) =>
  page.getByRole("navigation").getByRole("link", { name: view }).locator(".nav-count").textContent();

test("Today has what is overdue above, which is put off at once, and taken back at once", async () => {
  const user = await newUser();
  await user.addTask({ title: "Some day" });
  await user.addTask({ title: "Now", due_date: day(0) });
  await user.addTask({ title: "Soon", due_date: day(2) });
  await user.addTask({ title: "Late", due_date: day(-3) });
  await user.addTask({ title: "Late at nine", due_date: `${day(-1)}T09:00:00Z` });
  const page = await visit({ user });
  await row(page, "Late").waitFor();
  expect([await count(page, "Today"), await count(page, "Next 7 days")]).toEqual(["3", "2"]);
  await go(page, "Today");
  await expectUnder(page, { Overdue: ["Late at nine", "Late"], Today: ["Now"] });
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Put off…" }).click();
  await page.getByRole("group", { name: "Put off…" }).getByRole("button", { name: "Today" }).waitFor();
  expect(await violations(page)).toEqual([]);
  const putOff = notice(page, "2 tasks put off to Tomorrow");
  await acknowledged(page, "POST", async () => {
    await page.keyboard.press("2");
    await putOff.hover(); // it stays while the pointer is on it
  });
  await expectUnder(page, { Today: ["Now"] });
  await expect.poll(() => count(page, "Today")).toBe("1");
  const dues = async () => (await user.api.listTasks({ sort: "title" })).items.map(({ due_date }) => due_date);
  const clock = (due = "") =>
    new Date(due).toLocaleTimeString("en-GB", { timeZone: "Europe/Lisbon", hour: "2-digit", minute: "2-digit" });
  const at = (await dues())[1] ?? "";
  expect([at.slice(0, 10), clock(at)]).toEqual([day(1), clock(`${day(-1)}T09:00:00Z`)]); // at its time there
  await putOff.getByRole("button", { name: "Undo" }).click();
  await expectUnder(page, { Overdue: ["Late at nine", "Late"], Today: ["Now"] });
  await expect.poll(async () => (await dues())[0]).toBe(day(-3));

  await page.getByRole("button", { name: "Put off…" }).click();
  await page.getByRole("group", { name: "Put off…" }).getByRole("button", { name: "Tomorrow" }).click();
  await expectUnder(page, { Today: ["Now"] });
  await go(page, "Next 7 days");
  const weekday = (distance: number) => {
    const isNextYear = day(distance).slice(0, 4) !== day(0).slice(0, 4);
    const form = { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" } as const;
    const shown = { ...form, ...(isNextYear && { year: "numeric" as const }) };
    return new Intl.DateTimeFormat("en-GB", shown).format(new Date(`${day(distance)}T12:00:00Z`));
  };
  await expectUnder(page, { Today: ["Now"], Tomorrow: ["Late at nine", "Late"], [weekday(2)]: ["Soon"] });
  await page.getByRole("heading", { name: `Tomorrow · ${weekday(1)}` }).waitFor();
});

test("a key, a menu, a selection and the form put tasks off", async () => {
  const user = await newUser();
  for (const title of ["c", "b", "a"]) await user.addTask({ title });
  const page = await visit({ user });
  await expectTitles(page, "a", "b", "c");
  await page.getByRole("button", { name: "a", exact: true }).focus();
  await acknowledged(page, "PATCH", () => page.keyboard.press("1"));
  await row(page, "a").getByText("Today").waitFor();
  await page.keyboard.press("2");
  await row(page, "a").getByText("Tomorrow").waitFor();
  await page.keyboard.press("u");
  await row(page, "a").getByText("Today").waitFor();
  await page.keyboard.press("0");
  await row(page, "a").getByText("Today").waitFor({ state: "hidden" });

  await row(page, "b").hover();
  await page.getByRole("button", { name: "More: b" }).click();
  await page.getByRole("group", { name: "What to do with b" }).getByRole("button", { name: "Tomorrow" }).click();
  await row(page, "b").getByText("Tomorrow").waitFor();

  await page.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByLabel("Select: a").check();
  await page.getByLabel("Select: c").check();
  const bar = page.getByRole("region", { name: "Selected tasks" });
  await bar.getByRole("button", { name: "Due…" }).click();
  await acknowledged(page, "POST", () =>
    bar.getByRole("group", { name: "Due…" }).getByRole("button", { name: "Today" }).click(),
  );
  await bar.waitFor({ state: "hidden" });
  for (const title of ["a", "c"]) await row(page, title).getByText("Today").waitFor();

  await page.getByRole("button", { name: "a", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Tomorrow" }).click();
  expect(await dialog.getByLabel("Due", { exact: true }).inputValue()).toBe(day(1));
  await acknowledged(page, "PATCH", () => dialog.getByRole("button", { name: "Save" }).click());
  await row(page, "a").getByText("Tomorrow").waitFor();
});

test("a finger puts a task off from the sheet at the bottom", async () => {
  const page = await visitAsNewUser(PHONE, { title: "Late", due_date: day(-1) });
  await go(page, "Today");
  await page.getByRole("button", { name: "More: Late" }).tap();
  const sheet = page.getByRole("group", { name: "What to do with Late" });
  const box = await sheet.boundingBox();
  expect(box && [box.x, box.width, Math.round(box.y + box.height)]).toEqual([0, 390, 780]);
  await acknowledged(page, "PATCH", () => sheet.getByRole("button", { name: "Today" }).tap());
  await expectUnder(page, { Today: ["Late"] });
});

test("what is completed stands under the day on which it was", async () => {
  const page = await visitAsNewUser({}, { title: "one" }, { title: "two" });
  await row(page, "one").getByRole("checkbox").click();
  await acknowledged(page, "PATCH", () => row(page, "two").getByRole("checkbox").click());
  await go(page, "Completed");
  await expectUnder(page, { Today: ["two", "one"] });
});
