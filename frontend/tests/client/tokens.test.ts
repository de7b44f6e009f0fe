/** Tokens of Better Auth as the client holds them: asked for once, renewed early, never kept beyond the session. */

import { afterEach, expect, test, vi } from "vitest";
import { betterAuthTokens, Problem, Unreachable } from "../../lib/api";
import { ScriptedServer, type Said, type Script } from "../scripted";

const MINUTES = 60_000;
const servers: ScriptedServer[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

async function connect(script: Script | Said[]) {
  const server = await ScriptedServer.start(script);
  servers.push(server);
  return { server, tokens: betterAuthTokens({ url: `${server.url}/api/auth/token` }) };
}

/** Whose life is 15 minutes by a clock that is years behind: only the span counts. */
function jwt(name: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "EdDSA" })}.${part({ sub: `${name} ÿ?>`, iat: 1000, exp: 1900 })}.signature`;
}

const numbered: Script = (_asked, index) => ({ json: { token: jwt(`t${index}`) } });

/** Let this time pass. */
function later(milliseconds: number): void {
  const now = performance.now();
  vi.spyOn(performance, "now").mockReturnValue(now + milliseconds);
}

test("many requests at once ask once, and later ones not at all", async () => {
  const { server, tokens } = await connect(numbered);
  const [first, second] = await Promise.all([tokens(), tokens()]);
  expect([first, second, await tokens()]).toEqual(Array(3).fill(jwt("t0")));
  expect(server.asked).toHaveLength(1);
});

test("a refused token is replaced; who refuses the old one late gets the new one", async () => {
  const { server, tokens } = await connect(numbered);
  const old = (await tokens()) ?? "";
  expect([await tokens(old), await tokens(old)]).toEqual([jwt("t1"), jwt("t1")]);
  expect(server.asked).toHaveLength(2);
});

test("after four fifths of its life the old one serves on while the next is fetched", async () => {
  const { server, tokens } = await connect(numbered);
  await tokens();
  later(13 * MINUTES);
  expect(await tokens()).toBe(jwt("t0"));
  await server.hasBeenAsked(2);
  await expect.poll(() => tokens()).toBe(jwt("t1"));
});

test("a sign-in service that is away is not felt while the token lives", async () => {
  const { tokens } = await connect((asked, index) => (index ? { drop: true } : numbered(asked, index)));
  await tokens();
  later(13 * MINUTES);
  expect([await tokens(), await tokens()]).toEqual([jwt("t0"), jwt("t0")]);
  later(3 * MINUTES);
  await expect(tokens()).rejects.toBeInstanceOf(Unreachable);
});

test("nobody signed in is null, and is asked again", async () => {
  const { server, tokens } = await connect([{ status: 401, json: { code: "UNAUTHORIZED" } }]);
  expect([await tokens(), await tokens()]).toEqual([null, null]);
  expect(server.asked).toHaveLength(2);
});

test("a session that ended ends the token", async () => {
  const { tokens } = await connect((asked, index) => (index ? { status: 401 } : numbered(asked, index)));
  const token = (await tokens()) ?? "";
  expect([await tokens(token), await tokens()]).toEqual([null, null]);
});

test("who signs out while a token is on its way does not keep it", async () => {
  const { tokens } = await connect(numbered);
  const early = tokens();
  tokens.forget();
  await early;
  expect(await tokens()).toBe(jwt("t1"));
});

test("neither a token nor a refusal is a problem that says so", async () => {
  const { tokens } = await connect([{ status: 503, headers: { "Retry-After": "2" }, json: { detail: "Not now." } }]);
  await expect(tokens()).rejects.toBeInstanceOf(Problem);
});
