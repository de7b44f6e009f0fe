/** A list that comes from another program: seen first, then added, or refused with the place of the mistake. */

import { expect, test } from "vitest";
import { RULES, violations } from "../stage/axe";
import { visitAsNewUser } from "../stage/browser";
import { expectTitles, notice } from "../stage/tasks";
import type { Page } from "playwright-core";

const BOARD = {
  name: "House",
  lists: [{ id: "l", name: "To do" }],
  cards: [
    {
      id: "a",
      idList: "l",
      name: "Wrap the presents",
      pos: 1,
      labels: [{ name: "home" }],
      due: "2031-12-24T10:00:00Z",
    },
    { id: "b", idList: "l", name: "Archived", closed: true },
    { id: "c", idList: "l", name: "Cook", pos: 2, start: "2031-12-01T10:00:00Z" },
  ],
};

async function choose(page: Page, text: string): Promise<void> {
  const file = { name: "board.json", mimeType: "application/json", buffer: Buffer.from(text) };
  await page.getByLabel("File").setInputFiles(file);
}

async function open(page: Page): Promise<void> {
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Bring your list along…" }).click();
  await page.getByRole("dialog", { name: "Bring your list along" }).waitFor();
}

test("what would be added is shown, and added when it is right", async () => {
  const page = await visitAsNewUser({});
  await open(page);
  const dialog = page.getByRole("dialog");
  const preview = dialog.getByRole("list", { name: "What would be added" });
  await choose(page, JSON.stringify(BOARD));
  await dialog.getByText("2 tasks from Trello").waitFor();
  expect(await preview.getByRole("listitem").allInnerTexts()).toEqual([
    expect.stringMatching(/^Wrap the presents\s+24 Dec 2031, 10:00 · #home · #House · without section/),
    expect.stringMatching(/^Cook\s+#House · without start date, section/),
  ]);
  await dialog.getByText("Left out: archived (1).").waitFor();
  expect(await violations(page, RULES)).toEqual([]);

  await dialog.getByLabel("The name of a task’s list becomes a tag").uncheck();
  await expect.poll(() => preview.getByText("#House").count()).toBe(0);
  await dialog.getByText(/name of the list \(2\)/).waitFor();
  await dialog.getByRole("button", { name: "Add 2 tasks" }).click();
  await notice(page, "2 tasks from Trello added").waitFor();
  await dialog.waitFor({ state: "hidden" });
  await expect
    .poll(async () => (await page.locator(".task-title").allTextContents()).sort())
    .toEqual(["Cook", "Wrap the presents"]);
});

test("a damaged file is refused with the place, and the next one is read", async () => {
  const page = await visitAsNewUser({ tolerate: /status of 422/ });
  await open(page);
  const dialog = page.getByRole("dialog");
  await choose(page, `${JSON.stringify(BOARD, null, 1).slice(0, -40)}`);
  await dialog
    .getByRole("alert")
    .filter({ hasText: /not valid JSON \(line \d+.*Nothing was added/ })
    .waitFor();
  expect(await dialog.getByRole("button", { name: "Add", exact: true }).isDisabled()).toBe(true);
  await choose(page, JSON.stringify(BOARD));
  await dialog.getByRole("button", { name: "Add 2 tasks" }).waitFor();
  expect(await dialog.getByRole("alert").count()).toBe(0);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await expectTitles(page);
});
