/** What a person sees and does of tasks. */

import type { Locator, Page, Route } from "playwright-core";
import { expect } from "vitest";
import { kept } from "./browser";

export function row(page: Page, title: string): Locator {
  return page.locator(".task").filter({ has: page.getByText(title, { exact: true }) });
}

export function notice(page: Page, text: string | RegExp): Locator {
  return page.locator(".notice").filter({ hasText: text });
}

export async function add(page: Page, title: string): Promise<void> {
  await page.getByLabel("Title of a new task").fill(title);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await row(page, title).waitFor();
}

/** Waits until the list shows these titles, in this order. */
export async function expectTitles(page: Page, ...titles: string[]): Promise<void> {
  await expect.poll(() => page.locator(".task-title").allTextContents()).toEqual(titles);
}

/** Waits until the list shows these titles in this order, each with a dash for every level above it. */
export async function expectTree(page: Page, ...titles: string[]): Promise<void> {
  const shown = () =>
    page
      .locator(".task")
      .evaluateAll((rows) =>
        rows.map(
          (one) =>
            "-".repeat(Number((one as HTMLElement).dataset["depth"])) + one.querySelector(".task-title")?.textContent,
        ),
      );
  await expect.poll(shown).toEqual(titles);
}

/** Does `act`, and returns when the service has acknowledged the request that it led to. */
export async function acknowledged(page: Page, method: string, act: () => Promise<void>): Promise<void> {
  const isIt = (response: { request: () => { method: () => string }; ok: () => boolean }) =>
    response.request().method() === method && response.ok();
  await Promise.all([
    page.waitForResponse((response) => response.url().includes("/api/tasks") && isIt(response)),
    act(),
  ]);
}

/** Keeps the requests of this method on their way, until it is told to let them go on. */
export async function hold(page: Page, method: string): Promise<() => void> {
  let letGo = () => {};
  const released = new Promise<void>((resolve) => (letGo = resolve));
  await page.route(/\/api\/tasks/, async (route) => {
    if (route.request().method() === method) await released;
    await route.fallback();
  });
  return letGo;
}

/** Waits until the service has acknowledged all that was done in this browser, and the list shows it. */
export async function settled(page: Page): Promise<void> {
  await expect.poll(() => kept(page)).not.toContain('"state":');
}

/**
 * Refuses these requests until a person asks for them by what this returns: the page asks by itself, too, and what it
 * would have then takes the button away from whoever is about to press it.
 */
export async function refuseUntilAsked(
  page: Page,
  url: string | RegExp,
  refuse = (route: Route) => route.abort(),
): Promise<(button: Locator) => Promise<void>> {
  const isAsked = () => page.evaluate(() => "asked" in document.documentElement.dataset);
  const handle = async (route: Route) => {
    const isMeant = await isAsked().catch(() => false); // not by a page that is just going
    await (isMeant ? route.fallback() : refuse(route));
  };
  await page.route(url, handle);
  return async (button) => {
    await page.evaluate(() => {
      const ask = () => (document.documentElement.dataset["asked"] = "");
      document.addEventListener("click", ask, { capture: true, once: true });
    });
    await button.click();
    await page.unroute(url, handle);
  };
}

export async function go(page: Page, view: string): Promise<void> {
  await page.getByRole("navigation").getByRole("link", { name: view }).click();
  await page.getByRole("heading", { name: view, level: 1 }).waitFor();
}
