import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/**
 * The page brings its own policy, so that it holds wherever it is served; what a server sends counts as well.
 * Not in development: the development server puts an inline script into the page.
 */
const POLICY = [
  "default-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const policy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY }, injectTo: "head-prepend" },
  ],
};

/** Where the development server (`npx vite app`) finds the API and the sign-in. */
const STACK = process.env["TASKLANE_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), policy],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // `default-src 'self'` allows no data: URL
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": STACK, "/livez": STACK } },
});
