/** Who is signed in at the page, and what becomes of what is kept when nobody is any more. */

import { expect, test, vi } from "vitest";
import type { Disk } from "../../app/local/disk";
import { Session } from "../../app/session/session";
import { Connection } from "../../app/sync/connection";

const ADA = { id: "ada", name: "Ada", email: "ada@example.com" };

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
