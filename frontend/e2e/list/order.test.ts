/** The order by hand, and tasks beneath tasks: by mouse, by finger and by key, offline, and in two tabs. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { violations } from "../stage/axe";
import { anotherTab, isInstalled, kept, visit, visitAsNewUser } from "../stage/browser";
import { newUser, type User } from "../stage/people";
import { acknowledged, add, expectTitles, expectTree, notice, row } from "../stage/tasks";

const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
const LEVEL = 28;

/** `one` is the newest, so it stands at the top. */
const TITLES = ["four", "three", "two", "one"].map((title) => ({ title }));

async function middle(page: Page, title: string): Promise<{ x: number; y: number }> {
  const box = await row(page, title).locator(".task-grip").boundingBox();
  if (!box) throw new Error(`${title} is not to be seen`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

async function drag(page: Page, title: string, onto: string, { levels = 0, below = true } = {}): Promise<void> {
  await row(page, title).hover();
  const [from, to] = [await middle(page, title), await middle(page, onto)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 5, from.y + 5);
  await page.mouse.move(from.x + levels * LEVEL, to.y + (below ? 6 : -6), { steps: 4 });
  await page.locator(".drop-line").waitFor();
  await page.mouse.up();
  await page.locator(".drop-line").waitFor({ state: "hidden" });
}

const stored = async ({ api }: User) =>
  (await api.listTasks({ sort: "position" })).items.map(({ title, parent_id }) => [title, parent_id !== null]);

test("a row is dragged to its place with the mouse, and beneath another one, and that can be undone", async () => {
  const user = await newUser();
  for (const task of TITLES) await user.addTask(task);
  const page = await visit({ user });
  await expectTitles(page, "one", "two", "three", "four");
  expect(await page.getByLabel("Sort").inputValue()).toBe("position");
  await acknowledged(page, "POST", () => drag(page, "four", "one", { below: false }));
  await expectTree(page, "four", "one", "two", "three");
  await acknowledged(page, "POST", () => drag(page, "one", "three"));
  await expectTree(page, "four", "two", "three", "one");
  const nested = notice(page, "“three” is 1 of 1 beneath “four”");
  await acknowledged(page, "POST", async () => {
    await drag(page, "three", "four", { levels: 1 });
    await nested.hover(); // it stays while the pointer is on it
  });
  await expectTree(page, "four", "-three", "two", "one");
  await expect
    .poll(() => stored(user))
    .toEqual([
      ["four", false],
      ["three", true],
      ["two", false],
      ["one", false],
    ]);
  await nested.getByRole("button", { name: "Undo" }).click();
  await expectTree(page, "four", "two", "three", "one");
  await kept(page); // it is read when what was done before is written
  await page.reload();
  await expectTree(page, "four", "two", "three", "one");

  await drag(page, "two", "two", { levels: 1 }); // beneath the one above
  await expectTree(page, "four", "-two", "three", "one");
  await row(page, "one").hover();
  const { x, y } = await middle(page, "one");
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x, y - 150, { steps: 3 });
  await page.locator(".drop-line").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".drop-line").waitFor({ state: "hidden" });
  await page.mouse.up();
  await expectTree(page, "four", "-two", "three", "one");
});

test("a finger drags a row by its grip, and the next tap is a tap", async () => {
  const page = await visitAsNewUser(PHONE, ...TITLES);
  await expectTitles(page, "one", "two", "three", "four");
  const screen = await page.context().newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", points: { x: number; y: number }[]) =>
    screen.send("Input.dispatchTouchEvent", { type, touchPoints: points });
  const [from, to] = [await middle(page, "four"), await middle(page, "one")];
  await touch("touchStart", [from]);
  for (const part of [0.3, 0.7, 1]) await touch("touchMove", [{ x: from.x, y: from.y + part * (to.y - 8 - from.y) }]);
  await page.locator(".drop-line").waitFor();
  await acknowledged(page, "POST", async () => void (await touch("touchEnd", [])));
  await expectTree(page, "four", "one", "two", "three");

  await page.getByRole("button", { name: "More: two" }).tap();
  await acknowledged(page, "POST", () => page.getByRole("button", { name: "Make it a subtask" }).tap());
  await expectTree(page, "four", "one", "-two", "three");
});

