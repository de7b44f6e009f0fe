/** `npm test`: the client and the sign-in. What needs the running service gets its address and tokens from pytest. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    unstubGlobals: true,
  },
});
