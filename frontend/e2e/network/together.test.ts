/** Several browsers: what is whose, and what happens to those who work on the same task. */

import { expect, test } from "vitest";
import { visit, visitAsNewUser } from "../stage/browser";
import { newUser } from "../stage/people";
import { BASE } from "../stage/settings";
import { acknowledged, add, expectTitles, go, row } from "../stage/tasks";

const GONE = { type: "about:blank", title: "Not Found", status: 404, detail: "There is no such task." };

test("two users in two browsers see nothing of each other", async () => {
  const [ada, bob] = await Promise.all([visitAsNewUser(), visitAsNewUser()]);
  await acknowledged(ada, "POST", () => add(ada, "Ada's secret"));
  await acknowledged(bob, "POST", () => add(bob, "Bob's secret"));
  for (const [page, own, other] of [
    [ada, "Ada's secret", "Bob's secret"],
    [bob, "Bob's secret", "Ada's secret"],
  ] as const) {
    await page.reload();
    await expectTitles(page, own);
    await page.getByLabel("Search tasks").fill("secret");
    await page.getByRole("button", { name: "Clear filters" }).waitFor();
    await expectTitles(page, own);
    await go(page, "Trash");
    await page.getByText("The trash is empty.").waitFor();
    expect(await page.content()).not.toContain(other);
  }
});

