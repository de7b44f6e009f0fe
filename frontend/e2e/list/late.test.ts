/** What is typed before the page can read its words. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { kept, visit } from "../stage/browser";
import { newUser, type User } from "../stage/people";
import { BASE } from "../stage/settings";
import { add, expectTitles, hold, row } from "../stage/tasks";

const LINE = "Call Ann on 2031-05-06 !high";
const MEANT = { title: "Call Ann", due_date: "2031-05-06", priority: "high" };

/** The page on which nothing reads words, or answers a GET where `isSlow`, until each is let go. */
async function visitEarly(user: User, { isSlow = false } = {}) {
  const tolerate = /Service Worker registration blocked|status of 4(?:22|01)/;
  const page = await visit({ serviceWorkers: "block", tolerate });
  let bring = (): void => {};
  const held = new Promise<void>((resolve) => (bring = resolve));
  await page.route(/assets.(words|english|repeats)/, (route) => held.then(() => route.fallback()));
  const answer = isSlow ? await hold(page, "GET") : () => {};
  await page.context().addCookies(user.cookies(BASE));
  await page.reload();
  if (!isSlow) await page.getByText(/All clear\./).waitFor();
  return { page, bring, answer };
}

async function type(page: Page, line: string): Promise<void> {
  await page.getByLabel("Title of a new task").fill(line);
  await page.keyboard.press("Enter");
  await expect.poll(() => kept(page)).toContain(line);
}

/** The words can be read, and what waited for that has been told. */
async function canRead(page: Page): Promise<void> {
  await page.getByLabel("Title of a new task").fill("later tomorrow");
  await page.locator(".quick-add .meta").filter({ hasText: "Tomorrow" }).waitFor();
  await page.getByLabel("Title of a new task").fill("");
}

const listed = async (user: User) => (await user.api.listTasks()).items;

test("it is kept at once, and its words are read when they can be", async () => {
  const user = await newUser();
  const { page, bring } = await visitEarly(user);
  await type(page, LINE);
  bring();
  await expectTitles(page, "Call Ann");
  expect(await page.locator(".notice").count()).toBe(0); // it is here
  await expect.poll(() => listed(user)).toMatchObject([MEANT]);
});

test("also when the list is not known yet", async () => {
  const user = await newUser();
  const { page, bring, answer } = await visitEarly(user, { isSlow: true });
  await type(page, LINE);
  bring();
  await canRead(page);
  answer();
  await expectTitles(page, "Call Ann");
  await expect.poll(() => listed(user)).toMatchObject([MEANT]);
});

test("what somebody has made of it meanwhile is stronger", async () => {
  const user = await newUser();
  const { page, bring } = await visitEarly(user);
  await add(page, LINE);
  await expect.poll(() => listed(user)).toHaveLength(1);
  for (const { id } of await listed(user)) await user.api.updateTask(id, { title: "Ann has called" });
  await row(page, "Ann has called").waitFor();
  bring();
  await canRead(page);
  await expect.poll(() => kept(page)).not.toContain('"state":');
  expect(await listed(user)).toMatchObject([{ title: "Ann has called", due_date: null }]);
});

test("what is refused is handed back once, with all that was meant", async () => {
  const user = await newUser();
  const { page, bring } = await visitEarly(user);
  await page.route("**/api/tasks", (route) =>
    route.request().method() === "POST"
      ? route.fulfill({
          status: 422,
          contentType: "application/problem+json",
          json: { type: "about:blank", title: "No", status: 422, detail: "Not this one." },
        })
      : route.fallback(),
  );
  const refuse = await hold(page, "POST");
  await type(page, LINE);
  bring();
  await expect.poll(() => kept(page)).toContain('"kind":"edit"');
  refuse();
  await page.getByText("“Call Ann” was not saved.").waitFor();
  expect(await page.getByRole("button", { name: "Review" }).count()).toBe(1);
});
