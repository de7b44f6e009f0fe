/** Who is signed in at the page, and what becomes of what is kept when nobody is any more. */

import { beforeEach, expect, test, vi } from "vitest";
import type { Disk } from "../../app/local/disk";
import { Session, type User } from "../../app/session/session";
import { Connection } from "../../app/sync/connection";

const ADA = { id: "ada", name: "Ada", email: "ada@example.com" };

const BOB = { id: "bob", name: "Bob", email: "bob@example.com" };

/** As Better Auth says it. */
function session(user = ADA): Response {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = `${part({ alg: "EdDSA" })}.${part({ sub: user.id, iat: 1000, exp: 1900 })}.signature`;
  return Response.json({ user }, { headers: { "set-auth-jwt": token } });
}

/** Nothing is on it, and it notes who is written there, and who is wiped from it. */
function noting(seen: string[]): Disk {
  const nothing = () => Promise.resolve(null);
  const note =
    (what: string) =>
    async (who: string | { id: string }): Promise<void> =>
      void seen.push(`${what} ${typeof who === "string" ? who : who.id}`);
  return { owner: nothing, lock: nothing, wipe: note("wipe"), claim: note("claim") } as unknown as Disk;
}

beforeEach(() => {
  vi.stubGlobal("sessionStorage", {});
  vi.stubGlobal("localStorage", { removeItem: () => {} });
});

test("who has signed out is not signed in again by an answer that was on its way", async () => {
  const seen: string[] = [];
  const answers: ((response: Response) => void)[] = [];
  vi.stubGlobal("fetch", (url: string) =>
    url.endsWith("/sign-out") ? Response.json({}) : new Promise((resolve) => answers.push(resolve)),
  );
  const ada = new Session(new Connection(), noting(seen));
  const begun = ada.begin();
  answers[0]?.(session());
  await begun;
  expect(ada.state.get()).toEqual({ state: "signed-in", user: ADA });
  const renewed = ada.refresh();
  await ada.signOut();
  answers[1]?.(session());
  await renewed;
  expect([ada.state.get(), seen]).toEqual([{ state: "signed-out", ended: null }, ["claim ada", "wipe ada"]]);
});

test("who signs in before the one before hears that they are signed out stays", async () => {
  const seen: string[] = [];
  let here: User | null = ADA;
  let say = (_: Response) => {};
  vi.stubGlobal("fetch", async (url: string) => {
    if (url.endsWith("/get-session")) return here ? session(here) : Response.json(null);
    if (!url.endsWith("/sign-out")) return Response.json({});
    return new Promise((resolve) => (say = resolve));
  });
  const page = new Session(new Connection(), noting(seen));
  await page.begin();
  const leaving = page.signOut();
  here = null;
  await page.refresh();
  expect(page.state.get()).toEqual({ state: "signed-out", ended: null });
  here = BOB;
  await page.signIn(BOB.email, "");
  say(Response.json({}));
  await leaving;
  expect(page.state.get()).toEqual({ state: "signed-in", user: BOB });
  expect(seen).toEqual(["claim ada", "wipe ada", "claim bob"]);
});

test("who sees that a session has ended can count on it that what is kept is shown to nobody", async () => {
  const seen: string[] = [];
  let release = () => {};
  const written = new Promise<void>((resolve) => (release = resolve));
  const lock = async () => {
    await written;
    seen.push("locked");
  };
  const owner = () => Promise.resolve({ user: ADA, signedIn: true });
  const session = new Session(new Connection(), { owner, lock } as unknown as Disk);
  session.state.subscribe(() => seen.push(session.state.get().state));
  const asked = vi.fn(async () => Response.json(null));
  vi.stubGlobal("fetch", asked);
  const begun = session.begin();
  await expect.poll(() => asked.mock.results.length).toBe(1);
  release();
  await begun;
  expect(seen).toEqual(["signed-in", "locked", "signed-out"]);
});
