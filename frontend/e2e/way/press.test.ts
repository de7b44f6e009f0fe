/** What comes by itself takes nothing from under a hand, nor from what was said. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { kept, visit } from "../stage/browser";
import { newUser } from "../stage/people";
import { acknowledged, expectTitles, go, row } from "../stage/tasks";

/** Somebody presses again and again, from now until the returned function is called. */
async function press(page: Page): Promise<() => Promise<void>> {
  const down = () => {
    const begin = () => document.body.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
    begin();
    document.body.dataset["pressing"] = String(setInterval(begin, 100));
  };
  const up = () => {
    clearInterval(Number(document.body.dataset["pressing"]));
    document.body.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
  };
  await page.evaluate(down);
  return () => page.evaluate(up);
}

test("neither the list nor a banner moves what is being pressed", async () => {
  const user = await newUser();
  await user.addTask({ title: "Pressed" });
  const page = await visit({ user, tolerate: /ERR_FAILED/ });
  await row(page, "Pressed").waitFor();
  const release = await press(page);
  await user.addTask({ title: "From elsewhere" });
  await expect.poll(() => kept(page)).toContain("From elsewhere"); // it is here
  expect(await page.locator(".task-title").allTextContents()).toEqual(["Pressed"]);
  await release();
  await expectTitles(page, "From elsewhere", "Pressed");

  const again = await press(page);
  await user.addTask({ title: "Elsewhere again" });
  await expect.poll(() => kept(page)).toContain("Elsewhere again");
  await page.getByLabel("Title of a new task").fill("Mine"); // what one does oneself is seen at once, and nothing with it
  await acknowledged(page, "POST", () => page.keyboard.press("Enter"));
  await expectTitles(page, "Mine", "From elsewhere", "Pressed");
  await again();
  await expectTitles(page, "Mine", "Elsewhere again", "From elsewhere", "Pressed");

  const letGo = await press(page);
  await page.route("**/api/**", (route) => route.abort());
  const isRefused = page.waitForEvent("requestfailed");
  await page.getByLabel("Title of a new task").fill("Unsent");
  await page.keyboard.press("Enter");
  await isRefused;
  await row(page, "Unsent").waitFor();
  expect(await page.locator(".banner").count()).toBe(0);
  await letGo();
  await page.getByText("The server does not answer.").waitFor();
});

test("dialogs that are closed in one go leave no step behind", async () => {
  const user = await newUser();
  await user.api.createToken({ name: "Script", scopes: ["tasks:read"], expires_at: null });
  const page = await visit({ user });
  await go(page, "Overdue");
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Access tokens" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke: Script" }).click();
  await expect.poll(() => page.locator("dialog[open]").count()).toBe(2);
  await page.evaluate(() => document.querySelectorAll("dialog").forEach((dialog) => dialog.close()));
  await expect.poll(() => page.locator("dialog").count()).toBe(0);
  await expect.poll(() => page.evaluate(() => history.state?.open ?? 0)).toBe(0);
  await page.goBack();
  await page.getByRole("heading", { name: "Open", level: 1 }).waitFor();
});
