/** Better Auth as it is used here: e-mail and password, sessions in an httpOnly cookie, tokens signed with EdDSA. */

import { betterAuth, type BetterAuthOptions } from "better-auth";
import { jwt } from "better-auth/plugins/jwt";
import type { Pool } from "pg";
import { log } from "./log";
import type { Settings } from "./settings";

export type Auth = ReturnType<typeof makeAuth>;

const SIGN_IN_WINDOW = 10;
/**
 * For what every page asks by itself, with a cookie that is no guess. Better Auth counts on for as long as the requests of
 * an address are less than a window apart: the pages behind one address would come to its usual hundred together. Not
 * without a limit: it is by looking at that one that a database that is away is noticed, and not taken for no session.
 */
const RENEWALS = { window: 1, max: 1_000_000 };
/** Seconds that an expired key still verifies, beyond the life of its last token. */
const GRACE = 60;

export function makeAuth(settings: Settings, pool: Pool) {
  return betterAuth(authOptions(settings, pool));
}

export function authOptions(settings: Settings, pool: Pool) {
  const { issuer, audience, tokenLifetime, keyLifetime } = settings;
  const limit = { window: SIGN_IN_WINDOW, max: settings.signInLimit };
  return {
    database: pool,
    baseURL: settings.url,
    secret: settings.secret,
    trustedOrigins: settings.trustedOrigins,
    // No mail is sent: addresses are not verified, and a forgotten password is reset by whoever runs this.
    emailAndPassword: { enabled: true },
    user: { deleteUser: { enabled: true } },
    // In the database, because there may be several of these servers.
    rateLimit: {
      enabled: true,
      storage: "database",
      customRules: {
        "/sign-in/*": limit,
        "/sign-up/*": limit,
        "/delete-user": limit,
        "/get-session": RENEWALS,
        "/token": RENEWALS,
      },
    },
    advanced: { cookiePrefix: "tasklane" }, // cookies know no ports: another project on localhost has its own
    telemetry: { enabled: false },
    // The message alone: what goes with it may be an address.
    logger: { level: "warn", log: (level, message) => log(level, "auth_message", { message }) },
    onAPIError: { throw: true },
    plugins: [
      jwt({
        // The default puts the whole user into each token, with an avatar of any size; `sub` is all that is needed.
        jwt: { issuer, audience, expirationTime: `${tokenLifetime}s`, definePayload: () => ({}) },
        jwks: keyLifetime ? { rotationInterval: keyLifetime, gracePeriod: tokenLifetime + GRACE } : {},
      }),
    ],
  } satisfies BetterAuthOptions;
}
