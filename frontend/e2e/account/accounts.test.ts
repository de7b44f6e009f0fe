/** One browser, several people: what is kept is one user's, and gone when they have signed out. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { anotherTab, isInstalled, kept, visit } from "../stage/browser";
import { newUser, type User } from "../stage/people";
import { acknowledged, add, expectTitles, refuseUntilAsked, row, settled } from "../stage/tasks";

async function signIn(page: Page, { person }: User): Promise<void> {
  await page.getByLabel("E-mail").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function signOut(page: Page): Promise<void> {
  await settled(page); // with something unsent it would ask first
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

test("whoever signs out leaves nothing in the browser, in no tab of it", async () => {
  const ada = await newUser();
  const page = await visit({ user: ada, tolerate: /status of 401/ });
  await page.getByText("All clear.").waitFor();
  const other = await anotherTab(page);
  await other.getByText("All clear.").waitFor();
  await acknowledged(page, "POST", () => add(page, "Ada's secret"));
  await row(other, "Ada's secret").waitFor();
  await other.getByLabel("Title of a new task").fill("a thought of Ada's");
  await isInstalled(page);
  await expect.poll(() => kept(page)).toContain("Ada's secret");

  await signOut(page);
  await other.getByText("You have signed out in another tab.").waitFor(); // it may find out before it is told
  for (const tab of [page, other]) {
    await expect.poll(() => kept(tab)).not.toMatch(/Ada|@example.com/);
    expect(await tab.content()).not.toContain("Ada");
    await tab.reload();
    await tab.getByRole("heading", { name: "Sign in" }).waitFor();
  }
  expect(await kept(page)).toMatch(/^\[\{\},\{\},(\[\],)+\["[^\]]*\]\]$/); // and what the page is made of
});

test("two accounts in one browser see nothing of each other", async () => {
  const [ada, bob] = await Promise.all([newUser(), newUser()]);
  const page = await visit({ user: ada, tolerate: /status of 401/ });
  await acknowledged(page, "POST", () => add(page, "Ada's secret"));
  await signOut(page);
  await signIn(page, bob);
  await page.getByText("All clear.").waitFor();
  await acknowledged(page, "POST", () => add(page, "Bob's secret"));
  await page.reload();
  await expectTitles(page, "Bob's secret");
  expect((await page.content()) + (await kept(page))).not.toContain("Ada's secret");
  await signOut(page);
  await signIn(page, ada);
  await expectTitles(page, "Ada's secret");
  expect((await page.content()) + (await kept(page))).not.toContain("Bob's secret");
});

test("a session that has ended by itself shows nothing until its user is back, and the next user finds nothing", async () => {
  const [ada, bob] = await Promise.all([newUser(), newUser()]);
  const page = await visit({ user: ada, tolerate: /status of 401|ERR_FAILED/ });
  await acknowledged(page, "POST", () => add(page, "Ada's secret"));
  await page.context().clearCookies();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const ask = await refuseUntilAsked(page, "**/api/auth/**");
  await page.reload();
  await page.getByText("The server does not answer.").waitFor();
  expect(await page.content()).not.toContain("Ada's secret");
  await ask(page.getByRole("button", { name: "Try now" }));

  await signIn(page, ada);
  await expectTitles(page, "Ada's secret");
  await page.context().clearCookies();
  await page.reload();
  await signIn(page, bob);
  await page.getByText("All clear.").waitFor();
  expect((await page.content()) + (await kept(page))).not.toContain("Ada's secret");
});

test("a tab of the one before that has not heard of the next user writes nothing into what is theirs", async () => {
  const ada = await newUser();
  const page = await visit({ user: ada });
  await acknowledged(page, "POST", () => add(page, "Ada's first"));
  await expect.poll(() => kept(page)).toContain("Ada's first");
  await page.evaluate(async () => {
    const opened = indexedDB.open("tasklane");
    const db = await new Promise<IDBDatabase>((resolve) => (opened.onsuccess = () => resolve(opened.result)));
    const bob = { user: { id: "bob", name: "Bob", email: "bob@example.com" }, signedIn: true };
    const writing = db.transaction("owner", "readwrite");
    writing.objectStore("owner").put(bob, "owner");
    await new Promise((resolve) => (writing.oncomplete = resolve));
    db.close();
  });
  await ada.addTask({ title: "Ada's second" });
  await row(page, "Ada's second").waitFor();
  await acknowledged(page, "POST", () => add(page, "Ada's third"));
  expect(await kept(page)).not.toMatch(/Ada's (?:second|third)/);
});
