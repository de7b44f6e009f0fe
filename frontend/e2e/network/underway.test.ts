/** What a person does while the service has not answered yet. */

import { expect, test } from "vitest";
import { kept, visit, visitAsNewUser } from "../stage/browser";
import { newUser } from "../stage/people";
import { acknowledged, add, expectTitles, expectTree, go, hold, notice, row, settled } from "../stage/tasks";

const REFUSAL = { type: "about:blank", title: "Unprocessable Content", status: 422, detail: "Not like this." };

test.each(["at once", "after a reload"])("a task opened before it was acknowledged can be saved %s", async (when) => {
  const user = await newUser();
  const page = await visit({ user });
  await page.getByText("All clear.").waitFor();
  const letGo = await hold(page, "POST");
  await add(page, "Just now");
  await page.getByRole("button", { name: "Just now", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Notes").fill("with a note");
  await acknowledged(page, "POST", async () => letGo());
  await expect.poll(() => row(page, "Just now").getAttribute("data-task")).toMatch(/^\d+$/);
  await kept(page); // it is read when what was done before is written
  if (when === "after a reload") await page.reload();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  await row(page, "Just now").getByText("with a note").waitFor();
  expect((await user.api.listTasks()).items).toMatchObject([{ title: "Just now", description: "with a note" }]);
});

test("a menu that was opened before the acknowledgement does what it says", async () => {
  const user = await newUser();
  await user.addTask({ title: "Above" });
  const page = await visit({ user });
  await row(page, "Above").waitFor();
  const letGo = await hold(page, "POST");
  await add(page, "Just now");
  await page.getByRole("button", { name: "Just now", exact: true }).focus();
  await page.keyboard.press("Alt+ArrowDown");
  await expectTitles(page, "Above", "Just now");
  await page.keyboard.press("m");
  const nest = page.getByRole("button", { name: "Make it a subtask" });
  await nest.waitFor();
  letGo();
  await expect.poll(() => row(page, "Just now").getAttribute("data-task")).toMatch(/^\d+$/);
  await nest.click();
  await expectTree(page, "Above", "-Just now");
});

test("one date of a task can be left out before the task is acknowledged", async () => {
  const user = await newUser();
  const page = await visit({ user });
  await page.getByText("All clear.").waitFor();
  const letGo = await hold(page, "POST");
  await page.getByLabel("Title of a new task").fill("pills every day");
  await page.locator(".quick-add-summary").getByText("every day").waitFor();
  await page.getByLabel("Title of a new task").press("Enter");
  await row(page, "pills").hover();
  await page.getByRole("button", { name: "More: pills" }).click();
  await page.getByRole("button", { name: "Skip this one" }).click();
  await acknowledged(page, "PATCH", async () => letGo());
  await row(page, "pills").getByText("Tomorrow").waitFor();
  expect((await user.api.listTasks()).items).toHaveLength(1);
});

test("a selection and an undo outlast the acknowledgement", async () => {
  const user = await newUser();
  const page = await visit({ user });
  await page.getByText("All clear.").waitFor();
  const letGo = await hold(page, "POST");
  for (const title of ["one", "two"]) await add(page, title);
  await row(page, "two").getByRole("checkbox").click();
  await page.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByLabel("Select: one").check();
  await notice(page, "Completed “two”").hover(); // it stays while the pointer is on it
  await acknowledged(page, "PATCH", async () => letGo());
  await expect.poll(() => row(page, "one").getAttribute("data-task")).toMatch(/^\d+$/);
  await page.getByText("1 selected").waitFor();
  expect(await page.getByLabel("Select: one").isChecked()).toBe(true);
  await acknowledged(page, "PATCH", () =>
    notice(page, "Completed “two”").getByRole("button", { name: "Undo" }).click(),
  );
  await page.getByRole("button", { name: "Cancel" }).click();
  await expectTitles(page, "two", "one");
  expect((await user.api.listTasks({ status: "pending" })).total).toBe(2);
});

test("what is saved cannot be changed meanwhile, and leaves the next task alone", async () => {
  const page = await visitAsNewUser({}, { title: "One" }, { title: "Two" });
  const dialog = page.getByRole("dialog");
  const letGo = await hold(page, "PATCH");
  await page.getByRole("button", { name: "One", exact: true }).click();
  await dialog.getByLabel("Title").fill("One, better");
  await page.keyboard.press("Enter");
  const saving = dialog.getByRole("button", { name: "Saving…" });
  await saving.waitFor();
  expect(await saving.evaluate((button) => document.activeElement === button)).toBe(true);
  expect(await dialog.getByLabel("Title").isDisabled()).toBe(true);
  expect(await dialog.getByLabel("Notes").isDisabled()).toBe(true);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(await notice(page, "Changes discarded").count()).toBe(0);

  await page.getByRole("button", { name: "Two", exact: true }).click();
  await dialog.getByLabel("Title").fill("Two, in the making");
  await acknowledged(page, "PATCH", async () => letGo());
  await row(page, "One, better").waitFor();
  expect(await dialog.getByLabel("Title").inputValue()).toBe("Two, in the making");
  await acknowledged(page, "PATCH", () => page.keyboard.press("Enter"));
  await dialog.waitFor({ state: "hidden" });
  await expectTitles(page, "Two, in the making", "One, better");
});

test("what is refused gives the focus back, or what was typed when the person has gone on", async () => {
  const page = await visitAsNewUser({ tolerate: /status of 422/ }, { title: "One" }, { title: "Two" });
  const dialog = page.getByRole("dialog");
  await page.route(/api.tasks.\d+$/, (route) =>
    route.request().method() === "PATCH"
      ? route.fulfill({ status: 422, contentType: "application/problem+json", json: REFUSAL })
      : route.continue(),
  );
  await page.getByRole("button", { name: "One", exact: true }).click();
  const title = dialog.getByLabel("Title");
  await title.fill("One, better");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").getByText("Not like this.").waitFor();
  await expect.poll(() => title.evaluate((input) => document.activeElement === input)).toBe(true);
  expect(await title.isEnabled()).toBe(true);

  const letGo = await hold(page, "PATCH");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Saving…" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Two", exact: true }).click();
  await title.fill("Two, in the making");
  letGo();
  await page.getByText("“One, better” was not saved.").waitFor();
  expect(await title.inputValue()).toBe("Two, in the making");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Review" }).click();
  expect(await title.inputValue()).toBe("One, better");
});

test("what was restored when the page was loaded anew before the answer is restored once, and not refused", async () => {
  const user = await newUser();
  const { id } = await user.addTask({ title: "Back again" });
  await user.api.deleteTask(id);
  const page = await visit({ user });
  await go(page, "Trash");
  let heard = () => {};
  const done = new Promise<void>((resolve) => (heard = resolve));
  await page.route(
    (url) => /batch$|restore$/.test(url.pathname),
    async (route) => {
      await route.fetch();
      heard(); // but the page does not
    },
    { times: 1 },
  );
  await page.getByRole("button", { name: "Restore: Back again" }).click();
  await done;
  await kept(page); // it is read when what is under way is written
  await acknowledged(page, "POST", async () => void (await page.reload()));
  await settled(page);
  expect((await user.api.listTasks()).items).toMatchObject([{ id, title: "Back again" }]);
});

test("what comes back after signing out leaves nothing in the browser", async () => {
  const page = await visitAsNewUser();
  const letGo = await hold(page, "POST");
  for (const title of ["Ada's secret", "another one"]) await add(page, title);
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await acknowledged(page, "POST", async () => letGo());
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
  expect(await kept(page)).not.toMatch(/secret|another one/);
});
