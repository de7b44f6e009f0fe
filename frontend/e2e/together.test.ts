/** Several browsers: what is whose, and what happens to those who work on the same task. */

import { expect, test } from "vitest";
import { visit, visitAsNewUser } from "./browser";
import { newUser } from "./people";
import { BASE } from "./settings";
import { acknowledged, add, expectTitles, go, row } from "./tasks";

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
  await page.getByText("All clear.").waitFor();
  expect(await page.getByLabel("Title of a new task").inputValue()).toBe("");
  expect(await page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain("half a thought");
});

test("a change made elsewhere shows when the person comes back to the page", async () => {
  const user = await newUser();
  const page = await visit({ user });
  await page.getByText("All clear.").waitFor();
  await user.addTask({ title: "from elsewhere" });
  await page.evaluate(() => dispatchEvent(new Event("visibilitychange")));
  await expectTitles(page, "from elsewhere");
});

test("two edits of different fields are merged, of the same field are a person's decision", async () => {
  const user = await newUser();
  const task = await user.addTask({ title: "Plan" });
  const page = await visit({ user });
  const dialog = page.getByRole("dialog");

  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await user.api.updateTask(task.id, { priority: "urgent" });
  await dialog.getByLabel("Notes").fill("with notes");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  await row(page, "Plan").getByText("Urgent").waitFor();
  await row(page, "Plan").getByText("with notes").waitFor();

  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await user.api.updateTask(task.id, { title: "Their plan", tags: ["theirs"] });
  await dialog.getByLabel("Title").fill("My plan");
  await dialog.getByRole("button", { name: "Save" }).click();
  const alert = dialog.getByRole("alert");
  await alert.getByText("This task was changed somewhere else in the meantime").waitFor();
  await alert.getByText("Their plan").waitFor();
  expect((await user.api.getTask(task.id)).title).toBe("Their plan");
  await alert.getByRole("button", { name: "Save mine" }).click();
  await dialog.waitFor({ state: "hidden" });
  await expectTitles(page, "My plan");
  expect(await user.api.getTask(task.id)).toMatchObject({ title: "My plan", tags: ["theirs"], priority: "urgent" });
});

test("taking theirs shows theirs, in every field", async () => {
  const user = await newUser();
  const task = await user.addTask({ title: "Plan" });
  const page = await visit({ user });
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await user.api.updateTask(task.id, { due_date: "2031-01-02" });
  await dialog.getByLabel("Due", { exact: true }).fill("2032-03-04");
  await dialog.getByLabel("Time").fill("05:06");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByRole("button", { name: "Take theirs" }).click();
  await dialog.getByRole("alert").waitFor({ state: "hidden" });
  expect(await dialog.getByLabel("Due", { exact: true }).inputValue()).toBe("2031-01-02");
  expect(await dialog.getByLabel("Time").inputValue()).toBe("");
  expect(await dialog.getByLabel("Title").evaluate((input) => document.activeElement === input)).toBe(true);
});

test("what is refused is rolled back and said", async () => {
  const user = await newUser();
  const task = await user.addTask({ title: "Fleeting" });
  const page = await visit({ user, tolerate: /status of 404/ });
  await row(page, "Fleeting").waitFor();
  await user.api.deleteTask(task.id);
  await row(page, "Fleeting").getByRole("checkbox").click();
  await page.getByText(/^Not completed: /).waitFor();
  await page.getByText("All clear.").waitFor();
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
  expect(await title.evaluate((input) => document.activeElement === input)).toBe(true);
  expect(await title.inputValue()).toBe("A better plan");
  await page.unrouteAll();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  await expectTitles(page, "A better plan");
});
