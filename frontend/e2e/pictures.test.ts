/** Pictures of the main states, for the docs: `make screenshots`. */

import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, test } from "vitest";
import type { NewTask } from "../lib/api";
import { type Visit, visit } from "./stage/browser";
import { newUser, type User } from "./stage/people";
import { PICTURES } from "./stage/settings";
import { add, go, notice, row } from "./stage/tasks";

const WIDE = { viewport: { width: 1120, height: 760 } };
const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 1.5, hasTouch: true, isMobile: true };

const day = (distance: number) => new Date(Date.now() + distance * 86_400_000).toISOString().slice(0, 10);

const TASKS: NewTask[] = [
  { title: "Renew the library card" },
  { title: "Call the dentist", due_date: `${day(1)}T14:30:00Z`, tags: ["health"] },
  { title: "Read chapter four", description: "Up to the lemma about fences", tags: ["study"] },
  {
    title: "Book the train to Lisbon",
    description: "The night train if there is one. A window seat, and ask about the bicycle before paying.",
    due_date: day(3),
    priority: "high",
    tags: ["travel", "family"],
  },
  { title: "Send the invoice to Meyer & Sons", due_date: day(-2), priority: "urgent", tags: ["work"] },
  {
    title: "Water the plants",
    due_date: day(0),
    priority: "low",
    tags: ["home"],
    recurrence: { rule: "FREQ=DAILY;INTERVAL=3", time_zone: null, from: "due" },
  },
  {
    title: "Pay the rent",
    due_date: `${day(0).slice(0, 4)}-12-31`,
    tags: ["home"],
    recurrence: { rule: "FREQ=MONTHLY;BYMONTHDAY=-1", time_zone: null, from: "due" },
  },
  { title: "Return the drill", completed: true, tags: ["home"] },
  { title: "Plan the week", completed: true, tags: ["work"] },
];

const STEPS: NewTask[] = [
  { title: "Ask who comes along", completed: true },
  { title: "Find out about the bicycle", due_date: day(1) },
  { title: "Reserve two seats" },
];

async function furnished(): Promise<User> {
  const user = await newUser();
  for (const task of TASKS) await user.addTask(task);
  const { items } = await user.api.listTasks({ search: "train" });
  for (const step of STEPS.toReversed()) await user.addTask({ ...step, parent_id: items[0]?.id ?? null });
  return user;
}

async function open(options: Visit): Promise<Page> {
  const page = await visit({ user: await furnished(), ...options });
  await row(page, "Water the plants").waitFor();
  return page;
}

async function take(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await page.screenshot({ path: join(PICTURES ?? "", `${name}.png`), animations: "disabled", caret: "hide" });
}

describe.skipIf(!PICTURES)("pictures", () => {
  test("the list", async () => {
    await take(await open(WIDE), "page-list");
  });

  test("the list in the dark, with something to undo", async () => {
    const page = await open({ ...WIDE, colorScheme: "dark" });
    await row(page, "Send the invoice to Meyer & Sons").getByRole("checkbox").click();
    await notice(page, "Completed").waitFor();
    await take(page, "page-dark");
  });

  test("the next days", async () => {
    const page = await open(WIDE);
    await go(page, "Next 7 days");
    await take(page, "page-days");
  });

  test("a task in words", async () => {
    const page = await open(WIDE);
    await page.getByLabel("Title of a new task").click();
    await page.keyboard.type("hand in the hours every last Friday 5pm #work !high");
    await page.locator(".quick-add-summary").getByText("every last Friday").waitFor();
    await take(page, "page-words");
  });

  test("a task", async () => {
    const page = await open(WIDE);
    await page.getByRole("button", { name: "Book the train to Lisbon", exact: true }).click();
    await take(page, "page-task");
  });

  test("the server away", async () => {
    const page = await open({ ...WIDE, tolerate: /ERR_FAILED/ });
    await page.route("**/api/**", (route) => route.abort());
    await add(page, "Buy oat milk");
    await row(page, "Water the plants").getByRole("checkbox").click();
    await page.getByText("2 changes are kept").waitFor();
    await page.getByLabel("Title of a new task").fill("And while we wait");
    await take(page, "page-away");
  });

  test("on a phone", async () => {
    await take(await open(PHONE), "page-phone");
    await take(await open({ ...PHONE, colorScheme: "dark" }), "page-phone-dark");
  });

  test("signing in", async () => {
    const page = await visit(PHONE);
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("Name").fill("Ada Lovelace");
    await take(page, "page-sign-up");
  });
});
