/** How heavy the first visit is, and how soon the page can be used. */

import { expect, test } from "vitest";
import { visit } from "./browser";
import { newUser } from "./people";
import { row } from "./tasks";

const MOST = 150_000;

test("the first load is small over the wire", async () => {
  const user = await newUser();
  await user.addTask({ title: "Already here" });
  const page = await visit({ user });
  await row(page, "Already here").waitFor();

  const wire = await page.context().newCDPSession(page);
  await wire.send("Network.enable");
  await wire.send("Network.setCacheDisabled", { cacheDisabled: true });
  const types = new Map<string, string>();
  const bytes = new Map<string, number>();
  wire.on("Network.responseReceived", ({ requestId, type }) => types.set(requestId, type));
  wire.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const type = types.get(requestId) ?? "other";
    bytes.set(type, (bytes.get(type) ?? 0) + encodedDataLength);
  });
  await page.reload();
  await row(page, "Already here").waitFor();
  const usable = await page.evaluate(() => Math.round(performance.now()));
  await page.waitForLoadState("networkidle");

  const total = [...bytes.values()].reduce((sum, length) => sum + length, 0);
  const parts = [...bytes].map(([type, length]) => `${type} ${length}`);
  console.info(`first load: ${total} bytes over the wire (${parts.join(", ")}), tasks shown after ${usable} ms`);
  expect(total).toBeLessThan(MOST);
  expect(types.size).toBeLessThan(15);
});
