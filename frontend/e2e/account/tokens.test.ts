/** Tokens run out; nobody at the page notices. */

import { expect, test } from "vitest";
import { kept, visit, visitAsNewUser } from "../stage/browser";
import { newUser } from "../stage/people";
import { BASE } from "../stage/settings";
import { acknowledged, add, expectTitles } from "../stage/tasks";

const LONGEST = 60;

function claims(token: string): { exp: number; iat: number } {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

test("a token that runs out is renewed unseen", async ({ skip }) => {
  const user = await newUser();
  const tokens = new Set<string>();
  const page = await visit({ user });
  page.on("request", (request) => {
    const token = request.headers()["authorization"]?.replace("Bearer ", "");
    if (token) tokens.add(token);
  });
  await acknowledged(page, "POST", () => add(page, "before"));
  const [first = ""] = tokens;
  const { exp, iat } = claims(first);
  if (exp - iat > LONGEST) skip(`tokens live for ${exp - iat} s here: AUTH_TOKEN_LIFETIME=3 makes it testable`);

  // The service allows for clocks that differ: it is asked until it takes the first token no more.
  const ask = () => fetch(`${BASE}/api/tasks`, { headers: { Authorization: `Bearer ${first}` } });
  await expect.poll(async () => (await ask()).status, { timeout: 120_000, interval: 500 }).toBe(401);
  await acknowledged(page, "POST", () => add(page, "after"));
  await expectTitles(page, "after", "before");
  expect(tokens.size).toBeGreaterThan(1);
});

test("a token that the service refuses is renewed, and the request done", async () => {
  const page = await visitAsNewUser({ tolerate: /status of 401/ });
  let spoilt = 0;
  await page.route("**/api/tasks", async (route) => {
    const headers = route.request().headers();
    if (route.request().method() === "POST" && spoilt++ === 0) headers["authorization"] += "spoilt";
    await route.continue({ headers });
  });
  await acknowledged(page, "POST", () => add(page, "in spite of it"));
  expect(spoilt).toBe(2);
  await page.reload();
  await expectTitles(page, "in spite of it");
});

test("a session that ended asks to sign in again, and what was typed is still there", async () => {
  const user = await newUser();
  const page = await visit({ user, tolerate: /status of 401/ });
  await page.getByText("All clear.").waitFor();
  await page.getByLabel("Title of a new task").fill("half a thought");
  await page.context().clearCookies();
  await page.evaluate(() => new BroadcastChannel("tasklane:session").postMessage("changed"));
  await page.getByText("Your session has ended.").waitFor();
  await page.getByLabel("E-mail").fill(user.person.email);
  await page.getByLabel("Password").fill(user.person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("All clear.").waitFor();
  expect(await page.getByLabel("Title of a new task").inputValue()).toBe("half a thought");
});

test("no token is ever stored", async () => {
  const page = await visitAsNewUser();
  await acknowledged(page, "POST", () => add(page, "something"));
  await expect.poll(() => kept(page)).toContain("something"); // it has looked
  const stored = (await kept(page)) + (await page.evaluate(() => document.cookie));
  expect(stored).not.toMatch(/eyJ|session_token/);
});
