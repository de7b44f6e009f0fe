/**
 * Draws the page's icons from `app/public/favicon.svg`, with the Chromium of the tests: `npm run icons`. What is drawn is
 * committed; only a new drawing needs this.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

/** Of a maskable icon any platform shows at least the middle four fifths. */
const ICONS = [
  { name: "192", size: 192, drawing: 192, ground: "transparent" },
  { name: "512", size: 512, drawing: 512, ground: "transparent" },
  { name: "maskable", size: 512, drawing: 360, ground: "#0f6e66" },
  { name: "apple", size: 180, drawing: 140, ground: "#0f6e66" },
];

const folder = new URL("app/public/", import.meta.url);
const svg = readFileSync(new URL("favicon.svg", folder), "utf8");
const browser = await chromium.launch({
  executablePath: process.env["TASKLANE_CHROMIUM"] ?? "/usr/bin/chromium",
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
const page = await browser.newPage();
for (const { name, size, drawing, ground } of ICONS) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(
    `<body style="margin:0;height:100vh;display:grid;place-items:center;background:${ground}">
     <div style="width:${drawing}px;height:${drawing}px">${svg}</div>`,
  );
  writeFileSync(new URL(`icons/${name}.png`, folder), await page.screenshot({ omitBackground: true }));
}
await browser.close();
