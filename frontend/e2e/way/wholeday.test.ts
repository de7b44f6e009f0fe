/** A person's whole day: every list, by hand, by day and in words; with a mouse, with keys alone, with a finger; light and dark. */

import { expect, test } from "vitest";
import type { Page } from "playwright-core";
import { RULES, violations } from "../stage/axe";
import { visit } from "../stage/browser";
import { Finger, type Hand, Keys, Mouse, PHONE, WIDE } from "../stage/hands";
import { newUser, type User } from "../stage/people";
import { expectTitles, expectTree, notice, row, settled } from "../stage/tasks";

function day(distance: number): string {
  const moment = new Date(Date.now() + distance * 86_400_000);
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Lisbon" }).format(moment);
}

async function furnished(): Promise<User> {
  const user = await newUser();
  const daily = { rule: "FREQ=DAILY", time_zone: null, from: "due" } as const;
  await user.addTask({ title: "Water plants", due_date: day(0), recurrence: daily });
  await user.addTask({ title: "Old invoice", due_date: day(-3), priority: "urgent" });
  await user.addTask({ title: "Ring Ann", due_date: day(-1), description: "About the boat" });
  await user.addTask({ title: "Write report", tags: ["Work"] });
  return user;
}

/** What is looked for at each stop: by daylight everything, on the phone in the dark what width and colours can change. */
const LOOKS = new Map<unknown, { colorScheme: "light" | "dark"; rules: readonly string[] }>([
  [Mouse, { colorScheme: "light", rules: RULES }],
  [Finger, { colorScheme: "dark", rules: ["color-contrast", "target-size", "region"] }],
]);

/** Nothing that axe-core finds, and nothing to the side. Keys see the same page as a mouse does. */
async function look(hand: Hand, found: string[], stop: string): Promise<void> {
  const looks = LOOKS.get(hand.constructor);
  if (!looks) return;
  const { page } = hand;
  found.push(...(await violations(page, looks.rules)).map((violation) => `${stop}: ${violation}`));
  if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) found.push(`${stop}: too wide`);
}

/** In a list of days the rent is there or not, as the month has it. */
async function expectDue(page: Page, ...titles: string[]): Promise<void> {
  const shown = async () =>
    (await page.locator(".task-title").allTextContents()).filter((title) => title !== "pay rent");
  await expect.poll(shown).toEqual(titles);
}

