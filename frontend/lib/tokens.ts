/** Tokens from Better Auth's JWT plugin, kept in memory only and renewed before they run out. */

import { Problem, Unreachable } from "./problem.js";
import type { TokenSource } from "./transport.js";

export interface BetterAuthTokens extends TokenSource {
  (refused?: string): Promise<string | null>;
  /** Drop the token: when the user signs out, or another one signs in. */
  forget(): void;
}

const TIMEOUT = 10_000;
/** Of a token's life, the part after which it is renewed. */
const RENEW_AFTER = 0.8;

interface Held {
  token: string;
  renewAt: number;
  endsAt: number;
}

/**
 * Asks Better Auth, with its session cookie, for a token when there is none or the service has refused it; and, while
 * the old one still serves, when that has lived four fifths of its life. Many requests at once ask once. Null means
 * that nobody is signed in; raises `Unreachable` or `Problem` when nobody can say.
 */
export function betterAuthTokens({ url = "/api/auth/token", fetch = globalThis.fetch } = {}): BetterAuthTokens {
  let held: Held | null = null;
  let flight: Promise<Held | null> | null = null;

  function renew(): Promise<Held | null> {
    const mine = request(url, fetch).then(
      (fresh) => {
        if (flight === mine) [held, flight] = [fresh, null];
        return fresh;
      },
      (error: unknown) => {
        if (flight === mine) flight = null;
        throw error;
      },
    );
    flight = mine;
    return mine;
  }

  async function token(refused?: string): Promise<string | null> {
    const now = performance.now();
    if (!held || held.token === refused || now >= held.endsAt) return (await (flight ?? renew()))?.token ?? null;
    if (now >= held.renewAt && !flight) renew().catch(() => {}); // the next request tries again
    return held.token;
  }

  return Object.assign(token, {
    forget() {
      held = flight = null;
    },
  });
}

async function request(url: string, fetch: typeof globalThis.fetch): Promise<Held | null> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "include", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
    if (response.ok) return hold(((await response.json()) as { token: string }).token);
  } catch (error) {
    throw new Unreachable("The sign-in service cannot be reached.", { cause: error });
  }
  if (response.status === 401) return null;
  throw await Problem.of(response);
}

/** By the token's own span and the time since it came: the clocks of two machines may differ. */
function hold(token: string): Held {
  const { exp, iat } = claims(token);
  const [now, life] = [performance.now(), (exp - iat) * 1000];
  return { token, renewAt: now + life * RENEW_AFTER, endsAt: now + life };
}

function claims(token: string): { exp: number; iat: number } {
  const payload = token.split(".")[1] ?? "";
  return JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/"))) as { exp: number; iat: number };
}
