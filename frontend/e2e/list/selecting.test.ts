/** Many tasks at once: all of them, ranges, and what was deleted. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { visit, visitAsNewUser } from "../stage/browser";
import { newUser } from "../stage/people";
import { expectTitles, go, notice, row } from "../stage/tasks";

const MANY = 230;

const selected = (page: Page) => page.locator(".task[data-selected=true] .task-title").allTextContents();

test("all are selected, those that are not shown yet too, and deleted, and restored from the trash", async () => {
  const user = await newUser();
  await user.api.importTasks({ tasks: Array.from({ length: MANY }, (_, n) => ({ title: `task ${n + 1}` })) });
  const page = await visit({ user });
  await row(page, `task ${MANY}`).waitFor();
  await page.getByRole("button", { name: "Select", exact: true }).click();
  const bar = page.getByRole("region", { name: "Selected tasks" });
  await bar.getByRole("button", { name: "Select all" }).click();
  await bar.getByText(`${MANY} selected`).waitFor();
  await bar.getByRole("button", { name: "Delete" }).click();
  await page.getByText("All clear.").waitFor();
  await expect.poll(async () => (await user.api.listTasks()).total).toBe(0);

  await go(page, "Trash");
  await page.getByRole("button", { name: "Select", exact: true }).click();
  await bar.getByRole("button", { name: "Select all" }).click();
  await bar.getByText(`${MANY} selected`).waitFor();
  await page.getByLabel(`Select: task ${MANY}`, { exact: true }).uncheck();
  await bar.getByRole("button", { name: "Restore" }).click();
  await notice(page, `Restored ${MANY - 1} tasks`).waitFor();
  await expectTitles(page, `task ${MANY}`);
  await expect.poll(async () => (await user.api.listTasks()).total).toBe(MANY - 1);
});

test("with the shift key all from one to the other are selected, by click and by key", async () => {
  const page = await visitAsNewUser({}, ...["five", "four", "three", "two", "one"].map((title) => ({ title })));
  await expectTitles(page, "one", "two", "three", "four", "five");
  await page.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByLabel("Select: two").click();
  await page.getByLabel("Select: four").click({ modifiers: ["Shift"] });
  await expect.poll(() => selected(page)).toEqual(["two", "three", "four"]);
  await page.getByLabel("Select: three").click({ modifiers: ["Shift"] });
  await expect.poll(() => selected(page)).toEqual(["two"]); // as the one that was clicked
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "one", exact: true }).focus();
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+X");
  await expect.poll(() => selected(page)).toEqual(["one", "two", "three"]);
});

test("Backspace deletes the task that has the focus", async () => {
  const page = await visitAsNewUser({}, { title: "one" }, { title: "two" });
  await expectTitles(page, "two", "one");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Backspace");
  await expectTitles(page, "one");
});

test("a double click opens a task, and leaves it open", async () => {
  const page = await visitAsNewUser({ viewport: { width: 1280, height: 900 } }, { title: "Plan" });
  await page.getByRole("button", { name: "Plan", exact: true }).dblclick();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await page.waitForFunction(() => document.querySelector("dialog")?.getAttribute("closedby") === "any");
  expect(await dialog.isVisible()).toBe(true);
  await page.mouse.click(5, 5); // later a click beside it closes it, as ever
  await dialog.waitFor({ state: "hidden" });
});

test("the order of a list is remembered, until its user signs out", async () => {
  const page = await visitAsNewUser({ tolerate: /status of 401/ }, { title: "b" }, { title: "a" }, { title: "c" });
  await page.getByLabel("Sort").selectOption("Title");
  await expectTitles(page, "a", "b", "c");
  await page.goto("/");
  await expectTitles(page, "a", "b", "c");
  await page.getByLabel("Sort").selectOption("Newest first");
  await expectTitles(page, "c", "a", "b");
  await page.getByLabel("Sort").selectOption("Title");
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await page.evaluate(() => ({ ...localStorage }))).toEqual({});
});

test("a search finds tags, and what is in other lists", async () => {
  const page = await visitAsNewUser(
    {},
    { title: "Sweep", tags: ["Garden"] },
    { title: "Rake the garden", completed: true },
    { title: "Cook" },
  );
  await page.getByLabel("Search tasks").fill("garden");
  await expectTitles(page, "Sweep");
  await page.getByRole("button", { name: "1 more in all tasks" }).click();
  await expectTitles(page, "Rake the garden", "Sweep");
  expect(await page.getByRole("button", { name: /more in all tasks/ }).count()).toBe(0);
  await page.getByLabel("Search tasks").fill("#gar");
  await expectTitles(page, "Sweep");
});
