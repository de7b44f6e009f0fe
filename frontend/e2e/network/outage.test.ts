/** The API goes away and comes back while the page is open. */

import { exec } from "node:child_process";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { kept, visit } from "../stage/browser";
import { newUser } from "../stage/people";
import { START_API, STOP_API } from "../stage/settings";
import { acknowledged, add, expectTitles, refuseUntilAsked, row } from "../stage/tasks";

const AWAY = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|status of 50[234]/;

const shell = promisify(exec);
let isStopped = false;

async function stop(): Promise<void> {
  isStopped = true;
  await shell(STOP_API ?? "");
}

async function start(): Promise<void> {
  await shell(START_API ?? "");
  isStopped = false;
}

/** The banner, when the page has found out. */
function outage(page: Page) {
  return page.getByText("The server does not answer.");
}

describe.skipIf(!STOP_API || !START_API)("the API is stopped and started again", () => {
  afterAll(async () => {
    if (isStopped) await start();
  });

  test("the page says so, loses nothing that was typed, and recovers", async () => {
    const user = await newUser();
    const before = await user.addTask({ title: "There before" });
    await user.addTask({ title: "To be completed" });
    const page = await visit({ user, tolerate: AWAY });
    await row(page, "There before").waitFor();

    await stop();
    await add(page, "Typed during the outage");
    await outage(page).waitFor();
    await row(page, "Typed during the outage").getByText("Waiting to be sent").waitFor();

    await page.getByRole("button", { name: "There before", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Title").fill("Edited during the outage");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "hidden" });
    await row(page, "To be completed").getByRole("checkbox").click();
    await page.getByText("3 changes are kept and will be sent.").waitFor();
    await expectTitles(page, "Typed during the outage", "Edited during the outage");
    await page.getByLabel("Title of a new task").fill("Half a thought");

    await start();
    await outage(page).waitFor({ state: "hidden" });
    await expectTitles(page, "Typed during the outage", "Edited during the outage");
    await expect.poll(() => page.getByText("Waiting to be sent").count()).toBe(0);
    expect(await page.getByLabel("Title of a new task").inputValue()).toBe("Half a thought");
    await expect.poll(async () => (await user.api.listTasks({ status: "completed" })).total).toBe(1); // the last of three

    await page.reload();
    await expectTitles(page, "Typed during the outage", "Edited during the outage");
    expect((await user.api.getTask(before.id)).title).toBe("Edited during the outage");
    expect((await user.api.listTasks()).items).toHaveLength(3);
  });

  test("a task whose answer was lost is made once", async () => {
    const user = await newUser();
    const page = await visit({ user, tolerate: /ERR_FAILED/ });
    await page.getByText("All clear.").waitFor();
    const keys: (string | undefined)[] = [];
    const ask = await refuseUntilAsked(page, "**/api/tasks", async (route) => {
      if (keys.length === 1) await route.fetch(); // the service has made it, but nobody hears of that
      return route.abort();
    });
    await page.route("**/api/tasks", async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      keys.push(route.request().headers()["idempotency-key"]);
      return route.fallback();
    });
    await add(page, "Only once");
    await outage(page).waitFor();
    await acknowledged(page, "POST", () => ask(page.getByRole("button", { name: "Try now" })));
    await outage(page).waitFor({ state: "hidden" });
    expect(keys.length).toBeGreaterThan(1);
    expect(new Set(keys).size).toBe(1);
    expect((await user.api.listTasks()).items).toHaveLength(1);
    await expectTitles(page, "Only once");
  });

  test("what waits survives a reload", async () => {
    const user = await newUser();
    const page = await visit({ user, tolerate: /ERR_FAILED/ });
    await page.getByText("All clear.").waitFor();
    await page.route("**/api/tasks", (route) =>
      route.request().method() === "POST" ? route.abort() : route.continue(),
    );
    await add(page, "Before the reload");
    await outage(page).waitFor();
    await expect.poll(() => kept(page)).toContain("Before the reload");
    await page.reload();
    await row(page, "Before the reload").getByText("Waiting to be sent").waitFor();
    await acknowledged(page, "POST", () => page.unrouteAll());
    await expectTitles(page, "Before the reload");
    expect((await user.api.listTasks()).items).toHaveLength(1);
  });

  test("what is refused after the outage is handed back", async () => {
    const user = await newUser();
    const task = await user.addTask({ title: "Plan" });
    const page = await visit({ user, tolerate: /ERR_FAILED/ });
    await row(page, "Plan").waitFor();
    const ask = await refuseUntilAsked(page, "**/api/**");
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await page.getByRole("dialog").getByLabel("Title").fill("My plan");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await row(page, "My plan").getByText("Waiting to be sent").waitFor();
    await user.api.updateTask(task.id, { title: "Their plan" });
    await ask(page.getByRole("button", { name: "Try now" }));
    await page.getByText("“My plan” was not saved.").waitFor();
    await expectTitles(page, "Their plan");
    await kept(page); // it is read when what was handed back is written
    await page.reload();
    await page.getByText("“My plan” was not saved.").waitFor();
    await page.getByRole("button", { name: "Review" }).click();
    await page.getByRole("dialog").getByRole("alert").getByText("Their plan").waitFor();
    await page.getByRole("button", { name: "Save mine" }).click();
    await expectTitles(page, "My plan");
    await expect.poll(async () => (await user.api.getTask(task.id)).title).toBe("My plan");
  });

  test("the page that is opened while the API is away waits for it", async () => {
    const user = await newUser();
    await user.addTask({ title: "Here at last" });
    const page = await visit({ user, tolerate: /ERR_FAILED/ });
    await row(page, "Here at last").waitFor();
    const ask = await refuseUntilAsked(page, "**/api/**");
    await page.reload();
    await outage(page).waitFor();
    await ask(page.getByRole("button", { name: "Try now" }));
    await row(page, "Here at last").waitFor();
    await outage(page).waitFor({ state: "hidden" });
  });
});

test("the browser is offline for a while", async () => {
  const user = await newUser();
  const page = await visit({ user, tolerate: /ERR_INTERNET_DISCONNECTED/ });
  await page.getByText("All clear.").waitFor();
  await page.context().setOffline(true);
  await page.getByText("You are offline.").waitFor();
  await add(page, "On the train");
  await row(page, "On the train").getByText("Waiting to be sent").waitFor();
  await acknowledged(page, "POST", () => page.context().setOffline(false));
  await page.getByText("You are offline.").waitFor({ state: "hidden" });
  expect((await user.api.listTasks()).items).toHaveLength(1);
});