test("keys move a task, nest it and take it out, and what is said tells where it is", async () => {
  const page = await visitAsNewUser({}, ...TITLES);
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  const said = (text: string) => notice(page, text).waitFor();
  await page.getByRole("button", { name: "three", exact: true }).focus();
  await page.keyboard.press("Alt+ArrowUp");
  await expectTree(page, "one", "three", "two", "four");
  await said("“three” is 2 of 4");
  await page.keyboard.press("Alt+ArrowUp");
  await said("“three” is 1 of 4");
  await page.keyboard.press("Alt+ArrowUp"); // there is no further
  await page.keyboard.press("Alt+ArrowDown");
  await page.keyboard.press("Alt+ArrowRight");
  await said("“three” is 1 of 1 beneath “one”");
  await expectTree(page, "one", "-three", "two", "four");
  await expect.poll(focused).toBe("three");
  expect(await page.locator(".notice").count()).toBeLessThan(2);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Alt+ArrowRight");
  await said("“two” is 2 of 2 beneath “one”");
  await page.keyboard.press("Alt+ArrowRight");
  await expectTree(page, "one", "-three", "--two", "four");
  await page.keyboard.press("Alt+ArrowLeft");
  await acknowledged(page, "POST", async () => {
    await page.keyboard.press("Alt+ArrowLeft");
    await notice(page, "“two” is 2 of 3").hover(); // it stays while the pointer is on it
  });
  await expectTree(page, "one", "-three", "two", "four");
  await page.keyboard.press("Alt+ArrowLeft");
  expect(new URL(page.url()).pathname).toBe("/"); // the browser has not gone back
  await page.keyboard.press("u"); // all that was done to this one
  await expectTree(page, "one", "-three", "two", "four");
  await page.getByRole("button", { name: "three", exact: true }).focus();
  await page.keyboard.press("m");
  await page.getByRole("button", { name: "Move out" }).waitFor();
  await expect.poll(focused).toMatch(/^Today/); // the first
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("ArrowUp"); // from the first to the last, and further
  await page.keyboard.press("ArrowUp");
  expect(await focused()).toMatch(/^Move out/);
  await acknowledged(page, "POST", () => page.keyboard.press("Enter"));
  await expectTree(page, "one", "three", "two", "four");
});

