/** Who is signed in at the page, and what becomes of what is kept when nobody is any more. */

import { expect, test, vi } from "vitest";
import type { Disk } from "../../app/local/disk";
import { Session } from "../../app/session/session";
import { Connection } from "../../app/sync/connection";

const ADA = { id: "ada", name: "Ada", email: "ada@example.com" };

/** As Better Auth says it. */
function session(): Response {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = `${part({ alg: "EdDSA" })}.${part({ sub: ADA.id, iat: 1000, exp: 1900 })}.signature`;
  return Response.json({ user: ADA }, { headers: { "set-auth-jwt": token } });
}

test("who has signed out is not signed in again by an answer that was on its way", async () => {
  const claimed: string[] = [];
  const claim = async ({ id }: { id: string }) => void claimed.push(id);
  const nothing = () => Promise.resolve(null);
  const disk = { owner: nothing, lock: nothing, wipe: nothing, claim } as unknown as Disk;
  const answers: ((response: Response) => void)[] = [];
  vi.stubGlobal("sessionStorage", {});
  vi.stubGlobal("localStorage", { removeItem: () => {} });
  vi.stubGlobal("fetch", (url: string) =>
    url.endsWith("/sign-out") ? Response.json({}) : new Promise((resolve) => answers.push(resolve)),
  );
  const ada = new Session(new Connection(), disk);
  const begun = ada.begin();
  answers[0]?.(session());
  await begun;
  expect(ada.state.get()).toEqual({ state: "signed-in", user: ADA });
  const renewed = ada.refresh();
  await ada.signOut();
  answers[1]?.(session());
  await renewed;
  expect([ada.state.get(), claimed]).toEqual([{ state: "signed-out", ended: null }, ["ada"]]);
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
