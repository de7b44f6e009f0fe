/** What comes again: said in words or chosen, shown as people say it, done, undone, left out. */

import { expect, test } from "vitest";
import { violations } from "../stage/axe";
import { visit, visitAsNewUser } from "../stage/browser";
import { newUser } from "../stage/people";
import { acknowledged, expectTitles, go, notice, row } from "../stage/tasks";

const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
const MONTHLY = { rule: "FREQ=MONTHLY;BYMONTHDAY=1", time_zone: null, from: "due" } as const;

test("in one line of words, with its rule as people say it, and the dates that come", async () => {
  const user = await newUser();
  const page = await visit({ user });
  await page.getByText("All clear.").waitFor();
  await page.keyboard.press("n");
  await page.keyboard.type("pay rent every 1st 9am #home !high");
  const chips = page.locator(".quick-add-summary > *");
  await expect
    .poll(() => chips.allInnerTexts())
    .toEqual([expect.stringMatching(/, 09:00$/), "every 1st of the month", "High", "home"]);
  await acknowledged(page, "POST", () => page.keyboard.press("Enter"));
  const rent = row(page, "pay rent");
  await rent.getByText("every 1st of the month").waitFor();
  const [task] = (await user.api.listTasks()).items;
  expect(task).toMatchObject({
    title: "pay rent",
    priority: "high",
    tags: ["home"],
    recurrence: { rule: MONTHLY.rule, time_zone: "Europe/Lisbon", from: "due" },
  });

  await page.getByRole("button", { name: "pay rent", exact: true }).click();
  const dialog = page.getByRole("dialog");
  const { occurrences } = await user.api.listOccurrences(task?.id ?? 0, { limit: 3 });
  const said = (date: string) =>
    new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "Europe/Lisbon" }).format(
      new Date(date),
    );
  for (const date of occurrences) await dialog.getByText(new RegExp(`Then .*${said(date)}`)).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");

  await page.getByLabel("Title of a new task").focus();
  await page.keyboard.type("think every day");
  await expect.poll(() => chips.allInnerTexts()).toEqual(["Today", "every day"]);
  await page.keyboard.press("Backspace");
  await expect.poll(() => chips.allInnerTexts()).toEqual([]);
});

test("completing it makes the next, undoing takes that back, and one can be left out", async () => {
  const user = await newUser();
  await user.addTask({ title: "Rent", due_date: "2031-01-01", recurrence: MONTHLY });
  const page = await visit({ user });
  const rent = row(page, "Rent");
  await rent.getByText("1 Jan 2031").waitFor();
  const stays = (text: string) => notice(page, text).hover(); // while the pointer is on it
  await acknowledged(page, "PATCH", async () => {
    await rent.getByRole("checkbox").click();
    await stays("Completed “Rent”");
  });
  await rent.getByText("1 Feb 2031").waitFor();
  await expectTitles(page, "Rent");
  await page.keyboard.press("u");
  await rent.getByText("1 Jan 2031").waitFor();
  await expectTitles(page, "Rent");
  await expect.poll(async () => (await user.api.listTasks()).total).toBe(1);

  await rent.hover();
  await page.getByRole("button", { name: "More: Rent" }).click();
  await acknowledged(page, "PATCH", async () => {
    await page.getByRole("button", { name: "Skip this one" }).click();
    await stays("“Rent” put off to 1 Feb 2031");
  });
  await rent.getByText("1 Feb 2031").waitFor();
  await notice(page, "“Rent” put off to 1 Feb 2031").getByRole("button", { name: "Undo" }).click();
  await rent.getByText("1 Jan 2031").waitFor();
  await rent.getByText("every 1st of the month").waitFor();
  await page.getByRole("button", { name: "Rent", exact: true }).focus();
  await acknowledged(page, "PATCH", async () => {
    await page.keyboard.press("0"); // without a date nothing comes again
    await stays("“Rent” without a date");
  });
  await rent.getByText("every 1st of the month").waitFor({ state: "hidden" });
  await page.keyboard.press("u");
  await rent.getByText("every 1st of the month").waitFor();
  await expect.poll(async () => (await user.api.listTasks()).items[0]?.recurrence).toEqual(MONTHLY);
});

