import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/**
 * The page brings its own policy, so that it holds wherever it is served; what a server sends counts as well.
 * Not in development: the development server puts an inline script into the page.
 */
const POLICY = [
  "default-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types tasklane-worker", // which knows one address
].join("; ");

const policy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY }, injectTo: "head-prepend" },
  ],
};

const WORKER = "worker.js";
/** Asked for by the system that installs the page, before there is a worker, or on one platform only. */
const NOT_KEPT = /^\/(?:icons\/|manifest\.json$)/;

/** Tells the service worker what the page is made of, under a name that changes with any of it. */
const worker: Plugin = {
  name: "service-worker",
  apply: "build",
  writeBundle({ dir = "" }) {
    const names = readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== WORKER)
      .map((entry) => `${entry.parentPath.slice(dir.length)}/${entry.name}`)
      .toSorted();
    const digest = createHash("sha256");
    for (const name of names) digest.update(`${name}\0`).update(readFileSync(join(dir, name)));
    const files = names.filter((name) => !NOT_KEPT.test(name)).map((name) => (name === "/index.html" ? "/" : name));
    const build = { name: digest.digest("hex").slice(0, 16), files };
    const path = join(dir, WORKER);
    writeFileSync(path, `const BUILD = ${JSON.stringify(build)};\n${readFileSync(path, "utf8")}`);
  },
};

/** What is loaded when it is needed; the worker is a program of its own. */
const LATER = /\/app\/(?:words\/(?!reader)|importing\/|tokens\/|text\/de|worker\/)|\/chrono-node\//;

/** Where the development server (`npx vite app`) finds the API and the sign-in. */
const STACK = process.env["TASKLANE_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), policy, worker],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // `default-src 'self'` allows no data: URL
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: join(import.meta.dirname, "index.html"), worker: join(import.meta.dirname, "worker/worker.ts") },
      output: {
        // The browser asks for the worker by its name, to see whether it has changed.
        codeSplitting: { groups: [{ name: "page", test: (id) => !LATER.test(id) }] }, // many small files weigh more
        entryFileNames: ({ name }) => (name === "worker" ? WORKER : "assets/[name]-[hash].js"),
      },
    },
  },
  server: { proxy: { "/api": STACK, "/livez": STACK } },
});
