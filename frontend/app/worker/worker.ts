/**
 * Opens the page without a network: its files, as they were built together, are kept under the build's own name. Nothing
 * else ever passes through here: no answer of the API, nothing of anybody's.
 */

export {}; // nothing: a module has a `self` of its own

declare const self: ServiceWorkerGlobalScope;

/** Put in when the page is built (`vite.config.ts`). */
declare const BUILD: { name: string; files: readonly string[] };

const PREFIX = "tasklane-page-";
const CACHE = PREFIX + BUILD.name;
const FILES = new Set(BUILD.files);

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));

/** Only when a page says so: another version at once would leave the open ones without their files. */
self.addEventListener("message", ({ data }) => data === "take over" && void self.skipWaiting());

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method === "GET" && origin === self.location.origin && FILES.has(pathname))
    event.respondWith(kept(pathname, request));
});

/** All of them or none, and not from the browser's own cache. */
async function keep(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(BUILD.files.map((file) => new Request(file, { cache: "reload" })));
}

/** Of the page: whatever else this origin keeps is not ours. */
async function forgetOthers(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** The browser may have thrown it away. */
async function kept(file: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(file)) ?? fetch(request);
}
