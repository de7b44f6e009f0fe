/** Access tokens for programs, from the page: made, copied once, seen, and taken back. */

import jsQR from "jsqr";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { createApi, Problem } from "../../lib/api";
import { violations } from "../stage/axe";
import { kept, visit } from "../stage/browser";
import { newUser } from "../stage/people";
import { BASE } from "../stage/settings";

const TOKEN = /tl_[a-z2-7]{39}/;

async function open(page: Page): Promise<void> {
  await page.getByRole("button", { name: /account of/ }).click();
  await page.getByRole("button", { name: "Access tokens" }).click();
  await page.getByRole("heading", { name: "Your tokens" }).waitFor();
}

/** What the page shows this once. */
async function make(page: Page, name: string): Promise<string> {
  await page.getByLabel("Name of the program").fill(name);
  await page.getByRole("button", { name: "Make a token" }).click();
  return page.getByLabel("Token", { exact: true }).inputValue();
}

function entry(page: Page, name: string) {
  return page.locator(".token-list li").filter({ hasText: name });
}

/** What becomes of a request of the program's. */
function status(asked: Promise<unknown>): Promise<number> {
  return asked.then(
    () => 200,
    (error: unknown) => (error instanceof Problem ? error.status : Promise.reject(error as Error)),
  );
}

test("a token is shown once, does what it may, and is taken back", async () => {
  const user = await newUser();
  await user.addTask({ title: "Mine" });
  const page = await visit({ user, permissions: ["clipboard-read", "clipboard-write"] });
  await open(page);
  await page.getByText("There are none.").waitFor();

  const token = await make(page, "Backup");
  expect(token).toMatch(TOKEN);
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByText("Copied").first().waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
  await entry(page, "Backup")
    .getByText(/^Reads · ends .* · never used$/)
    .waitFor();

  const program = createApi({ baseUrl: BASE, token: () => token, retries: 0 });
  expect((await program.listTasks()).items.map(({ title }) => title)).toEqual(["Mine"]);
  expect(await status(program.createTask({ title: "Not mine to make" }))).toBe(403);

  await page.getByRole("button", { name: "Done" }).click();
  expect(await page.content()).not.toMatch(TOKEN);
  expect(await kept(page)).not.toMatch(TOKEN);
  await page.keyboard.press("Escape");
  await open(page);
  await entry(page, "Backup")
    .getByText(/last used/)
    .waitFor();
  expect(await page.content()).not.toMatch(TOKEN);

  await page.getByRole("button", { name: "Revoke: Backup" }).click();
  await page.getByRole("button", { name: "Revoke it" }).click();
  await page.getByText("There are none.").waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Your tokens");
  await expect.poll(() => status(program.listTasks())).toBe(401);
});

test("what a token may, and until when, is chosen; several stand side by side", async () => {
  const user = await newUser();
  const page = await visit({ user });
  await open(page);
  await page.getByText("Read and change").click();
  await page.getByText("Never").click();
  const first = await make(page, "Thunderbird");
  await page.getByRole("button", { name: "Done" }).click();
  await make(page, "Backup");
  await entry(page, "Thunderbird")
    .getByText(/^Reads and changes · does not end/)
    .waitFor();
  await entry(page, "Backup")
    .getByText(/^Reads · ends/)
    .waitFor();

  const program = createApi({ baseUrl: BASE, token: () => first, retries: 0 });
  expect(await status(program.createTask({ title: "From Thunderbird" }))).toBe(200);
  expect(await status(program.listTokens())).toBe(403);
  await page.getByRole("button", { name: "Revoke: Backup" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  expect(await page.locator(".token-list li").count()).toBe(2);
});

test("by keyboard alone, and what is refused is said at its field", async () => {
  const page = await visit({ user: await newUser(), tolerate: /status of 422/ });
  await open(page);
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe("INPUT");
  await page.keyboard.type("   ");
  await page.keyboard.press("Enter");
  await page.getByText("Must have at least 1 character.").waitFor();
  await page.keyboard.type("Script");
  await page.keyboard.press("Enter");
  await page.getByLabel("Token", { exact: true }).waitFor();
  await expect.poll(() => page.evaluate(() => getSelection()?.toString())).toMatch(TOKEN);
});

test("a program for calendars gets its address here, and finds the tasks there", async () => {
  const user = await newUser();
  await user.addTask({ title: "Mine" });
  const page = await visit({ user, permissions: ["clipboard-read", "clipboard-write"] });
  await open(page);
  await page.getByText("Read and change").click();
  const token = await make(page, "Thunderbird");
  const address = await page.getByLabel("Address for calendars").inputValue();
  await page.getByRole("button", { name: "Copy the address" }).click();
  await page.getByText("Copied").first().waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(address);

  const authorization = `Basic ${btoa(`whoever:${token}`)}`;
  const found = await fetch(address, { method: "PROPFIND", headers: { authorization, depth: "0" } });
  expect(found.status).toBe(207);
  expect(await found.text()).toContain("/dav/principals/");
});

test("a telephone's camera reads the address and the token", async () => {
  const page = await visit({ user: await newUser() });
  await open(page);
  const token = await make(page, "Telephone");
  await page.getByRole("button", { name: "Show a code for DAVx⁵" }).click();
  const code = page.getByRole("img", { name: "QR code with the address and the token" });
  await code.waitFor();
  expect(await violations(page)).toEqual([]);
  const size = Number((await code.getAttribute("viewBox"))?.split(" ")[2]);
  const drawn = (await code.locator("path").getAttribute("d")) ?? "";
  expect(readAs(size, drawn)).toBe(BASE.replace("http", "caldav").replace("://", `://tasklane:${token}@`) + "/dav/");
  await page.getByRole("button", { name: "Done" }).click();
  expect(await code.count()).toBe(0);
});

/** What a reader makes of the dark squares on white, each of 4 pixels. */
function readAs(size: number, drawn: string): string | undefined {
  const width = size * 4;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, x, y] of drawn.matchAll(/M(\d+) (\d+)h/g)) {
    for (let spot = 0; spot < 16; spot++) {
      const at = ((Number(y) * 4 + (spot >> 2)) * width + Number(x) * 4 + (spot & 3)) * 4;
      pixels.fill(0, at, at + 3);
    }
  }
  return jsQR(pixels, width, width)?.data;
}
