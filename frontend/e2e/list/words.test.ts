/** A task in one line of plain words: what they mean is shown before Enter, and taken back by Backspace. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { violations } from "../stage/axe";
import { isInstalled, visit, visitAsNewUser } from "../stage/browser";
import { newUser } from "../stage/people";
import { acknowledged, expectTitles, row } from "../stage/tasks";

const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };

const meant = (page: Page) => page.locator(".quick-add-summary > *").allInnerTexts();

test("a line says the day, the time, the priority and tags", async () => {
  const user = await newUser();
  await user.addTask({ title: "Old", tags: ["Home"] });
  const page = await visit({ user });
  await row(page, "Old").waitFor();
  const parts: string[] = [];
  page.on("request", (request) => request.resourceType() === "script" && parts.push(request.url()));
  await page.getByLabel("Title of a new task").focus();
  await page.keyboard.type("pay rent tomorrow 9am #home !high");
  await expect.poll(() => meant(page)).toEqual(["Tomorrow, 09:00", "High", "Home"]); // as the tag is spelt
  expect(parts.length).toBeGreaterThan(0); // nobody loads it who does not write
  expect(await violations(page)).toEqual([]);
  await acknowledged(page, "POST", () => page.keyboard.press("Enter"));
  await expectTitles(page, "pay rent", "Old");
  for (const text of ["Tomorrow, 09:00", "High", "Home"]) await row(page, "pay rent").getByText(text).waitFor();
  expect((await user.api.listTasks({ search: "rent" })).items).toMatchObject([
    { title: "pay rent", priority: "high", tags: ["Home"], due_date: expect.stringMatching(/T0[89]:00:00/) },
  ]);
});

test("Backspace takes a meaning back and leaves the words, and a press on its chip does the same", async () => {
  const page = await visitAsNewUser();
  const line = page.getByLabel("Title of a new task");
  await line.focus();
  await page.keyboard.type("Read Tomorrow");
  await expect.poll(() => meant(page)).toEqual(["Tomorrow"]);
  await page.keyboard.press("Backspace");
  await expect.poll(() => meant(page)).toEqual([]);
  expect(await line.inputValue()).toBe("Read Tomorrow");
  await page.keyboard.type(" #books !low");
  await expect.poll(() => meant(page)).toEqual(["Low", "books"]);
  await page.getByRole("button", { name: "Keep “!low” in the title" }).click();
  await expect.poll(() => meant(page)).toEqual(["books"]);
  await acknowledged(page, "POST", () => page.keyboard.press("Enter"));
  await expectTitles(page, "Read Tomorrow !low");
  await page.keyboard.type("tomorro");
  await page.keyboard.press("Backspace"); // nothing but a letter
  expect(await line.inputValue()).toBe("tomorr");
});

test("what is in the form is stronger, and a draft means after a reload what it meant before", async () => {
  const page = await visitAsNewUser();
  await page.getByLabel("Title of a new task").pressSequentially("Call tomorrow #a");
  await expect.poll(() => meant(page)).toEqual(["Tomorrow", "a"]);
  await page.reload();
  await expect.poll(() => meant(page)).toEqual(["Tomorrow", "a"]);
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByRole("form").getByLabel("Due", { exact: true }).fill("2031-05-06");
  await acknowledged(page, "POST", () => page.getByRole("button", { name: "Add", exact: true }).click());
  await row(page, "Call").getByText("6 May 2031").waitFor();
});

test("in German, by touch, and without a network", async () => {
  const user = await newUser();
  const page = await visit({ user, ...PHONE, locale: "de-DE", tolerate: /ERR_INTERNET_DISCONNECTED/ });
  await page.getByText("Nichts zu tun.").waitFor();
  await isInstalled(page);
  await page.context().setOffline(true);
  await page.getByText("Du bist offline.").waitFor();
  await page.getByLabel("Titel einer neuen Aufgabe").tap();
  await page.keyboard.type("Miete morgen um 9 Uhr #haus !hoch");
  await expect.poll(() => meant(page)).toEqual(["Morgen, 09:00", "Hoch", "haus"]);
  await page.getByRole("button", { name: "„#haus“ im Titel lassen" }).tap();
  await page.getByRole("button", { name: "Hinzufügen", exact: true }).tap();
  await row(page, "Miete #haus").getByText("Morgen, 09:00").waitFor();
  await page.context().setOffline(false);
  await expect.poll(async () => (await user.api.listTasks()).items.map(({ title }) => title)).toEqual(["Miete #haus"]);
});
