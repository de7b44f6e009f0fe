/** A task that is added appears where it was added, or it is said where it is. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { visitAsNewUser } from "../stage/browser";
import { add, expectTitles, go, notice, row } from "../stage/tasks";

async function addUnseen(page: Page, title: string): Promise<void> {
  await page.getByLabel("Title of a new task").fill(title);
  await page.getByLabel("Title of a new task").press("Enter");
}

test("a list gives a new task what it shows", async () => {
  const page = await visitAsNewUser({}, { title: "Old", tags: ["work"] });
  for (const view of ["Today", "Next 7 days"]) {
    await go(page, view);
    await page.getByRole("form").getByText("Today").waitFor(); // said before it is made
    const title = view === "Today" ? "Something of a day" : "Something of a week";
    await add(page, title);
    await row(page, title).getByText("Today", { exact: true }).waitFor();
  }
  await go(page, "Open");
  await page.getByRole("button", { name: "Tag work: show only" }).click();
  await expectTitles(page, "Old");
  await add(page, "Something of work");
  await page.getByLabel("Priority", { exact: true }).selectOption("High");
  await add(page, "Something urgent of work");
  await row(page, "Something urgent of work").getByText("High").waitFor();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await row(page, "Something urgent of work").getByText("work", { exact: true }).waitFor();
  await row(page, "Something of work").getByText("work", { exact: true }).waitFor();
});

test("what the person says is stronger than what the list gives", async () => {
  const page = await visitAsNewUser();
  await go(page, "Today");
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByRole("form").getByLabel("Due", { exact: true }).fill("");
  await addUnseen(page, "Some day");
  await notice(page, "Added “Some day” to Open").waitFor();
  await page.getByText("No task matches.").waitFor();
  await add(page, "After all"); // and only for that one task
});

test("where a new task does not appear it is said where it is, with the way there", async () => {
  const page = await visitAsNewUser();
  for (const view of ["Overdue", "Completed"]) {
    await go(page, view);
    await addUnseen(page, `Added in ${view}`);
    await notice(page, `Added “Added in ${view}” to Open`).getByRole("button", { name: "Show" }).click();
    await page.getByRole("heading", { name: "Open", level: 1 }).waitFor();
    await row(page, `Added in ${view}`).waitFor();
  }
  await page.getByLabel("Search tasks").fill("nothing like it");
  await page.getByText("No task matches.").waitFor();
  await addUnseen(page, "Not sought");
  await notice(page, "Added “Not sought” to Open").getByRole("button", { name: "Show" }).click();
  await expectTitles(page, "Not sought", "Added in Completed", "Added in Overdue");
  await page.getByLabel("Title of a new task").press("Tab");
  await page.keyboard.press("u"); // there is nothing to undo
  expect(await page.getByLabel("Search tasks").inputValue()).toBe("");
});
