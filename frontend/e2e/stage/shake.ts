/** A machine that is slow at the wrong moment: all that the page waits for comes late, otherwise with every seed. */

import { createHash } from "node:crypto";
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { SHAKE } from "./settings";

const SLOWER = 4;

/** Every page of this browser thinks slowly, and has what it asks `/api/` for late. Does nothing without a seed. */
export async function shake(context: BrowserContext): Promise<void> {
  if (!SHAKE) return;
  context.on("page", (page) => void slow(page).catch(() => {})); // it may be closed by then
  const visits = context.browser()?.contexts().length;
  const spec = `${SHAKE} ${expect.getState().currentTestName} ${visits}`;
  await context.addInitScript(late, createHash("sha256").update(spec).digest().readUInt32LE());
}

async function slow(page: Page): Promise<void> {
  const screen = await page.context().newCDPSession(page);
  await screen.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
}

/**
 * In the page and not on the wire, where it would be in the way of the routes that a spec lays. Question and answer are
 * late each on its own, so that the event stream tells of a write now before, now after the answer to that.
 */
function late(seed: number): void {
  const [ask, wait] = [globalThis.fetch, globalThis.setTimeout];
  const random = (): number => {
    seed = (seed + 0x6d2b79f5) | 0; // mulberry32
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const moment = () => {
    const longest = random() < 0.1 ? 2_000 : 400;
    return new Promise((resolve) => wait(resolve, random() * longest));
  };
  globalThis.fetch = async (...asked) => {
    const [what] = asked;
    const url = new URL(what instanceof Request ? what.url : what, location.href);
    if (!url.pathname.startsWith("/api/")) return ask(...asked);
    await moment();
    const answer = await ask(...asked);
    await moment();
    return answer;
  };
}
