/** Coming and leaving: the sign-in's form, other tabs, taking everything along, and erasing it. */

import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { violations } from "../stage/axe";
import { anotherTab, kept, visit } from "../stage/browser";
import { newUser } from "../stage/people";
import { row } from "../stage/tasks";

test("the sign-in begins in its first field, and shows the password to whoever wants to see it", async () => {
  const page = await visit();
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("autocomplete"));
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await expect.poll(focused).toBe("email");
  await page.getByLabel("Password").fill("correct horse");
  expect(await page.getByLabel("Password").getAttribute("type")).toBe("password");
  await page.getByRole("button", { name: "Show" }).click();
  expect(await page.getByLabel("Password").getAttribute("type")).toBe("text");
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Hide" }).click();
  expect(await page.getByLabel("Password").getAttribute("type")).toBe("password");
  await page.getByRole("button", { name: "Create an account" }).click();
  await expect.poll(focused).toBe("name");
});

test("a tab that finds out first that another one is signing out says so", async () => {
  const user = await newUser();
  const page = await visit({ user, tolerate: /status of 401/ });
  await page.getByText("All clear.").waitFor();
  const other = await anotherTab(page);
  await other.getByText("All clear.").waitFor();
  let letGo = () => {};
  const told = new Promise<void>((resolve) => (letGo = resolve));
  await page.route("**/api/auth/sign-out", async (route) => {
    const response = await route.fetch();
    await told;
    await route.fulfill({ response });
  });
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await other.getByText("You have signed out in another tab.").waitFor();
  letGo();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  for (const tab of [page, other]) expect(await tab.getByText("Your session has ended.").count()).toBe(0);
});

test("all tasks can be taken along", async () => {
  const user = await newUser();
  await user.addTask({ title: "Überall", tags: ["home"], due_date: "2031-05-06" });
  const page = await visit({ user });
  await row(page, "Überall").waitFor();
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Export, erase…" }).click();
  expect(await violations(page)).toEqual([]);
  for (const [format, has] of [
    ["JSON", /"title": "Überall"/],
    ["CSV", /^\uFEFF[^]*Überall/],
    ["iCalendar", /BEGIN:VTODO[^]*Überall/],
  ] as const) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: format }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^tasklane\.(json|csv|ics)$/);
    expect((await buffer(await download.createReadStream())).toString()).toMatch(has);
  }
});

test("whoever erases their account leaves neither tasks nor a sign-in, here or there", async () => {
  const user = await newUser();
  await user.addTask({ title: "A secret" });
  const page = await visit({ user, tolerate: /status of 40[01]/ });
  await row(page, "A secret").waitFor();
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Export, erase…" }).click();
  await page.getByRole("button", { name: "Erase…" }).click();
  const erase = page.getByRole("button", { name: "Erase everything" });
  await page.getByLabel("Password").fill("a wrong guess");
  await erase.click();
  await page.getByText("That is not your password.").waitFor();
  expect((await user.api.getAccount()).status).toBe("active");
  await page.getByLabel("Password").fill(user.person.password);
  const token = await user.token();
  await erase.click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await expect.poll(() => kept(page)).not.toContain("A secret");
  const account = await fetch(new URL("/api/account", page.url()), { headers: { Authorization: `Bearer ${token}` } });
  const { status, tasks } = (await account.json()) as { status: string; tasks: number };
  expect(status === "erasing" || tasks === 0).toBe(true);

  await page.getByLabel("E-mail").fill(user.person.email);
  await page.getByLabel("Password").fill(user.person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Invalid email or password").waitFor();
});
