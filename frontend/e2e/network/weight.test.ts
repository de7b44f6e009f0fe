/** How heavy the first visit is, and how soon the page can be used. */

import { expect, test } from "vitest";
import { isInstalled, visit } from "../stage/browser";
import { newUser } from "../stage/people";
import { row } from "../stage/tasks";

const MOST = 150_000;
/** With all that is loaded when it is needed, in every language; in the background. */
const MOST_KEPT = 200_000;

test("the first load is small over the wire, and so is what is kept for later ones", async () => {
  const user = await newUser();
  await user.addTask({ title: "Already here" });
  const page = await visit({ user, serviceWorkers: "block", tolerate: /Service Worker registration blocked/ });
  await row(page, "Already here").waitFor();

  const wire = await page.context().newCDPSession(page);
  await wire.send("Network.enable");
  await wire.send("Network.setCacheDisabled", { cacheDisabled: true });
  await page.evaluate(async () => {
    for (const { name = "" } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
  });
  const types = new Map<string, string>();
  const bytes = new Map<string, number>();
  const underway = new Set<string>();
  const known = new Set<string>(); // whoever waits longer sees the token renewed, and the stream with it
  wire.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (known.has(request.url)) return;
    known.add(request.url);
    if (!request.url.includes("/api/tasks/events")) underway.add(requestId);
  });
  wire.on("Network.responseReceived", ({ requestId, type }) => types.set(requestId, type));
  wire.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (!underway.delete(requestId)) return;
    const type = types.get(requestId) ?? "other";
    bytes.set(type, (bytes.get(type) ?? 0) + encodedDataLength);
  });
  wire.on("Network.loadingFailed", ({ requestId }) => underway.delete(requestId));
  await page.reload();
  await row(page, "Already here").waitFor();
  const usable = await page.evaluate(() => Math.round(performance.now()));
  await expect.poll(() => underway.size).toBe(0);

  const total = [...bytes.values()].reduce((sum, length) => sum + length, 0);
  const parts = [...bytes].map(([type, length]) => `${type} ${length}`);
  const later = await precached(user);
  console.info(
    `first load: ${total} bytes over the wire (${parts.join(", ")}), tasks shown after ${usable} ms;`,
    `kept by the service worker, loaded once more for that: ${later} bytes`,
  );
  expect(total).toBeLessThan(MOST);
  expect(known.size).toBeLessThan(15);
  expect(later).toBeLessThan(MOST_KEPT);
});

/** What the worker loads when it is installed, as it comes over the wire. */
async function precached(user: Awaited<ReturnType<typeof newUser>>): Promise<number> {
  const page = await visit({ user });
  await isInstalled(page);
  const paths = await page.evaluate(async () => {
    const found = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return found.flat().map(({ url }) => url);
  });
  expect(paths.length).toBeGreaterThan(3);
  const lengths = paths.map(async (url) => {
    const { headers } = await fetch(url, { method: "HEAD", headers: { "Accept-Encoding": "gzip" } });
    return Number(headers.get("content-length"));
  });
  return (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0);
}
