/** Applications of other people's making, Next.js and Vite, which have the client as a package: tests/frontend/apps. */

import { exec } from "node:child_process";
import { promisify } from "node:util";
import type { Page, Request } from "playwright-core";
import { describe, expect, test } from "vitest";
import { visit } from "./stage/browser";
import { APPS, type App } from "./stage/settings";

const shell = promisify(exec);
const TASKS = /\/api\/tasks$/;

const item = (page: Page, title: string) => page.getByRole("listitem").filter({ hasText: title });
const cookies =
  ({ cookie }: App) =>
  (base: string) => {
    const [name = "", value = ""] = cookie.split("=");
    return [{ name, value, url: base, httpOnly: true, secure: false }];
  };
const signedIn = (app: App, tolerate = /^$/) => visit({ base: app.url, user: { cookies: cookies(app) }, tolerate });

async function add(page: Page, title: string): Promise<void> {
  await page.getByLabel("New task").fill(title);
  await page.getByLabel("New task").press("Enter");
}

/** Until `go`, what the page sends to make a task waits on its way. */
async function held(page: Page): Promise<{ go: () => void }> {
  let go = () => {};
  const gone = new Promise<void>((resolve) => (go = resolve));
  await page.route(TASKS, async (route) => {
    if (route.request().method() === "POST") await gone;
    await route.continue();
  });
  return { go };
}

describe.each(APPS)("$name", (app) => {
  test("the list is shown, and what another client does comes by itself", async () => {
    const page = await signedIn(app);
    await item(page, "there before").waitFor();
    await page.getByRole("status").getByText("live", { exact: true }).waitFor();
    await shell(app.elsewhere);
    await item(page, "from elsewhere").waitFor();
  });

  test("a task of which the stream tells before its own answer comes is one", async () => {
    const page = await signedIn(app);
    await page.getByRole("status").getByText("live", { exact: true }).waitFor();
    await item(page, "there before").waitFor();
    const before = await item(page, "from elsewhere").count();
    let answer = () => {};
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const made = new Promise<void>((resolve) =>
      page.route(TASKS, async (route) => {
        const response = await route.fetch();
        resolve();
        await answered;
        await route.fulfill({ response });
      }),
    );
    await add(page, "told first");
    await made;
    await shell(app.elsewhere);
    await item(page, "from elsewhere").nth(before).waitFor(); // and what was told before that
    expect(await item(page, "told first").count()).toBe(1);
    answer();
    await page.locator("li[aria-busy=true]").waitFor({ state: "detached" });
    expect(await item(page, "told first").count()).toBe(1);
  });

  test("a task is shown before the service has answered, and once it has, as one", async () => {
    const page = await signedIn(app);
    await item(page, "there before").waitFor();
    const post = await held(page);
    await add(page, "typed here");
    await page.locator("li[aria-busy=true]").getByText("typed here").waitFor();
    post.go();
    await page.locator("li[aria-busy=false]").getByText("typed here").waitFor();
    expect(await item(page, "typed here").count()).toBe(1);
    const written = page.waitForResponse((answer) => answer.request().method() === "PATCH");
    await item(page, "typed here").getByRole("checkbox").click();
    await written; // or the page takes it with it when it goes
    await page.reload();
    await item(page, "typed here").waitFor();
    expect(await item(page, "typed here").getByRole("checkbox").isChecked()).toBe(true);
  });

  test("a task that is not saved yet may be written to", async () => {
    const page = await signedIn(app);
    await item(page, "there before").waitFor();
    const post = await held(page);
    await add(page, "in a hurry");
    await item(page, "in a hurry").getByRole("checkbox").click();
    await item(page, "in a hurry").getByRole("checkbox", { checked: true }).waitFor();
    post.go();
    await page.locator("li[aria-busy=false]").getByText("in a hurry").waitFor();
    expect(await item(page, "in a hurry").getByRole("checkbox").isChecked()).toBe(true);
    await page.getByLabel("Delete in a hurry").click();
    await item(page, "in a hurry").waitFor({ state: "detached" });
  });

  test("what is refused is taken back, and said", async () => {
    const page = await signedIn(app, /status of 422/);
    await item(page, "there before").waitFor();
    const before = await page.getByRole("listitem").count();
    const post = await held(page);
    await add(page, " ");
    await page.locator("li[aria-busy=true]").waitFor();
    post.go();
    await page.locator("p[role=alert]").waitFor(); // Next.js announces its routes in another one
    await page.locator("li[aria-busy=true]").waitFor({ state: "detached" });
    expect(await page.getByRole("listitem").count()).toBe(before);
  });

  test("who is not signed in is told so, and sees their list as soon as they are", async () => {
    const page = await visit({ base: app.url, tolerate: /status of 401/ });
    await page.getByRole("status").getByText("You are signed out.").waitFor();
    await page.context().addCookies(cookies(app)(app.url));
    await page.evaluate(() => dispatchEvent(new Event("visibilitychange")));
    await item(page, "there before").waitFor();
    await page.getByRole("status").getByText("live", { exact: true }).waitFor();
  });
});

describe.each(APPS.filter(({ name }) => name === "next"))("$name", (app) => {
  test("a route of the server has the client, too", async () => {
    const page = await signedIn(app);
    await item(page, "there before").waitFor();
    const answer = await page.request.get("/api/count");
    expect(await answer.json()).toEqual({ total: await page.getByRole("listitem").count() });
  });
});

describe.each(APPS.filter(({ name }) => name === "vite"))("$name", (app) => {
  test("the stream ends with the last component, and the next one goes on from there", async () => {
    const page = await signedIn(app);
    await item(page, "there before").waitFor();
    await page.getByRole("status").getByText("live", { exact: true }).waitFor();
    const asked: string[] = [];
    page.on("request", (request: Request) => asked.push(request.url()));
    const [ended] = await Promise.all([
      page.waitForEvent("requestfailed", (request) => request.url().includes("/events")),
      page.getByRole("button", { name: "Leave" }).click(),
    ]);
    expect(ended.failure()?.errorText).toContain("ABORTED");
    await page.getByRole("button", { name: "Come back" }).click();
    await item(page, "there before").waitFor();
    await page.getByRole("status").getByText("live", { exact: true }).waitFor();
    const questions = asked.filter((url) => /\/api\/tasks\/(changes|events)/.test(url));
    expect(questions.filter((url) => url.includes("/events")).length).toBe(1); // however many components there are
    expect(questions.filter((url) => !url.includes("since="))).toEqual([]);
  });
});
