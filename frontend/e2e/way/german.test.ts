/** The page speaks the browser's language, and writes days as it does. */

import { expect, test } from "vitest";
import { violations } from "../stage/axe";
import { visit } from "../stage/browser";
import { newUser } from "../stage/people";
import { acknowledged, notice, row } from "../stage/tasks";

const GERMAN = { locale: "de-DE", timezoneId: "Europe/Berlin" };

test("in German, from signing in to the trash", async () => {
  const user = await newUser();
  const { id } = await user.addTask({ title: "Rechnung", due_date: "2020-02-03", priority: "urgent", tags: ["Büro"] });
  await user.addTask({ title: "Zug", due_date: "2031-05-06T07:30:00Z" });
  const page = await visit({ ...GERMAN, tolerate: /status of 401/ });
  await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe("de");
  await page.getByLabel("E-Mail").fill(user.person.email);
  await page.getByLabel("Passwort").fill("falsches Passwort");
  await page.getByRole("button", { name: "Anmelden" }).click();
  await page.getByText("E-Mail oder Passwort stimmt nicht.").waitFor();
  await page.getByLabel("Passwort").fill(user.person.password);
  await page.getByRole("button", { name: "Anmelden" }).click();

  await page.getByRole("heading", { name: "Offen", level: 1 }).waitFor();
  await row(page, "Rechnung").getByText("3. Feb. 2020").waitFor();
  await row(page, "Rechnung").getByText("Dringend").waitFor();
  await row(page, "Zug").getByText("6. Mai 2031, 09:30").waitFor();
  expect(await page.title()).toBe("Offen · Tasklane");
  expect(await violations(page)).toEqual([]);

  await page.getByRole("navigation").getByRole("link", { name: "Überfällig" }).click();
  await page.getByLabel("Titel einer neuen Aufgabe").fill("Blumen gießen");
  await acknowledged(page, "POST", async () => {
    await page.getByRole("button", { name: "Hinzufügen", exact: true }).click();
    await page.getByText("„Blumen gießen“ steht jetzt unter „Offen“").waitFor();
  });
  await page.getByRole("button", { name: "Rechnung", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Aufgabe bearbeiten" });
  await dialog.getByLabel("Notizen").fill("mit Anlage");
  await acknowledged(page, "PATCH", () => dialog.getByRole("button", { name: "Speichern" }).click());
  await dialog.waitFor({ state: "hidden" });
  await acknowledged(page, "DELETE", async () => {
    await page.getByRole("button", { name: "Löschen: Rechnung" }).click();
    await page.getByText("„Rechnung“ in den Papierkorb gelegt").waitFor();
  });
  await page.getByRole("navigation").getByRole("link", { name: "Papierkorb" }).click();
  await page.getByRole("button", { name: "Wiederherstellen: Rechnung" }).click();
  await expect.poll(async () => (await user.api.getTask(id)).description).toBe("mit Anlage");
});

test.each([
  ["fr-FR", "en", "Open"],
  ["de-AT", "de", "Offen"],
  ["en-US", "en", "Open"],
])("a browser in %s gets the page in %s", async (locale, language, title) => {
  const user = await newUser();
  await user.addTask({ title: "Plan", due_date: "2031-05-06" });
  const page = await visit({ user, locale });
  await page.getByRole("heading", { name: title, level: 1 }).waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe(language);
  const written: Record<string, string> = { "fr-FR": "May 6, 2031", "de-AT": "6. Mai 2031", "en-US": "May 6, 2031" };
  await row(page, "Plan")
    .getByText(written[locale] ?? "")
    .waitFor();
});

test("a list is brought along in German, and what the service refuses is said in German", async () => {
  const user = await newUser();
  await user.addTask({ title: "Flüchtig" });
  const page = await visit({ user, ...GERMAN, tolerate: /status of 4(?:22|04)/ });
  await page.getByRole("button", { name: /Konto von/ }).click();
  await page.getByRole("button", { name: "Deine Liste mitbringen…" }).click();
  const dialog = page.getByRole("dialog", { name: "Deine Liste mitbringen" });
  const choose = (name: string, text: string) =>
    dialog.getByLabel("Datei").setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
  await choose("board.json", '{"cards": [');
  await dialog
    .getByRole("alert")
    .filter({ hasText: /Diese Datei kann nicht gelesen werden\..*Nichts wurde hinzugefügt\./ })
    .waitFor();
  await choose("todo.txt", "(A) Anrufen +Haus @telefon due:2031-01-01 rec:1w\nx 2026-01-01 Laufen\n");
  await dialog.getByText("2 Aufgaben aus todo.txt").waitFor();
  await dialog.getByText("1. Jan. 2031").waitFor();
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole("button", { name: "2 Aufgaben hinzufügen" }).click();
  await notice(page, "2 Aufgaben aus todo.txt hinzugefügt").waitFor();
  await expect.poll(() => page.locator(".task").count()).toBe(2); // what comes in is above what is pressed next

  await page.route(/api.tasks.\d+.complete$/, (route) =>
    route.fulfill({
      status: 404,
      contentType: "application/problem+json",
      json: { type: "about:blank", title: "Not Found", status: 404, detail: "There is no such thing here." },
    }),
  );
  await row(page, "Flüchtig").getByRole("checkbox").click();
  await page.getByText("Nicht erledigt: Das gibt es hier nicht mehr.").waitFor();
});