test("in the form it is chosen, or said in words of one's own", async () => {
  const user = await newUser();
  await user.addTask({ title: "Hours", due_date: "2030-12-27" }); // the last Friday of a month
  const page = await visit({ user });
  await page.getByRole("button", { name: "Hours", exact: true }).click();
  const dialog = page.getByRole("dialog");
  const repeat = dialog.getByLabel("Repeat", { exact: true });
  await repeat.selectOption("Every last Friday");
  await dialog.getByLabel("Time").fill("17:00");
  await acknowledged(page, "PATCH", () => dialog.getByRole("button", { name: "Save" }).click());
  await row(page, "Hours").getByText("every last Friday").waitFor();
  const [task] = (await user.api.listTasks()).items;
  expect(task?.recurrence).toEqual({ rule: "FREQ=MONTHLY;BYDAY=-1FR", time_zone: "Europe/Lisbon", from: "due" });

  await page.getByRole("button", { name: "Hours", exact: true }).click();
  await dialog.getByText(/Then 31 Jan 2031, 17:00/).waitFor();
  await repeat.selectOption("In words…");
  const words = dialog.getByLabel("How it repeats");
  await words.fill("every blue moon");
  await dialog.getByText("Not understood.").waitFor();
  await words.fill("every 2 weeks on Friday");
  await dialog.getByLabel("Count from when it is done").check();
  await acknowledged(page, "PATCH", () => dialog.getByRole("button", { name: "Save" }).click());
  await row(page, "Hours").getByText("every 2 weeks on Friday, from when it is done").waitFor();
  expect((await user.api.listTasks()).items[0]?.recurrence).toMatchObject({
    rule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR",
    from: "completion",
  });
  await page.getByRole("button", { name: "Hours", exact: true }).click();
  await repeat.selectOption("Never");
  await acknowledged(page, "PATCH", () => dialog.getByRole("button", { name: "Save" }).click());
  await row(page, "Hours").getByText("every 2 weeks").waitFor({ state: "hidden" });
});

test("in German, with a finger", async () => {
  const user = await newUser();
  const page = await visit({ user, ...PHONE, locale: "de-DE", timezoneId: "Europe/Berlin" });
  await page.getByText("Nichts zu tun.").waitFor();
  await page.getByLabel("Titel einer neuen Aufgabe").tap();
  await page.keyboard.type("Stunden jeden letzten Freitag im Monat um 17 Uhr");
  await page.getByText("jeden letzten Freitag im Monat", { exact: true }).waitFor();
  await acknowledged(page, "POST", () => page.getByRole("button", { name: "Hinzufügen", exact: true }).tap());
  await row(page, "Stunden").getByText("jeden letzten Freitag im Monat").waitFor();
  const [task] = (await user.api.listTasks()).items;
  const { occurrences } = await user.api.listOccurrences(task?.id ?? 0, { limit: 1 });
  await page.getByRole("button", { name: "Mehr: Stunden" }).tap();
  await acknowledged(page, "PATCH", () => page.getByRole("button", { name: "Dieses Mal auslassen" }).tap());
  await expect.poll(async () => (await user.api.listTasks()).items[0]?.due_date).toBe(occurrences[0]);
});

test("what is done today comes again tomorrow", async () => {
  const page = await visitAsNewUser();
  await page.getByLabel("Title of a new task").fill("pills every day");
  await page.locator(".quick-add-summary").getByText("every day").waitFor();
  await acknowledged(page, "POST", () => page.getByLabel("Title of a new task").press("Enter"));
  await go(page, "Today");
  await acknowledged(page, "PATCH", () => row(page, "pills").getByRole("checkbox").click());
  await page.getByText("No task matches.").waitFor();
  await go(page, "Next 7 days");
  await page.getByRole("heading", { name: /^Tomorrow/ }).waitFor();
});
