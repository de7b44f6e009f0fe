/** The service takes only so many writes at once: the page waits its turn. */

import { expect, test } from "vitest";
import { visit } from "./browser";
import { newUser } from "./people";
import { LIMITED } from "./settings";
import { add, expectTitles } from "./tasks";

test.skipIf(!LIMITED)("too many writes at once are sent when there is room again", async () => {
  const base = LIMITED ?? "";
  const user = await newUser(base);
  const page = await visit({ base, user, tolerate: /status of 429/ });
  await page.getByText("All clear.").waitFor();
  const titles = ["one", "two", "three", "four", "five"];
  for (const title of titles) await add(page, title);
  await page.getByText("That was a lot at once.").waitFor();
  await page.getByText(/Next try in \d s/).waitFor();
  await page.getByText("That was a lot at once.").waitFor({ state: "hidden" });
  await expect.poll(async () => (await user.api.listTasks()).items.length, { timeout: 20_000 }).toBe(5);
  await expectTitles(page, ...titles.toReversed());
});
