/** All of it without a mouse. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { visit, visitAsNewUser } from "../stage/browser";
import { someone } from "../stage/people";
import { acknowledged, expectTitles, go, notice, settled } from "../stage/tasks";

const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent);

test("from signing up to signing out", async () => {
  const page = await visit();
  const { name, email, password } = someone();
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("type"))).toBe("email");
  await page.keyboard.press("Tab"); // password
  await page.keyboard.press("Tab"); // show it
  await page.keyboard.press("Tab"); // sign in
  await page.keyboard.press("Tab");
  expect(await focused(page)).toBe("Create an account");
  await page.keyboard.press("Enter");
  for (const text of [name, email, password]) {
    if (text !== name) await page.keyboard.press("Tab");
    await page.keyboard.type(text);
  }
  await page.keyboard.press("Enter");
  await page.getByText("All clear.").waitFor();

  await page.keyboard.press("n");
  for (const title of ["one", "two", "three"]) {
    await page.keyboard.type(title);
    await acknowledged(page, "POST", () => page.keyboard.press("Enter"));
  }
  await expectTitles(page, "three", "two", "one");
  await page.keyboard.press("Tab"); // out of the field: letters are shortcuts again

  await page.keyboard.press("ArrowDown");
  expect(await focused(page)).toBe("three");
  await page.keyboard.press("j");
  expect(await focused(page)).toBe("two");
  await page.keyboard.press("c");
  await expectTitles(page, "three", "one");
  await expect.poll(() => focused(page)).toBe("one"); // what took its place
  await notice(page, "Completed “two”").waitFor();
  await page.keyboard.press("u");
  await expectTitles(page, "three", "two", "one");

  await page.keyboard.press("Enter");
  await expect.poll(() => focused(page)).toBe("");
  await page.keyboard.press("End");
  await page.keyboard.type(" and a half");
  await acknowledged(page, "PATCH", () => page.keyboard.press("Enter"));
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await expect.poll(() => focused(page)).toBe("one and a half"); // the focus is back where it was

  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });

  await page.keyboard.press("Delete");
  await expectTitles(page, "three", "two");
  await expect.poll(() => focused(page)).toBe("two");
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("x");
  await page.getByText("2 selected").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("2 selected").waitFor({ state: "hidden" });

  await page.keyboard.press("/");
  await page.keyboard.type("two");
  await expectTitles(page, "two");
  await page.keyboard.press("Escape");
  await expectTitles(page, "three", "two");
  await page.keyboard.press("Escape"); // out of the field
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });

  await settled(page); // with something unsent it would ask first
  await page.getByRole("button", { name: /account of/ }).focus();
  await page.keyboard.press("Enter");
  while ((await focused(page)) !== "Sign out") await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("a key held down deletes and completes one task, and moves through all", async () => {
  const page = await visitAsNewUser({}, ...["one", "two", "three", "four"].map((title) => ({ title })));
  await expectTitles(page, "four", "three", "two", "one");
  const holdDown = async (key: string) => {
    for (let times = 0; times < 5; times++) await page.keyboard.down(key);
    await page.keyboard.up(key);
  };
  await page.keyboard.press("ArrowDown");
  await acknowledged(page, "DELETE", () => holdDown("Delete"));
  await expectTitles(page, "three", "two", "one");
  await acknowledged(page, "PATCH", () => holdDown("c"));
  await expectTitles(page, "two", "one");
  await holdDown("ArrowDown");
  expect(await focused(page)).toBe("one");
});

test("the focus stays with the tasks when what had it goes", async () => {
  const page = await visitAsNewUser({}, ...["one", "two", "three", "four"].map((title) => ({ title })));
  const place = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.ariaLabel);
  await expectTitles(page, "four", "three", "two", "one");
  for (const [done, left] of [
    ["Complete", ["three", "two", "one"]],
    ["Delete", ["two", "one"]],
  ] as const) {
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("x");
    await page.getByRole("region", { name: "Selected tasks" }).getByRole("button", { name: done }).press("Enter");
    await expectTitles(page, ...left);
    await expect.poll(place).toBe("main");
  }
  await page.keyboard.press("ArrowDown");
  expect(await focused(page)).toBe("two");
  await page.keyboard.press("Delete");
  await page.keyboard.press("Delete");
  await page.getByText("All clear.").waitFor();

  await go(page, "Trash");
  await page.getByRole("button", { name: "Restore: two" }).press("Enter");
  await expect.poll(place).toBe("Restore: three");
  await page.getByRole("button", { name: "Empty trash" }).press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Empty trash" }).press("Enter");
  await page.getByText("The trash is empty.").waitFor();
  await expect.poll(place).toBe("main");
});

test("single letters can be turned off as shortcuts", async () => {
  const page = await visitAsNewUser();
  await page.keyboard.press("?");
  await page.getByLabel("Single letters work as shortcuts").uncheck();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.keyboard.press("n");
  expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe("INPUT");
});

test("closing an edit by mistake loses nothing", async () => {
  const page = await visitAsNewUser({}, { title: "Plan" });
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await page.getByLabel("Notes").last().fill("A long thought");
  await page.keyboard.press("Escape");
  await notice(page, "Changes discarded").getByRole("button", { name: "Undo" }).click();
  expect(await page.getByRole("dialog").getByLabel("Notes").inputValue()).toBe("A long thought");
  await page.reload();
  expect(await page.getByRole("dialog").getByLabel("Notes").inputValue()).toBe("A long thought");
});