test("subtasks are added one after another, fold, show their progress, and go where their task goes", async () => {
  const user = await newUser();
  await user.addTask({ title: "Below" });
  await user.addTask({ title: "Party" });
  const page = await visit({ user });
  await row(page, "Party").hover();
  await page.getByRole("button", { name: "More: Party" }).click();
  await page.getByRole("button", { name: "Add a subtask" }).click();
  await page.getByText("Subtasks of “Party”").waitFor();
  for (const title of ["Invite", "Shop", "Cook"]) {
    await page.keyboard.type(title);
    await page.keyboard.press("Enter");
  }
  await expectTree(page, "Party", "-Invite", "-Shop", "-Cook", "Below");
  await page.keyboard.press("Backspace");
  await page.getByText("Subtasks of “Party”").waitFor({ state: "hidden" });
  await page.keyboard.type("Alone");
  await acknowledged(page, "POST", () => page.keyboard.press("Enter"));
  await expectTree(page, "Alone", "Party", "-Invite", "-Shop", "-Cook", "Below");
  await row(page, "Shop").getByRole("checkbox").click();
  await expectTree(page, "Alone", "Party", "-Invite", "-Cook", "Below");
  const fold = page.getByRole("button", { name: "1/3 subtasks of Party completed" });
  await fold.click();
  await expectTree(page, "Alone", "Party", "Below");
  expect(await fold.getAttribute("aria-expanded")).toBe("false");
  expect(await violations(page)).toEqual([]);
  await page.reload();
  await expectTree(page, "Alone", "Party", "Below"); // it is remembered
  await page.getByRole("button", { name: "Party", exact: true }).focus();
  await page.keyboard.press("ArrowRight");
  await expectTree(page, "Alone", "Party", "-Invite", "-Cook", "Below");

  await row(page, "Party").getByRole("checkbox").click();
  await notice(page, "Completed “Party”").hover(); // it stays while the pointer is on it
  await expectTree(page, "Alone", "Below");
  await expect.poll(async () => (await user.api.listTasks({ status: "completed" })).total).toBe(4);
  await page.keyboard.press("u");
  await expectTree(page, "Alone", "Party", "-Invite", "-Cook", "Below"); // what was completed before stays so
  await page.getByRole("button", { name: "Party", exact: true }).focus();
  await page.keyboard.press("Delete");
  await expectTree(page, "Alone", "Below");
  await notice(page, "Moved “Party” to the trash").getByRole("button", { name: "Undo" }).click();
  await expectTree(page, "Alone", "Party", "-Invite", "-Cook", "Below");
  await expect.poll(async () => (await user.api.listTasks()).total).toBe(6);
  await page.getByLabel("Sort").selectOption("Title");
  await expectTree(page, "Alone", "Below", "Cook", "Invite", "Party");
  await row(page, "Cook").getByText("Subtask of Party").waitFor();
});

test("what is moved and made offline is there after a reload, and sent in order", async () => {
  const user = await newUser();
  for (const task of TITLES) await user.addTask(task);
  const page = await visit({ user, tolerate: /ERR_INTERNET_DISCONNECTED/ });
  await expectTitles(page, "one", "two", "three", "four");
  await isInstalled(page);
  await expect.poll(() => kept(page)).toContain('"title":"four"');
  await page.context().setOffline(true);
  await page.getByText("You are offline.").waitFor();
  await add(page, "new");
  await page.getByRole("button", { name: "new", exact: true }).focus();
  await page.keyboard.press("s");
  await page.keyboard.type("beneath");
  await page.keyboard.press("Enter");
  await row(page, "beneath").waitFor();
  await page.getByRole("button", { name: "four", exact: true }).focus();
  await page.keyboard.press("Alt+ArrowUp");
  await page.keyboard.press("Alt+ArrowRight");
  await page.getByRole("button", { name: "new", exact: true }).focus();
  await page.keyboard.press("Alt+ArrowDown");
  await expectTree(page, "one", "new", "-beneath", "two", "-four", "three");
  await kept(page); // it is read when what was done before is written
  await page.reload();
  await expectTree(page, "one", "new", "-beneath", "two", "-four", "three");
  await page.context().setOffline(false);
  await page.getByText("You are offline.").waitFor({ state: "hidden" });
  await expect.poll(async () => (await stored(user)).length).toBe(6);
  await expectTree(page, "one", "new", "-beneath", "two", "-four", "three");
  const other = await anotherTab(page);
  await expectTree(other, "one", "new", "-beneath", "two", "-four", "three");
});

test("two browsers that move at once show the same", async () => {
  const user = await newUser();
  for (const task of TITLES) await user.addTask(task);
  const [here, there] = await Promise.all([visit({ user }), visit({ user })]);
  for (const page of [here, there]) await expectTitles(page, "one", "two", "three", "four");
  await here.getByRole("button", { name: "four", exact: true }).focus();
  await there.getByRole("button", { name: "one", exact: true }).focus();
  await Promise.all([
    acknowledged(here, "POST", () => here.keyboard.press("Alt+ArrowUp")),
    acknowledged(there, "POST", () => there.keyboard.press("Alt+ArrowDown")),
  ]);
  const order = (await stored(user)).map(([title]) => title as string);
  expect(["two,one,four,three", "two,four,one,three"]).toContain(order.join());
  for (const page of [here, there]) await expectTitles(page, ...order);
});
