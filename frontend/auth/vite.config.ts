/** The auth server as one file that needs nothing but Node: `auth/dist/server.js`. */

import { defineConfig } from "vite";

export default defineConfig({
  build: { ssr: "server.ts", outDir: "dist", target: "node20", minify: false },
  ssr: { noExternal: true },
});
