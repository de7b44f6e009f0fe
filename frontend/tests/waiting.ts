/** Waiting for what comes by itself, as long as a busy machine takes for it. */

import { vi } from "vitest";

/** Returns when it is so. */
export async function comes(isSo: () => boolean): Promise<void> {
  await vi.waitUntil(isSo, { timeout: 60_000, interval: 5 });
}