/** What was found at its stops. */
async function wholeDay(hand: Hand, user: User): Promise<string[]> {
  const { page } = hand;
  const found: string[] = [];
  const dialog = page.getByRole("dialog");
  const stop = (name: string) => look(hand, found, name);

  // Coming.
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("type"))).toBe("email");
  await page.keyboard.type(user.person.email);
  await hand.write(page.getByLabel("Password"), user.person.password);
  await hand.press(hand.button("Show"));
  await stop("signing in");
  await hand.press(hand.button("Sign in"));
  await expectTitles(page, "Write report", "Ring Ann", "Old invoice", "Water plants");

  // What is in the head, in words.
  await hand.write(page.getByLabel("Title of a new task"), "pay rent every 1st 9am #home !high");
  await page.locator(".quick-add-summary").getByText("every 1st of the month").waitFor();
  await page.keyboard.press("Enter");
  for (const text of ["every 1st of the month", "High", "home"]) await row(page, "pay rent").getByText(text).waitFor();
  await hand.write(page.getByLabel("Title of a new task"), "Read Tomorrow");
  await page.locator(".quick-add-summary").getByText("Tomorrow").waitFor();
  await stop("words");
  await page.keyboard.press("Backspace");
  await page.locator(".quick-add-summary").waitFor({ state: "hidden" });
  await page.keyboard.press("Enter");
  await row(page, "Read Tomorrow").waitFor();

  // Today, with what is overdue above.
  await hand.go("Today");
  await page.getByRole("heading", { name: "Overdue", level: 2 }).waitFor();
  await hand.add("Bread");
  await row(page, "Bread").getByText("Today").waitFor();
  await stop("today");
  await hand.press(hand.button("Put off…"));
  await stop("days to put off to");
  await hand.item("Tomorrow");
  await expectDue(page, "Bread", "Water plants");
  await hand.complete("Water plants");
  await expectDue(page, "Bread");
  await hand.press(notice(page, "Completed “Water plants”").getByRole("button", { name: "Undo" }));
  await expectDue(page, "Bread", "Water plants");
  await hand.menu("Water plants");
  await stop("a row's menu");
  await hand.item("Skip this one");
  await expectDue(page, "Bread");
  await hand.go("Next 7 days");
  await page.getByRole("heading", { name: /^Tomorrow · / }).waitFor();
  await expectDue(page, "Bread", "Ring Ann", "Old invoice", "Water plants");
  await stop("the next days");

  // Where what is added is not shown, it is said where it is.
  await hand.go("Overdue");
  await hand.add("Stray");
  await hand.press(notice(page, "Added “Stray” to Open").getByRole("button", { name: "Show" }));
  const [stray, rest] = ["Stray", ["Bread", "Read Tomorrow", "pay rent", "Write report", "Ring Ann", "Old invoice"]];
  await expectTitles(page, stray, ...rest, "Water plants");

  // By hand.
  await hand.putBefore("Write report", "Stray");
  await expectTree(
    page,
    "Write report",
    "Stray",
    "Bread",
    "Read Tomorrow",
    "pay rent",
    "Ring Ann",
    "Old invoice",
    "Water plants",
  );
  await hand.nest("Stray");
  await row(page, "Write report").getByText("0/1").waitFor();
  await hand.menu("Write report");
  await hand.item("Add a subtask");
  for (const title of ["Draft", "Proofread"]) {
    await page.keyboard.type(title);
    await page.keyboard.press("Enter");
  }
  await page.keyboard.press("Backspace"); // no more of them
  await hand.complete("Draft");
  const fold = hand.button("1/3 subtasks of Write report completed");
  await expectTree(
    page,
    "Write report",
    "-Stray",
    "-Proofread",
    "Bread",
    "Read Tomorrow",
    "pay rent",
    "Ring Ann",
    "Old invoice",
    "Water plants",
  );
  await stop("a tree");
  await hand.press(fold);
  await expectTree(
    page,
    "Write report",
    "Bread",
    "Read Tomorrow",
    "pay rent",
    "Ring Ann",
    "Old invoice",
    "Water plants",
  );
  await hand.menu("Write report");
  await hand.item("Weekend");
  await row(page, "Write report").locator("time").waitFor();

  // One of them.
  await hand.open("Ring Ann");
  await hand.write(dialog.getByLabel("Tags"), "wo");
  await page.keyboard.press("Enter"); // the tag that is there
  await hand.choose(dialog.getByLabel("Repeat", { exact: true }), "Every day");
  await hand.write(dialog.getByLabel("Notes"), "About the boat, and the oars");
  await stop("a task");
  await hand.save();
  await dialog.waitFor({ state: "hidden" });
  for (const text of ["Work", "every day"]) await row(page, "Ring Ann").getByText(text, { exact: true }).waitFor();
  await hand.open("Bread");
  await hand.write(dialog.getByLabel("Title"), "x".repeat(202));
  await dialog.getByText("2 characters too many").waitFor();
  await hand.closeDialog();
  await dialog.waitFor({ state: "hidden" });
  await notice(page, "Changes discarded").waitFor();

  // Finding.
  await hand.write(page.getByLabel("Search tasks"), "#work");
  await expectTitles(page, "Write report", "Ring Ann");
  await stop("a search");
  await hand.press(hand.button("Clear filters"));

  // Many at once.
  await hand.selectRange("Read Tomorrow", "Ring Ann");
  await page.getByText("3 selected").waitFor();
  await stop("a selection");
  await hand.press(page.getByRole("region", { name: "Selected tasks" }).getByRole("button", { name: "Due…" }));
  await hand.item("Today");
  for (const title of ["Read Tomorrow", "Ring Ann"])
    await row(page, title)
      .getByText(/^Today/)
      .waitFor();
  await hand.selectRange("Bread", "Read Tomorrow");
  await hand.press(page.getByRole("region", { name: "Selected tasks" }).getByRole("button", { name: "Delete" }));
  await expectTree(page, "Write report", "pay rent", "Ring Ann", "Old invoice", "Water plants");

  // What is gone, and what is done.
  await hand.go("Trash");
  await hand.press(hand.button("Select"));
  await hand.press(hand.button("Select all"));
  await stop("the trash");
  await hand.press(page.getByRole("region", { name: "Selected tasks" }).getByRole("button", { name: "Restore" }));
  await page.getByText("The trash is empty.").waitFor();
  await hand.go("Completed");
  await page.getByRole("heading", { name: /^Today · / }).waitFor();
  await expectTitles(page, "Draft");
  await stop("what is completed");

  // Another order, remembered; and going.
  await hand.go("Open");
  await hand.choose(page.getByLabel("Sort"), "Title");
  const sorted = [
    "Bread",
    "Old invoice",
    "pay rent",
    "Proofread",
    "Read Tomorrow",
    "Ring Ann",
    "Stray",
    "Water plants",
    "Water plants", // the next one, which undoing had put into the trash
    "Write report",
  ];
  await expectTitles(page, ...sorted);
  await page.goto("/");
  await expectTitles(page, ...sorted);
  await stop("another order");
  await hand.press(hand.button(/account of/));
  await hand.press(hand.button("Export, erase…"));
  await dialog.waitFor();
  await stop("the account");
  await hand.closeDialog();
  await settled(page); // with something unsent it would ask first
  await hand.press(hand.button(/account of/));
  await hand.press(hand.button("Sign out"));
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  return found;
}

const HANDS = [
  ["a mouse", Mouse, WIDE],
  ["keys alone", Keys, WIDE],
  ["a finger", Finger, PHONE],
] as const;

test.each(HANDS)("with %s", async (_name, Means, options) => {
  const user = await furnished();
  const colorScheme = LOOKS.get(Means)?.colorScheme ?? "dark";
  const page = await visit({ ...options, colorScheme, tolerate: /status of 401/ });
  expect(await wholeDay(new Means(page), user)).toEqual([]);
});
