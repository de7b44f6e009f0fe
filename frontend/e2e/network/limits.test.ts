/** The service takes only so many writes at once: the page waits its turn. */

import { expect, test } from "vitest";
import { visit } from "../stage/browser";
import { newUser } from "../stage/people";
import { LIMITED } from "../stage/settings";
import { add, expectTitles, hold } from "../stage/tasks";

test.skipIf(!LIMITED)("too many writes at once are sent when there is room again", async () => {
  const base = LIMITED ?? "";
  const user = await newUser(base);
  const page = await visit({ base, user, tolerate: /status of 4(?:29|01)/ });
  await page.getByText("All clear.").waitFor();
  const titles = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
  const letGo = await hold(page, "POST"); // until they are many: a slow hand may, and longer than a token lives
  for (const title of titles) await add(page, title);
  letGo();
  const said = page.locator(".banner").filter({ hasText: "That was a lot at once." });
  await said.filter({ hasText: /Next try in \d s/ }).waitFor();
  await expect.poll(async () => (await user.api.listTasks()).items.length).toBe(titles.length);
  await said.waitFor({ state: "hidden" });
  await expectTitles(page, ...titles.toReversed());
});
