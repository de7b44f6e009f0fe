/** One person's way through the page, from the first visit to signing out. */

import { expect, test } from "vitest";
import { visit, visitAsNewUser } from "../stage/browser";
import { someone } from "../stage/people";
import { acknowledged, add, expectTitles, go, notice, refuseUntilAsked, row, settled } from "../stage/tasks";

test("sign up, add, edit, complete, filter, delete and undo, sign out, sign in", async () => {
  const page = await visit({ tolerate: /status of 401/ });
  const { name, email, password } = someone();

  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByText("All clear.").waitFor();

  await add(page, "Water the plants");
  await add(page, "Book the train");
  await page.getByLabel("Title of a new task").fill("Send the invoice");
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByLabel("Notes").fill("To Meyer & Sons");
  await page.getByLabel("Due", { exact: true }).first().fill("2020-02-03");
  await page.getByRole("form").getByText("Urgent").click();
  await page.getByLabel("Tags").fill("work, money,");
  await acknowledged(page, "POST", () => page.getByRole("button", { name: "Add", exact: true }).click());
  await expectTitles(page, "Send the invoice", "Book the train", "Water the plants");
  const invoice = row(page, "Send the invoice");
  for (const text of ["3 Feb 2020", "Urgent", "work", "money", "To Meyer & Sons"])
    await invoice.getByText(text).waitFor();

  await page.getByRole("button", { name: "Book the train", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Title").fill("Book the night train");
  await dialog.getByLabel("Due", { exact: true }).fill("2031-05-06");
  await dialog.getByLabel("Time").fill("09:30");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  await row(page, "Book the night train").getByText("6 May 2031, 09:30").waitFor();

  await acknowledged(page, "PATCH", () => row(page, "Water the plants").getByRole("checkbox").click());
  await expectTitles(page, "Send the invoice", "Book the night train");
  await go(page, "Completed");
  await expectTitles(page, "Water the plants");
  await go(page, "Overdue");
  await expectTitles(page, "Send the invoice");

  await go(page, "All tasks");
  await page.getByLabel("Search tasks").fill("MEYER");
  await expectTitles(page, "Send the invoice");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByLabel("Priority", { exact: true }).selectOption("Urgent");
  await expectTitles(page, "Send the invoice");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByRole("button", { name: "Tag money: show only" }).click();
  await expectTitles(page, "Send the invoice");
  await page.reload(); // the address has the filters
  await expectTitles(page, "Send the invoice");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByLabel("Sort").selectOption("Title");
  await expectTitles(page, "Book the night train", "Send the invoice", "Water the plants");
  await page.getByLabel("Sort").selectOption("Newest first");

  await row(page, "Send the invoice").hover();
  await page.getByRole("button", { name: "Delete: Send the invoice" }).click();
  await expectTitles(page, "Book the night train", "Water the plants");
  await notice(page, "Moved “Send the invoice” to the trash").getByRole("button", { name: "Undo" }).click();
  await expectTitles(page, "Send the invoice", "Book the night train", "Water the plants");

  await settled(page); // with something unsent it would ask first
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await page.evaluate(() => [Object.keys(localStorage), Object.keys(sessionStorage)])).toEqual([[], []]);
  await page.reload();
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill("wrong horse battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Invalid email or password").waitFor();
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await go(page, "All tasks");
  await expectTitles(page, "Send the invoice", "Book the night train", "Water the plants");
});

test("many at once, and the trash", async () => {
  const titles = ["four", "three", "two", "one"];
  const page = await visitAsNewUser({}, ...titles.toReversed().map((title) => ({ title })));
  await expectTitles(page, ...titles);

  await page.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByLabel("Select: four").check();
  await page.getByLabel("Select: two").check();
  const bar = page.getByRole("region", { name: "Selected tasks" });
  await bar.getByText("2 selected").waitFor();
  const completed = notice(page, "Completed 2 tasks");
  await acknowledged(page, "POST", async () => {
    await bar.getByRole("button", { name: "Complete" }).click();
    await completed.hover(); // it stays while the pointer is on it
  });
  await expectTitles(page, "three", "one");
  await completed.getByRole("button", { name: "Undo" }).click();
  await expectTitles(page, ...titles);

  await page.getByRole("button", { name: "Select", exact: true }).click();
  await bar.getByRole("button", { name: "Select all" }).click();
  await page.getByLabel("Select: one").uncheck();
  await bar.getByRole("button", { name: "Delete" }).click();
  await expectTitles(page, "one");
  await go(page, "Trash");
  await expect.poll(() => page.locator(".task").count()).toBe(3);
  await page.getByText("Deleted tasks wait here for 30 days before they are erased.").waitFor();
  await page.getByRole("button", { name: "Restore: two" }).click();
  await expect.poll(() => page.locator(".task").count()).toBe(2);
  await page.getByRole("button", { name: "Empty trash" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Empty trash" }).click();
  await page.getByText("The trash is empty.").waitFor();
  await go(page, "Open");
  await expectTitles(page, "two", "one");
  await page.reload();
  await expectTitles(page, "two", "one");
  await go(page, "Trash");
  await page.getByText("The trash is empty.").waitFor();
});

test("a trash that cannot be had says so, and is asked for again", async () => {
  const page = await visitAsNewUser({ tolerate: /status of 500/ });
  const ask = await refuseUntilAsked(page, "**/api/tasks/trash*", (route) => route.fulfill({ status: 500, json: {} }));
  await go(page, "Trash");
  await page.getByText("The service answered 500.").waitFor();
  await ask(page.getByRole("button", { name: "Try again" }));
  await page.getByText("The trash is empty.").waitFor();
});

test("a long list comes in pages", async () => {
  const page = await visitAsNewUser();
  await page.evaluate(async () => {
    const session = await fetch("/api/auth/get-session");
    const operations = Array.from({ length: 70 }, (_, n) => ({ op: "create", task: { title: `task ${n + 1}` } }));
    await fetch("/api/tasks/batch", {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${session.headers.get("set-auth-jwt")}` },
      body: JSON.stringify({ operations }),
    });
  });
  await page.reload();
  await row(page, "task 70").waitFor();
  expect(await page.locator(".task").count()).toBe(50);
  await page.getByRole("button", { name: "Show more" }).click();
  await row(page, "task 1").waitFor();
  expect(await page.locator(".task").count()).toBe(70);
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("task 20"); // what came
  expect(await page.getByRole("button", { name: "Show more" }).count()).toBe(0);
});
