/** A person's browser: every visit has cookies of its own, and whatever the browser complains of fails the test. */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect, inject, onTestFinished } from "vitest";
import { newUser, type User } from "./people";
import { BASE, PATIENCE } from "./settings";
import { shake } from "./shake";

let browser: Promise<Browser> | undefined;

export interface Visit extends BrowserContextOptions {
  base?: string;
  /** Signed in from the start. */
  user?: Pick<User, "cookies">;
  /** Failed requests that the test brings about itself: the browser complains of each. */
  tolerate?: RegExp;
}

/** A new browser profile on the page. */
export async function visit({ base = BASE, user, tolerate, ...options }: Visit = {}): Promise<Page> {
  browser ??= chromium.connect(inject("chromium"));
  const context = await (
    await browser
  ).newContext({
    baseURL: base,
    locale: "en-GB",
    timezoneId: "Europe/Lisbon",
    ignoreHTTPSErrors: true, // the gateway of the compose file signs its certificate itself
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  if (user) await context.addCookies(user.cookies(base));
  const complaints: string[] = [];
  // A change elsewhere that the page has not heard of is learned of by a 412: that is how it asks.
  const complain = (text: string) => /status of 412/.test(text) || tolerate?.test(text) || complaints.push(text);
  context.on("page", (page) => {
    page.on("console", (said) => {
      if (["error", "warning"].includes(said.type())) complain(`${said.text()} ${said.location().url}`);
    });
    page.on("pageerror", (error) => complain(String(error)));
  });
  // Told to the console, where it counts as a complaint.
  await context.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      console.error(`Content-Security-Policy: ${violatedDirective} ${blockedURI}`),
    ),
  );
  await shake(context);
  const page = await context.newPage();
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") await picture(page, task.name, complaints);
    await context.close();
    expect(complaints).toEqual([]);
  });
  await page.goto("/");
  return page;
}

/** On the page as somebody whom nobody else knows, with these tasks. */
export async function visitAsNewUser(options: Visit = {}, ...tasks: Parameters<User["addTask"]>[0][]): Promise<Page> {
  const user = await newUser(options.base);
  for (const task of tasks) await user.addTask(task);
  const page = await visit({ ...options, user });
  await page.getByRole("heading", { name: "Open", level: 1 }).waitFor();
  return page;
}

/** Another tab of the same browser. */
export async function anotherTab(page: Page): Promise<Page> {
  const tab = await page.context().newPage();
  await tab.goto("/");
  return tab;
}

/** Once the browser has all that it needs to open the page without a network. */
export async function isInstalled(page: Page): Promise<void> {
  await page.evaluate(() => navigator.serviceWorker.ready);
}

/** All that the browser keeps of the page, as text: storage, IndexedDB, caches. */
export function kept(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const records: unknown[] = [{ ...localStorage }, { ...sessionStorage }];
    for (const { name = "" } of await indexedDB.databases()) {
      const db = await new Promise<IDBDatabase>((resolve) => {
        const opening = indexedDB.open(name);
        opening.onsuccess = () => resolve(opening.result);
      });
      for (const table of db.objectStoreNames) {
        const asked = db.transaction(table).objectStore(table).getAll();
        records.push(await new Promise((resolve) => (asked.onsuccess = () => resolve(asked.result))));
      }
      db.close();
    }
    for (const name of await caches.keys())
      records.push((await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname));
    return JSON.stringify(records);
  });
}

/** What was to be seen when a test failed. */
async function picture(page: Page, name: string, complaints: readonly string[]): Promise<void> {
  const path = join(tmpdir(), `tasklane-page-${name.replaceAll(/\W+/g, "-")}.png`);
  const taken = await page.screenshot({ path }).catch(() => null);
  console.error([name, taken ? `see ${path}` : "no picture could be taken", ...complaints].join("\n  "));
}
