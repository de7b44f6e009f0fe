/** What is typed and pasted into forms. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { violations } from "../stage/axe";
import { visit, visitAsNewUser } from "../stage/browser";
import { newUser } from "../stage/people";
import { acknowledged, expectTitles, notice, row } from "../stage/tasks";

async function paste(page: Page, text: string): Promise<void> {
  await page.getByLabel("Title of a new task").evaluate((field, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

test("a tag that is there is offered, and keeps its spelling", async () => {
  const user = await newUser();
  await user.addTask({ title: "Old", tags: ["work", "Network"] });
  const task = await user.addTask({ title: "New" });
  const page = await visit({ user });
  await page.getByRole("button", { name: "New", exact: true }).click();
  const dialog = page.getByRole("dialog");
  const tags = dialog.getByRole("combobox", { name: "Tags" });
  const chosen = dialog.getByRole("listbox").getByRole("option", { selected: true });
  await tags.fill("wo");
  expect(await dialog.getByRole("listbox").getByRole("option").allTextContents()).toEqual([
    "work",
    "Network",
    "New tag “wo”",
  ]);
  expect(await chosen.textContent()).toBe("work");
  expect(await violations(page)).toEqual([]);
  await tags.press("Enter");
  await tags.fill("wo");
  await tags.press("ArrowUp"); // around to the last one
  expect(await chosen.textContent()).toBe("New tag “wo”");
  await tags.press("Enter");
  await tags.fill("netw");
  await dialog.getByRole("option", { name: "Network" }).click();
  await tags.fill("WORK"); // is there already
  await tags.press("Enter");
  await tags.fill("else");
  await tags.press("Escape"); // of what was typed alone
  await tags.pressSequentially("home,");
  await acknowledged(page, "PATCH", () => tags.press("Control+Enter"));
  await dialog.waitFor({ state: "hidden" });
  expect((await user.api.getTask(task.id)).tags).toEqual(["work", "wo", "Network", "home"]);
});

test("Ctrl+Enter saves from any field, with the tag that is half typed", async () => {
  const user = await newUser();
  const task = await user.addTask({ title: "Plan" });
  const page = await visit({ user });
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await dialog.getByLabel("Notes").fill("with a note");
  await acknowledged(page, "PATCH", () => page.keyboard.press("Control+Enter"));
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await dialog.getByLabel("Notes").fill("with a longer note");
  await dialog.getByLabel("Tags").fill("half");
  await acknowledged(page, "PATCH", () => page.keyboard.press("Control+Enter"));
  await dialog.waitFor({ state: "hidden" });
  expect(await user.api.getTask(task.id)).toMatchObject({ description: "with a longer note", tags: ["half"] });
});

test("a list that is pasted is a task for each line, in its order", async () => {
  const user = await newUser();
  const page = await visit({ user });
  await page.getByText("All clear.").waitFor();
  const long = "word ".repeat(60).trim();
  await paste(page, `- milk\r\n* [ ] bread\n\n  3. eggs\n-5 degrees\n${long}\n`);
  await notice(page, "Added 5 tasks").hover(); // it stays while the pointer is on it
  await expect.poll(() => page.locator(".task").count()).toBe(5);
  const titles = await page.locator(".task-title").allTextContents();
  expect(titles.slice(0, 4)).toEqual(["milk", "bread", "eggs", "-5 degrees"]);
  expect(titles[4]).toMatch(/^word word.*…$/);
  await expect.poll(async () => (await user.api.listTasks()).total).toBe(5);
  expect((await user.api.listTasks({ search: "word" })).items[0]?.description).toBe(long);
  await notice(page, "Added 5 tasks").getByRole("button", { name: "Undo" }).click();
  await page.getByText("All clear.").waitFor();

  await paste(page, Array.from({ length: 30 }, (_, n) => `line ${n + 1}`).join("\n"));
  await page.getByRole("heading", { name: "Add 30 tasks?" }).waitFor(); // so many may be a slip
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await page.getByText("All clear.").waitFor();
  await paste(page, Array.from({ length: 30 }, (_, n) => `line ${n + 1}`).join("\n"));
  await page.getByRole("button", { name: "Add them" }).click();
  await row(page, "line 30").waitFor();
});

test("a title that is too long is kept as it is typed, and it is said by how much", async () => {
  const page = await visitAsNewUser({}, { title: "Plan" });
  const title = page.getByLabel("Title of a new task");
  const add = page.getByRole("button", { name: "Add", exact: true });
  await title.fill("😀".repeat(200)); // as people count
  expect(await add.isEnabled()).toBe(true);
  await title.fill("x".repeat(203));
  await page.getByText("3 characters too many").waitFor();
  expect(await title.inputValue()).toHaveLength(203);
  expect(await add.isDisabled()).toBe(true);
  await title.press("Enter");
  await expectTitles(page, "Plan");
  await title.fill("");

  await page.getByRole("button", { name: "Plan", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Title").fill("x".repeat(201));
  await dialog.getByText("1 character too many").waitFor();
  expect(await dialog.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
});

test("what is chosen stands out, in the dark too", async () => {
  const page = await visitAsNewUser({ colorScheme: "dark" }, { title: "Plan" });
  /** Of the chosen one's edge and its neighbour's ground, as WCAG reckons it. */
  const contrast = (group: string) =>
    page.evaluate((selector) => {
      const [chosen, other] = [`${selector} input:checked + span`, `${selector}`].map((at) =>
        document.querySelector(at),
      );
      if (!chosen || !other) throw new Error("it is not there");
      const luminance = (color: string) => {
        const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => {
          const value = Number(part) / 255;
          return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const edge = luminance(/rgba?\([^)]*\)/.exec(getComputedStyle(chosen).boxShadow)?.[0] ?? "");
      const ground = luminance(getComputedStyle(other).backgroundColor);
      return (Math.max(edge, ground) + 0.05) / (Math.min(edge, ground) + 0.05);
    }, group);
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  expect(await contrast(".dialog .segments")).toBeGreaterThan(3);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: /account of/ }).click();
  expect(await contrast(".menu .segments")).toBeGreaterThan(3);
});
