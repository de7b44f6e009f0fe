/** Several tabs of one browser: which of them follows the list, and which one keeps it. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { anotherTab, kept, visit } from "./browser";
import { newUser } from "./people";
import { expectTitles, row } from "./tasks";

/** As a browser says it of a tab that nobody looks at; all tabs of the tests are looked at. */
async function look(page: Page, visibility: "visible" | "hidden"): Promise<void> {
  await page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, visibility);
}

test("a tab that nobody looks at holds no connection, unless it is the one that keeps the list", async () => {
  const user = await newUser();
  const keeper = await visit({ user });
  await keeper.getByText("All clear.").waitFor();
  const other = await anotherTab(keeper);
  const isStream = (request: { url: () => string }) => request.url().includes("/api/tasks/events");
  await Promise.all([other.waitForRequest(isStream), other.reload()]);
  await other.getByText("All clear.").waitFor();

  await Promise.all([other.waitForEvent("requestfailed", isStream), look(other, "hidden")]);
  await look(keeper, "hidden");
  await user.addTask({ title: "unseen" });
  await row(keeper, "unseen").waitFor();
  expect(await row(other, "unseen").count()).toBe(0);
  await look(other, "visible");
  await expectTitles(other, "unseen");

  await look(other, "hidden");
  await keeper.close();
  await user.addTask({ title: "kept" });
  await expectTitles(other, "kept", "unseen");
  await expect.poll(() => kept(other)).toContain('"title":"kept"');
});
