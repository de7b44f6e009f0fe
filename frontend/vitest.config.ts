/** `npm test`: the client and the sign-in. What needs the running service gets its address and tokens from pytest. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    unstubGlobals: true,
    // Only what never comes takes as long: a busy machine is none that has failed.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 5 } },
  },
});
