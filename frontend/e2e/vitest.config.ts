/** The page in a real browser; tests/frontend/test_page.py says where the stack is, and
 * test_package.py where the applications with the packed client are. */

import { defineConfig } from "vitest/config";
import { PATIENCE } from "./stage/settings.ts";

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: "../node_modules/.vite-e2e",
  test: {
    globalSetup: "stage/chromium.ts",
    isolate: false,
    maxWorkers: 2,
    testTimeout: 10 * PATIENCE,
    hookTimeout: 10 * PATIENCE,
    expect: { poll: { timeout: PATIENCE } },
    projects: [
      {
        extends: true,
        test: {
          name: "steady",
          include: ["*/*.test.ts"],
          exclude: ["network/outage.test.ts"],
        },
      },
      // Alone: while it runs the API is away for everyone.
      { extends: true, test: { name: "outage", include: ["network/outage.test.ts"], sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: "packaged", include: ["packaged.test.ts"] } },
      { extends: true, test: { name: "pictures", include: ["pictures.test.ts"], sequence: { groupOrder: 2 } } },
    ],
  },
});
