/** One Chromium for all tests of a project: Debian's, with an empty profile and nothing that it does by itself. */

import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { CHROMIUM } from "./settings";

const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Chromium's own sandbox does not work for root. */
const AS_ROOT = process.getuid?.() === 0 ? ["--no-sandbox"] : [];

declare module "vitest" {
  interface ProvidedContext {
    chromium: string;
  }
}

export default async function launch(project: TestProject): Promise<() => Promise<void>> {
  const server = await chromium.launchServer({ executablePath: CHROMIUM, args: [...QUIET, ...AS_ROOT] });
  project.provide("chromium", server.wsEndpoint());
  return () => server.close();
}
