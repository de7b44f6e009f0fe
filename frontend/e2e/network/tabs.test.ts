/** Several tabs of one browser: which of them follows the list, and which one keeps it. */

import type { Page, Request } from "playwright-core";
import { expect, test } from "vitest";
import { anotherTab, kept, visit } from "../stage/browser";
import { newUser } from "../stage/people";
import { expectTitles, row } from "../stage/tasks";

/** As a browser says it of a tab that nobody looks at; all tabs of the tests are looked at. */
async function look(page: Page, visibility: "visible" | "hidden"): Promise<void> {
  await page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, visibility);
}

/** The event streams that a tab has open, from now on. */
function streams(page: Page): ReadonlySet<Request> {
  const open = new Set<Request>();
  page.on("request", (request) => request.url().includes("/api/tasks/events") && open.add(request));
  for (const end of ["requestfinished", "requestfailed"] as const)
    page.on(end as "requestfinished", (request) => open.delete(request));
  return open;
}

test("a tab that nobody looks at holds no connection, unless it is the one that keeps the list", async () => {
  const user = await newUser();
  const keeper = await visit({ user });
  await keeper.getByText("All clear.").waitFor();
  const other = await anotherTab(keeper);
  const open = streams(other);
  await other.reload();
  await other.getByText("All clear.").waitFor();
  await expect.poll(() => open.size).toBe(1);

  await look(other, "hidden");
  await expect.poll(() => open.size).toBe(0);
  await look(keeper, "hidden");
  await user.addTask({ title: "unseen" });
  await row(keeper, "unseen").waitFor();
  expect([open.size, await row(other, "unseen").count()]).toEqual([0, 0]);
  await look(other, "visible");
  await expectTitles(other, "unseen");

  await look(other, "hidden");
  await keeper.close();
  await user.addTask({ title: "kept" });
  await expectTitles(other, "kept", "unseen");
  await expect.poll(() => kept(other)).toContain('"title":"kept"');
});
