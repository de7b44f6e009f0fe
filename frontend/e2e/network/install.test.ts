/** The page as an app: what a browser wants to install it, and how a newer version comes into an open tab. */

import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { violations } from "../stage/axe";
import { isInstalled, kept, visit } from "../stage/browser";
import { newUser } from "../stage/people";
import { BASE } from "../stage/settings";
import { acknowledged, add, row } from "../stage/tasks";

test("a browser may install it", async () => {
  const page = await visit({ user: await newUser() });
  await page.getByText("All clear.").waitFor();
  await isInstalled(page);
  const wire = await page.context().newCDPSession(page);
  const { url, errors, data = "{}" } = await wire.send("Page.getAppManifest");
  expect([new URL(url).pathname, errors]).toEqual(["/manifest.json", []]);
  const { icons } = JSON.parse(data) as { icons: { src: string; sizes: string; type: string; purpose?: string }[] };
  for (const { src, sizes, type } of icons.filter((icon) => icon.type === "image/png")) {
    const response = await page.request.get(src);
    expect(response.headers()["content-type"]).toBe(type);
    const size = (await response.body()).readUInt32BE(16); // of a PNG its width stands there
    expect(`${size}x${size}`).toBe(sizes);
  }
  expect(icons.map(({ sizes, purpose = "any" }) => `${purpose} ${sizes}`)).toEqual(
    expect.arrayContaining(["any 192x192", "any 512x512", "maskable 512x512"]),
  );
  const { installabilityErrors } = await wire.send("Page.getInstallabilityErrors");
  // Every context of the tests is a private window, and from such a one nothing is installed.
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito")).toEqual([]);
  expect(await page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state)).toMatch(/^activat/);
});

test("nothing of the API is kept in a cache, and the worker and the manifest are always asked for", async () => {
  const page = await visit({ user: await newUser() });
  await acknowledged(page, "POST", () => add(page, "something"));
  await isInstalled(page);
  await page.reload();
  await row(page, "something").waitFor();
  expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
  expect(await kept(page)).not.toMatch(/"\/api|eyJ/);
  for (const path of ["/worker.js", "/manifest.json", "/"]) {
    const { "cache-control": caching, "content-security-policy": policy } = (await page.request.get(path)).headers();
    expect([path, caching]).toEqual([path, "no-cache"]);
    expect(policy).toMatch(/worker-src 'self'; manifest-src 'self';/);
  }
});

/** The page as a server would serve it whose next version can be brought out. */
async function release(): Promise<{ base: string; next: () => void }> {
  let version = 0;
  const server: Server = createServer((asked, answer) => {
    const { hostname, port } = new URL(BASE);
    const isPage = asked.url === "/worker.js" || asked.url?.split("?")[0] === "/";
    const whole = isPage ? { "accept-encoding": "identity", "if-none-match": "" } : {};
    const headers = { ...asked.headers, host: `${hostname}:${port}`, ...whole };
    const passed = request({ hostname, port, path: asked.url, method: asked.method, headers }, (said) => {
      if (!isPage || version === 0) return said.pipe(answer.writeHead(said.statusCode ?? 502, said.headers));
      let text = "";
      said.on("data", (piece: Buffer) => (text += piece.toString()));
      said.on("end", () => {
        const newer = text
          .replace(/"name":"\w+"/, `"name":"version${version}"`)
          .replace("</body>", `<!-- version ${version} --></body>`);
        const { "content-length": _length, etag: _etag, ...rest } = said.headers;
        answer.writeHead(said.statusCode ?? 502, rest).end(newer);
      });
    });
    passed.on("error", () => answer.destroy());
    answer.on("close", () => passed.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, next: () => void (version += 1) };
}

test.skipIf(!BASE.startsWith("http:"))("a newer version is told of, and taken when nothing is open", async () => {
  const { base, next } = await release();
  const user = await newUser();
  const page = await visit({ base, user });
  await page.getByText("All clear.").waitFor();
  await isInstalled(page);
  await page.clock.install();
  await page.reload(); // from the worker now
  const look = () => page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()));
  const draft = page.getByLabel("Title of a new task");
  await draft.fill("half a thought");

  next();
  await look();
  await page.getByText("A new version of this page is here.").waitFor();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await violations(page)).toEqual([]);
  }
  await page.clock.fastForward(60_000);
  await user.addTask({ title: "meanwhile" });
  await row(page, "meanwhile").waitFor();
  expect(await page.evaluate(async () => (await navigator.serviceWorker.ready).waiting !== null)).toBe(true);
  expect(await page.content()).not.toContain("version 1");
  await page.getByRole("button", { name: "Use it" }).click();
  await expect.poll(() => page.content().catch(() => "")).toContain("version 1");
  expect(await draft.inputValue()).toBe("half a thought");

  next();
  await look();
  await page.getByText("A new version of this page is here.").waitFor();
  await draft.fill("");
  await draft.blur();
  await expect.poll(() => page.content().catch(() => "")).toContain("version 2");
});
