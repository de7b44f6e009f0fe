/** The same thing done with a mouse, with keys alone, and with a finger. */

import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { row } from "./tasks";

export const WIDE = { viewport: { width: 1180, height: 860 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

export abstract class Hand {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** A button, a link, a box to tick. */
  abstract press(control: Locator): Promise<void>;
  /** Into a field, in place of what was there. */
  abstract write(field: Locator, text: string): Promise<void>;
  abstract choose(select: Locator, option: string): Promise<void>;
  /** A row before another one. */
  abstract putBefore(title: string, other: string): Promise<void>;
  /** A row beneath the one above it. */
  abstract nest(title: string): Promise<void>;
  abstract menu(title: string): Promise<void>;
  /** All from one row to another, both among them. */
  abstract selectRange(from: string, to: string): Promise<void>;
  abstract save(): Promise<void>;
  abstract closeDialog(): Promise<void>;

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", typeof name === "string" ? { name, exact: true } : { name });
  }

  async go(view: string): Promise<void> {
    await this.press(this.page.getByRole("navigation").getByRole("link", { name: view }));
    await this.page.getByRole("heading", { name: view, level: 1 }).waitFor();
  }

  async complete(title: string): Promise<void> {
    await this.press(row(this.page, title).getByRole("checkbox"));
  }

  async open(title: string): Promise<void> {
    await this.press(this.page.locator("button.task-title").getByText(title, { exact: true }));
    await this.page.getByRole("dialog").waitFor();
  }

  /** A line in the field for new tasks, and Enter. */
  async add(line: string): Promise<void> {
    await this.write(this.page.getByLabel("Title of a new task"), line);
    await this.page.keyboard.press("Enter");
  }

  async item(name: string): Promise<void> {
    await this.press(this.page.locator(":popover-open").getByRole("button", { name }));
    await this.page.locator(":popover-open").waitFor({ state: "hidden" });
  }
}

export class Mouse extends Hand {
  async press(control: Locator): Promise<void> {
    await control.click();
  }

  async write(field: Locator, text: string): Promise<void> {
    await field.click();
    await this.page.keyboard.press("ControlOrMeta+a");
    await typed(this.page, text);
  }

  async choose(select: Locator, option: string): Promise<void> {
    await select.selectOption(option);
  }

  async putBefore(title: string, other: string): Promise<void> {
    await this.#drag(title, other, 0);
  }

  async nest(title: string): Promise<void> {
    await this.#drag(title, title, 1);
  }

  async menu(title: string): Promise<void> {
    await row(this.page, title).hover();
    await this.press(this.button(`More: ${title}`));
  }

  async selectRange(from: string, to: string): Promise<void> {
    await this.press(this.button("Select"));
    await this.page.getByLabel(`Select: ${from}`, { exact: true }).click();
    await this.page.getByLabel(`Select: ${to}`, { exact: true }).click({ modifiers: ["Shift"] });
  }

  async save(): Promise<void> {
    await this.press(this.page.getByRole("dialog").getByRole("button", { name: "Save" }));
  }

  async closeDialog(): Promise<void> {
    await this.press(this.page.getByRole("dialog").getByRole("button", { name: "Close" }));
  }

  async #drag(title: string, onto: string, levels: number): Promise<void> {
    await row(this.page, title).hover();
    const [from, to] = [await gripOf(this.page, title), await gripOf(this.page, onto)];
    await this.page.mouse.move(from.x, from.y);
    await this.page.mouse.down();
    await this.page.mouse.move(from.x + levels * 28 + 5, to.y - 5 + levels * 10, { steps: 4 });
    await this.page.locator(".drop-line").waitFor();
    await this.page.mouse.up();
    await this.page.locator(".drop-line").waitFor({ state: "hidden" });
  }
}

export class Keys extends Hand {
  async press(control: Locator): Promise<void> {
    await this.#reach(control);
    const isBox = await control.evaluate((element) => element.matches("input"));
    await this.page.keyboard.press(isBox ? "Space" : "Enter");
  }

  async write(field: Locator, text: string): Promise<void> {
    await this.#reach(field);
    await this.page.keyboard.press("ControlOrMeta+a");
    await typed(this.page, text);
  }

  async choose(select: Locator, option: string): Promise<void> {
    await this.#reach(select);
    await this.page.keyboard.type(option);
    await expect
      .poll(() => select.evaluate((one) => (one as HTMLSelectElement).selectedOptions[0]?.label))
      .toBe(option);
  }

