/** Without a network: the page opens, shows what is kept, takes what is done, and sends it once. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { anotherTab, isInstalled, kept, visit } from "../stage/browser";
import { newUser } from "../stage/people";
import { acknowledged, add, expectTitles, go, hold, notice, row } from "../stage/tasks";

const OFFLINE = /ERR_INTERNET_DISCONNECTED|ERR_FAILED/;

/** `shown`: a task that is to be kept by then. */
async function goOffline(page: Page, shown = ""): Promise<void> {
  await expect.poll(() => kept(page)).toContain(shown);
  await page.context().setOffline(true);
  await page.getByText("You are offline.").waitFor();
}

test("loaded anew offline it shows the list, and what is done then is sent once", async () => {
  const user = await newUser();
  const plan = await user.addTask({ title: "Plan", tags: ["work"] });
  await user.addTask({ title: "Done", completed: true });
  const page = await visit({ user, tolerate: OFFLINE });
  await row(page, "Plan").waitFor();
  await isInstalled(page);

  await goOffline(page, '"title":"Plan"');
  await page.reload();
  await expectTitles(page, "Plan");
  await page.getByText("1 of 2 completed").waitFor();
  await page.getByRole("navigation").getByText("work").waitFor();
  await add(page, "On the train");
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await page.getByRole("dialog").getByLabel("Title").fill("A better plan");
  await page.keyboard.press("Enter");
  await notice(page, "Kept; it will be saved when the server answers.").waitFor();
  await expect.poll(() => kept(page)).toContain("A better plan");
  await page.reload();
  await expectTitles(page, "On the train", "A better plan");
  await page.getByText("2 changes are kept and will be sent.").waitFor();
  await go(page, "Completed");
  await expectTitles(page, "Done");
  await go(page, "All tasks");
  await page.getByLabel("Search tasks").fill("TRAIN");
  await expectTitles(page, "On the train");

  const keys = new Set<string | undefined>(); // what is tried twice has one key
  page.on("request", (request) => request.method() === "POST" && keys.add(request.headers()["idempotency-key"]));
  await page.context().setOffline(false);
  await page.getByText("You are offline.").waitFor({ state: "hidden" });
  await expect.poll(async () => (await user.api.getTask(plan.id)).title).toBe("A better plan");
  await expect.poll(() => page.getByText("Waiting to be sent").count()).toBe(0);
  expect(keys.size).toBe(1);
  expect((await user.api.listTasks()).items.map(({ title }) => title).toSorted()).toEqual([
    "A better plan",
    "Done",
    "On the train",
  ]);
});

test("what was done survives the tab, and the next one sends it", async () => {
  const user = await newUser();
  await user.addTask({ title: "There before" });
  const page = await visit({ user, tolerate: OFFLINE });
  await isInstalled(page);
  await goOffline(page, "There before");
  await add(page, "Before the end");
  await expect.poll(() => kept(page)).toContain("Before the end");
  const later = await page.context().newPage();
  await page.close({ runBeforeUnload: false });
  await later.goto("/");
  await row(later, "Before the end").waitFor();
  await acknowledged(later, "POST", () => later.context().setOffline(false));
  await expect.poll(() => later.getByText("Waiting to be sent").count()).toBe(0);
  expect((await user.api.listTasks()).items.map(({ title }) => title)).toEqual(["Before the end", "There before"]);
});

test("several tabs show the same, and send everything once", async () => {
  const user = await newUser();
  const one = await visit({ user, tolerate: OFFLINE });
  await one.getByText("All clear.").waitFor();
  const other = await anotherTab(one);
  await other.getByText("All clear.").waitFor();
  await goOffline(one);
  await add(one, "done in one");
  await row(other, "done in one").waitFor();
  await add(other, "done in the other");
  await expectTitles(one, "done in the other", "done in one");
  await other.reload().catch(() => {}); // no worker has it yet: it is another tab that is gone
  const sent = new Set<string | undefined>(); // what is tried twice has one key
  one.context().on("request", (request) => {
    if (request.method() === "POST") sent.add(request.headers()["idempotency-key"]);
  });
  await one.context().setOffline(false);
  await expect.poll(async () => (await user.api.listTasks()).total).toBe(2);
  await expect.poll(() => one.getByText("Waiting to be sent").count()).toBe(0);
  const titles = async () => (await one.locator(".task-title").allTextContents()).toSorted();
  await expect.poll(titles).toEqual(["done in one", "done in the other"]); // whichever was sent first
  expect(sent.size).toBe(2);
});

test("a task is there all the time while it is sent", async () => {
  const user = await newUser();
  const page = await visit({ user });
  await page.getByText("All clear.").waitFor();
  await page.evaluate(() => {
    const list = document.querySelector(".listing")!;
    const seen = () => list.textContent?.includes("Steady") ?? false;
    let [was, gone] = [false, false];
    new MutationObserver(() => {
      gone ||= was && !seen();
      was = seen();
      list.setAttribute("data-gone", String(gone));
    }).observe(list, { childList: true, subtree: true, characterData: true });
  });
  const letGo = await hold(page, "POST");
  await add(page, "Steady");
  await acknowledged(page, "POST", async () => letGo());
  await expect.poll(() => row(page, "Steady").getAttribute("data-task")).toMatch(/^\d+$/);
  await expect.poll(() => kept(page)).not.toContain('"state":"sent"'); // the list has it
  expect(await page.locator(".listing").getAttribute("data-gone")).toBe("false");
});
