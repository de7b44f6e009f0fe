/** What axe-core finds in the main states, light and dark, wide and narrow: nothing. */

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { RULES, violations } from "../stage/axe";
import { visit } from "../stage/browser";
import { newUser, type User } from "../stage/people";
import { row } from "../stage/tasks";

const WIDE = { width: 1180, height: 800 };
const PHONE = { width: 360, height: 740 };

function isScrolledSideways(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
}

async function furnish(user: User): Promise<void> {
  await user.addTask({ title: "Completed", completed: true });
  await user.addTask({ title: "Plain" });
  await user.addTask({ title: "Low", priority: "low", tags: ["home"] });
  await user.addTask({ title: "High", priority: "high", due_date: "2031-01-01", tags: ["home", "work"] });
  await user.addTask({ title: "Urgent", priority: "urgent", due_date: "2020-01-01", description: "Notes ".repeat(50) });
  const { id } = await user.addTask({ title: "Deleted" });
  await user.api.deleteTask(id);
}

/** Each main state, one after the other. */
async function* states(page: Page): AsyncGenerator<string> {
  await row(page, "Urgent").waitFor();
  yield "the list";
  await page.getByRole("button", { name: "Details" }).click();
  yield "the details of a new task";
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByRole("button", { name: "Urgent", exact: true }).click();
  yield "a task's dialog";
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByLabel("Select: High").check();
  yield "a selection";
  await page.keyboard.press("Escape");
  await row(page, "Plain").getByRole("checkbox").click();
  await page.locator(".notice").waitFor();
  yield "a notice";
  await page.getByLabel("Search tasks").fill("nothing is called that");
  await page.getByText("No task matches.").waitFor();
  yield "nothing found";
  await page.goto("/?status=all&tag=home");
  await row(page, "High").waitFor();
  yield "a filter";
  await page.goto("/?view=trash");
  await row(page, "Deleted").waitFor();
  yield "the trash";
  await page.getByRole("button", { name: "Empty trash" }).click();
  yield "a question";
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /account of/ }).click();
  yield "the menu";
  await page.getByRole("button", { name: "Access tokens" }).click();
  await page.getByText("There are none.").waitFor();
  yield "the access tokens";
  await page.getByLabel("Name of the program").fill("Thunderbird");
  await page.getByRole("button", { name: "Make a token" }).click();
  await page.getByRole("button", { name: "Revoke: Thunderbird" }).waitFor();
  yield "a token that was just made";
  await page.getByRole("button", { name: "Revoke: Thunderbird" }).click();
  yield "a token that is to be revoked";
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Bring your list along…" }).click();
  const file = {
    name: "todo.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("(A) Call @phone due:2031-01-01\nx 2026-01-01 Run\n"),
  };
  await page.getByRole("dialog").getByLabel("File").setInputFiles(file);
  await page.getByRole("button", { name: "Add 2 tasks" }).waitFor();
  yield "a list that is brought along";
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  yield "the shortcuts";
  await page.goto("/");
  await row(page, "Urgent").waitFor();
  await page.context().setOffline(true);
  await page.getByText("You are offline.").waitFor();
  await row(page, "Low").getByRole("checkbox").click();
  yield "offline";
}

/** Light and wide everything; else what the width or the colours can change. */
const VIEWS = [
  { name: "light", colorScheme: "light", viewport: WIDE, rules: RULES },
  { name: "dark", colorScheme: "dark", viewport: WIDE, rules: ["color-contrast", "link-in-text-block"] },
  { name: "narrow", colorScheme: "light", viewport: PHONE, rules: ["color-contrast", "target-size", "region"] },
] as const;

describe.each(VIEWS)("$name", ({ colorScheme, viewport, rules }) => {
  test("signed in", async () => {
    const user = await newUser();
    await furnish(user);
    const page = await visit({ user, colorScheme, viewport, tolerate: /ERR_INTERNET_DISCONNECTED/ });
    const found: string[] = [];
    for await (const state of states(page)) {
      found.push(...(await violations(page, rules)).map((violation) => `${state}: ${violation}`));
      expect(await isScrolledSideways(page), state).toBe(false);
    }
    expect(found).toEqual([]);
  });

  test("signed out", async () => {
    const page = await visit({ colorScheme, viewport, tolerate: /status of 401/ });
    await page.getByLabel("E-mail").fill("nobody@example.com");
    await page.getByLabel("Password").fill("wrong horse battery");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Invalid email or password").waitFor();
    expect(await violations(page, rules)).toEqual([]);
    await page.getByRole("button", { name: "Create an account" }).click();
    expect(await violations(page, rules)).toEqual([]);
    expect(await isScrolledSideways(page)).toBe(false);
  });
});

test("the theme can be chosen, and stays chosen", async () => {
  const page = await visit({ colorScheme: "light" });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const light = await ground();
  await page.getByText("Dark", { exact: true }).click();
  expect(await ground()).not.toBe(light);
  await page.reload();
  expect(await ground()).not.toBe(light);
  await page.getByText("Auto", { exact: true }).click();
  expect(await ground()).toBe(light);
});