  async putBefore(title: string, other: string): Promise<void> {
    await this.#toRow(title);
    for (let steps = await this.#between(other, title); steps > 0; steps--)
      await this.page.keyboard.press("Alt+ArrowUp");
  }

  async nest(title: string): Promise<void> {
    await this.#toRow(title);
    await this.page.keyboard.press("Alt+ArrowRight");
  }

  async menu(title: string): Promise<void> {
    await this.#toRow(title);
    await this.page.keyboard.press("m");
  }

  async selectRange(from: string, to: string): Promise<void> {
    await this.#toRow(from);
    await this.page.keyboard.press("x");
    await this.#toRow(to);
    await this.page.keyboard.press("Shift+X");
  }

  async save(): Promise<void> {
    await this.page.keyboard.press("Control+Enter");
  }

  async closeDialog(): Promise<void> {
    await this.page.keyboard.press("Escape");
  }

  async #toRow(title: string): Promise<void> {
    const button = this.page.locator("button.task-title").getByText(title, { exact: true });
    await button.waitFor();
    // Out of a field letters and arrows are shortcuts again.
    if (await this.page.evaluate(() => document.activeElement?.matches("input, textarea")))
      await this.page.keyboard.press("Tab");
    await this.page.keyboard.press("ArrowDown");
    const steps = await button.evaluate((wanted) => {
      const rows = [...document.querySelectorAll("[data-task]")];
      const place = (element: Element | null) => rows.findIndex((one) => one.contains(element));
      return place(wanted) - place(document.activeElement);
    });
    const key = steps > 0 ? "ArrowDown" : "ArrowUp";
    for (let step = 0; step < Math.abs(steps); step++) await this.page.keyboard.press(key);
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
  }

  async #between(one: string, other: string): Promise<number> {
    const titles = await this.page.locator(".task[data-depth='0'] .task-title").allTextContents();
    return titles.indexOf(other) - titles.indexOf(one);
  }

  async #reach(control: Locator): Promise<void> {
    await control.waitFor({ state: "attached" });
    for (let step = 0; step < 200; step++) {
      const way = await control.evaluate((element) => {
        const from = document.activeElement ?? document.body;
        if (element === from) return 0;
        const isAbove = from.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING;
        return isAbove && from !== document.body ? -1 : 1;
      });
      if (way === 0) return;
      await this.page.keyboard.press(way > 0 ? "Tab" : "Shift+Tab");
    }
    throw new Error("it cannot be reached by the Tab key");
  }
}

export class Finger extends Hand {
  async press(control: Locator): Promise<void> {
    await control.tap();
  }

  async write(field: Locator, text: string): Promise<void> {
    await field.tap();
    await field.fill("");
    await typed(this.page, text);
  }

  async choose(select: Locator, option: string): Promise<void> {
    await select.selectOption(option);
  }

  async putBefore(title: string, other: string): Promise<void> {
    // Clear of what is said at the bottom.
    await row(this.page, title).evaluate((element) => element.scrollIntoView({ block: "center" }));
    const screen = await this.page.context().newCDPSession(this.page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", touchPoints: { x: number; y: number }[]) =>
      screen.send("Input.dispatchTouchEvent", { type, touchPoints });
    const [from, to] = [await gripOf(this.page, title), await gripOf(this.page, other)];
    await touch("touchStart", [from]);
    for (const part of [0.5, 1]) await touch("touchMove", [{ x: from.x, y: from.y + part * (to.y - 8 - from.y) }]);
    await this.page.locator(".drop-line").waitFor();
    await touch("touchEnd", []);
    await this.page.locator(".drop-line").waitFor({ state: "hidden" });
  }

  async nest(title: string): Promise<void> {
    await this.menu(title);
    await this.item("Make it a subtask");
  }

  async menu(title: string): Promise<void> {
    await this.press(this.button(`More: ${title}`));
  }

  async selectRange(from: string, to: string): Promise<void> {
    await this.press(this.button("Select"));
    const titles = await this.page.locator(".task-title").allTextContents();
    for (const title of titles.slice(titles.indexOf(from), titles.indexOf(to) + 1))
      await this.press(this.page.getByLabel(`Select: ${title}`, { exact: true }));
  }

  async save(): Promise<void> {
    await this.press(this.page.getByRole("dialog").getByRole("button", { name: "Save" }));
  }

  async closeDialog(): Promise<void> {
    await this.page.goBack();
  }
}

async function gripOf(page: Page, title: string): Promise<{ x: number; y: number }> {
  const box = await row(page, title).locator(".task-grip").boundingBox();
  if (!box) throw new Error(`${title} has no grip`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Letter by letter, as far as anything listens to letters. */
async function typed(page: Page, text: string): Promise<void> {
  if (text.length > 100) await page.keyboard.insertText(text);
  else await page.keyboard.type(text);
}