test("a browser without a session is nobody's, whoever has just signed in", async () => {
  await newUser();
  expect(await (await fetch(`${BASE}/api/auth/get-session`)).json()).toBeNull();
  const page = await visit();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("whoever signs in next in the same tab finds nothing of the one before", async () => {
  const [ada, bob] = await Promise.all([newUser(), newUser()]);
  const page = await visit({ user: ada });
  await page.getByLabel("Title of a new task").fill("half a thought of Ada's");
  // In another tab Bob signs in: the cookie is his from now on.
  await page.context().addCookies(bob.cookies(new URL(page.url()).origin));
  await page.reload();
  await expect.poll(() => page.getByLabel("Title of a new task").inputValue()).toBe("");
  expect(await page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain("half a thought");
});

test("a change made elsewhere appears by itself, and disturbs nobody", async () => {
  const user = await newUser();
  for (const title of ["one", "two", "three"]) await user.addTask({ title });
  const [here, there] = await Promise.all([visit({ user }), visit({ user })]);
  await expectTitles(here, "three", "two", "one");

  const focused = () => here.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent);
  await here.getByRole("button", { name: "Select", exact: true }).click();
  await here.getByLabel("Select: two").check();
  const draft = here.getByLabel("Title of a new task");
  await draft.pressSequentially("half a tho");
  await add(there, "from elsewhere");
  await expectTitles(here, "from elsewhere", "three", "two", "one");
  await draft.pressSequentially("ught");
  expect([await draft.inputValue(), await focused()]).toEqual(["half a thought", "Title of a new task"]);
  expect(await here.getByLabel("Select: two").isChecked()).toBe(true);

  await here.getByRole("button", { name: "Cancel" }).click();
  await here.getByLabel("Sort").selectOption("Title");
  await here.getByRole("button", { name: "from elsewhere", exact: true }).focus();
  await there.getByRole("button", { name: "from elsewhere", exact: true }).click();
  await there.getByRole("dialog").getByLabel("Title").fill("what came");
  await there.keyboard.press("Enter");
  await expectTitles(here, "one", "three", "two", "what came");
  expect(await focused()).toBe("what came"); // the row that has moved
  await row(there, "one").getByRole("checkbox").click();
  await expectTitles(here, "three", "two", "what came");
});

test("what is read stays where it is when something comes in above", async () => {
  const user = await newUser();
  const operations = Array.from({ length: 50 }, (_, n) => ({ op: "create" as const, task: { title: `task ${n}` } }));
  await user.api.batchTasks({ operations, atomic: true });
  const page = await visit({ user, viewport: { width: 900, height: 500 } });
  const low = row(page, "task 10");
  await low.scrollIntoViewIfNeeded();
  const top = async () => (await low.boundingBox())?.y ?? 0;
  const before = await top();
  await user.addTask({ title: "from elsewhere" });
  await row(page, "from elsewhere").waitFor({ state: "attached" });
  await expect.poll(async () => Math.abs((await top()) - before)).toBeLessThan(3); // a border's width
});

test("two edits of different fields are merged while they are made", async () => {
  const user = await newUser();
  const task = await user.addTask({ title: "Plan" });
  const page = await visit({ user });
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  const notes = dialog.getByLabel("Notes");
  await notes.pressSequentially("with ");
  await user.api.updateTask(task.id, { priority: "urgent", due_date: "2031-01-02" });
  await expect.poll(() => dialog.getByLabel("Due", { exact: true }).inputValue()).toBe("2031-01-02");
  await page.keyboard.type("notes");
  expect(await notes.inputValue()).toBe("with notes");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  await row(page, "Plan").getByText("Urgent").waitFor();
  await row(page, "Plan").getByText("with notes").waitFor();
  const both = { description: "with notes", due_date: "2031-01-02" };
  await expect.poll(() => user.api.getTask(task.id)).toMatchObject(both);
});

test("two edits of the same field are a person's decision, as soon as there are two", async () => {
  const user = await newUser();
  const task = await user.addTask({ title: "Plan" });
  const page = await visit({ user });
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  const title = dialog.getByLabel("Title");
  await title.fill("My pl");
  await user.api.updateTask(task.id, { title: "Their plan", tags: ["theirs"] });
  const alert = dialog.getByRole("alert");
  await alert.getByText("This task was changed somewhere else in the meantime").waitFor();
  await alert.getByText("Their plan").waitFor();
  await page.keyboard.type("an");
  expect(await title.inputValue()).toBe("My plan");
  expect((await user.api.getTask(task.id)).title).toBe("Their plan");
  await alert.getByRole("button", { name: "Save mine" }).click();
  await dialog.waitFor({ state: "hidden" });
  await expectTitles(page, "My plan");
  await expect.poll(() => user.api.getTask(task.id)).toMatchObject({ title: "My plan", tags: ["theirs"] });
});

test("a change of which the page has not heard is a conflict all the same", async () => {
  const user = await newUser();
  const task = await user.addTask({ title: "Plan" });
  const page = await visit({ user, tolerate: /status of 412/ });
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await dialog.getByLabel("Title").fill("My plan");
  // It is made after the page has last looked at the list, and before it saves.
  let changed: Promise<unknown> | undefined;
  await page.route(/api.tasks.\d+$/, async (route) => {
    await (changed ??= user.api.updateTask(task.id, { title: "Their plan" }));
    await route.continue();
  });
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByRole("alert").getByText("Their plan").waitFor();
  await dialog.getByRole("button", { name: "Save mine" }).click();
  await dialog.waitFor({ state: "hidden" });
  await expectTitles(page, "My plan");
});

test("taking theirs shows theirs, in every field", async () => {
  const user = await newUser();
  const task = await user.addTask({ title: "Plan" });
  const page = await visit({ user });
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Due", { exact: true }).fill("2032-03-04");
  await dialog.getByLabel("Time").fill("05:06");
  await user.api.updateTask(task.id, { due_date: "2031-01-02" });
  await dialog.getByRole("button", { name: "Take theirs" }).click();
  await dialog.getByRole("alert").waitFor({ state: "hidden" });
  expect(await dialog.getByLabel("Due", { exact: true }).inputValue()).toBe("2031-01-02");
  expect(await dialog.getByLabel("Time").inputValue()).toBe("");
  expect(await dialog.getByLabel("Title").evaluate((input) => document.activeElement === input)).toBe(true);
});

test("what is refused is rolled back and said", async () => {
  const user = await newUser();
  await user.addTask({ title: "Fleeting" });
  const page = await visit({ user, tolerate: /status of 404/ });
  await page.route(/api.tasks.\d+.complete$/, (route) =>
    route.fulfill({ status: 404, contentType: "application/problem+json", json: GONE }),
  );
  await row(page, "Fleeting").getByRole("checkbox").click();
  await page.getByText("Not completed: There is no such task.").waitFor();
  await expectTitles(page, "Fleeting");
});

test("what the service says of a field stands at that field", async () => {
  const user = await newUser();
  await user.addTask({ title: "Plan" });
  const page = await visit({ user, tolerate: /status of 422/ });
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Title").fill("A better plan");
  // The page would not send such a thing, so it is put into the request on its way.
  await page.route(/api.tasks.\d+$/, (route) =>
    route.request().method() === "PATCH" ? route.continue({ postData: '{"title": " "}' }) : route.continue(),
  );
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByText("Must have at least 1 character.", { exact: true }).waitFor();
  const title = dialog.getByLabel("Title");
  expect(await title.getAttribute("aria-invalid")).toBe("true");
  await expect.poll(() => title.evaluate((input) => document.activeElement === input)).toBe(true);
  expect(await title.inputValue()).toBe("A better plan");
  await page.unrouteAll();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  await expectTitles(page, "A better plan");
});
