/** On a phone: one line of views, fingers, and a Back button. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { visit, visitAsNewUser } from "../stage/browser";
import { newUser } from "../stage/people";
import { BASE } from "../stage/settings";
import { expectTitles, go, row } from "../stage/tasks";

const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
const LEAST = 44;

test("Back closes the task that is open, and only then leaves the list", async () => {
  const page = await visitAsNewUser(PHONE, { title: "Plan", due_date: "2020-01-01" });
  const dialog = page.getByRole("dialog");
  const at = () => new URL(page.url()).search;
  await go(page, "Overdue");
  await page.getByRole("button", { name: "Plan", exact: true }).tap();
  await dialog.waitFor();
  await page.goBack();
  await dialog.waitFor({ state: "hidden" });
  expect(at()).toBe("?due=overdue");

  // What was closed otherwise is no step any more.
  for (const name of ["Close", "Cancel"]) {
    await page.getByRole("button", { name: "Plan", exact: true }).tap();
    await dialog.getByRole("button", { name }).tap();
    await dialog.waitFor({ state: "hidden" });
  }
  await page.getByRole("button", { name: "Plan", exact: true }).tap();
  await dialog.getByLabel("Notes").fill("half a thought");
  await page.reload(); // and is open again
  expect(await dialog.getByLabel("Notes").inputValue()).toBe("half a thought");
  await page.goBack();
  await dialog.waitFor({ state: "hidden" });
  expect(at()).toBe("?due=overdue");
  await page.getByRole("button", { name: "Undo" }).tap(); // nor has it lost what was typed
  expect(await dialog.getByLabel("Notes").inputValue()).toBe("half a thought");
  await page.goBack();
  await dialog.waitFor({ state: "hidden" });
  await page.goBack();
  await page.getByRole("heading", { name: "Open", level: 1 }).waitFor();
});

test("tags are there, and the place where one is is in sight", async () => {
  const page = await visitAsNewUser(PHONE, { title: "Wash", tags: ["home"] }, { title: "Write", tags: ["work"] });
  await page.getByRole("navigation").getByRole("link", { name: "home" }).tap();
  await expectTitles(page, "Wash");
  await page.goto("/?view=trash");
  await page.getByText("The trash is empty.").waitFor();
  const chip = page.getByRole("navigation").getByRole("link", { name: "Trash" });
  const isInSight = async () => {
    const box = await chip.boundingBox();
    return box && box.x >= 0 && box.x + box.width <= PHONE.viewport.width;
  };
  await expect.poll(isInSight).toBe(true);
});

test("what is about to be touched stays where it is when counts come and go", async () => {
  const user = await newUser();
  await user.addTask({ title: "Plan", due_date: "2020-01-01" });
  const page = await visit(PHONE);
  let answer = (): void => {};
  const mayBeAnswered = new Promise<void>((resolve) => (answer = resolve));
  await page.route(/api.tasks/, (route) => mayBeAnswered.then(() => route.fallback()));
  await page.context().addCookies(user.cookies(BASE));
  await page.reload();
  const views = page.getByRole("navigation");
  const places = () =>
    views.getByRole("link").evaluateAll((links) => links.map((link) => JSON.stringify(link.getBoundingClientRect())));
  await views.evaluate((line) => line.scrollBy({ left: 150 }));
  const before = await places();
  expect(await views.locator(".nav-count").count()).toBe(0);
  answer();
  await views.getByText("Overdue1").waitFor();
  expect(await places()).toEqual(before);
  for (let n = 1; n < 10; n++) await user.addTask({ title: `Plan ${n}`, due_date: "2020-01-01" });
  await views.getByText("Overdue10").waitFor();
  expect(await places()).toEqual(before);
});

/** Names of what can be touched and is smaller than a finger, by where a touch arrives. */
function small(page: Page): Promise<string[]> {
  return page.evaluate((least) => {
    const found: string[] = [];
    const scope = document.querySelector("dialog[open], :popover-open") ?? document;
    const controls = scope.querySelectorAll<HTMLElement>("a[href], button, input, select, textarea, [role=option]");
    for (const control of controls) {
      const target = control.closest("label") ?? control;
      if (!control.checkVisibility({ visibilityProperty: true }) || control.matches(".skip, :disabled")) continue;
      target.scrollIntoView({ block: "center", inline: "center" });
      const { left, top, width, height } = target.getBoundingClientRect();
      const [x, y, half] = [left + width / 2, top + height / 2, least / 2 - 1];
      const arrives = (right: number, down: number) => {
        const hit = document.elementFromPoint(x + right, y + down);
        return hit !== null && (target.contains(hit) || hit === control || hit.closest("label") === target);
      };
      const isLarge = [arrives(0, -half), arrives(0, half), arrives(-half, 0), arrives(half, 0)];
      if (isLarge.includes(false))
        found.push(`${control.ariaLabel ?? control.textContent ?? control.id} ${width}×${height} ${isLarge.join()}`);
    }
    return found;
  }, LEAST);
}

test("whatever can be touched is as large as a finger", async () => {
  const user = await newUser();
  await user.addTask({ title: "A", tags: ["x", "home"], due_date: "2031-01-01", priority: "high" });
  await user.addTask({ title: "B" });
  const page = await visit({ ...PHONE, user });
  await row(page, "A").waitFor();
  expect(await small(page), "the list").toEqual([]);
  await page.getByRole("button", { name: "Details" }).tap();
  expect(await small(page), "details").toEqual([]);
  await page.getByRole("button", { name: "Details" }).tap();
  await page.getByRole("button", { name: "A", exact: true }).tap();
  expect(await small(page), "a task").toEqual([]);
  await page.goBack();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Select", exact: true }).tap();
  await page.getByLabel("Select: A").tap();
  expect(await small(page), "a selection").toEqual([]);
  await page.getByRole("button", { name: "Cancel" }).tap();
  await page.getByRole("button", { name: /account of/ }).tap();
  expect(await small(page), "the menu").toEqual([]);
  const stranger = await visit(PHONE);
  await stranger.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await small(stranger), "the sign-in").toEqual([]);
});
