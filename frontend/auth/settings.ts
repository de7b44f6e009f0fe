/** What the auth server runs with, from the environment alone; what cannot work is told in one sentence. */

import { readFileSync } from "node:fs";

export class ConfigurationError extends Error {}

export interface Settings {
  /** PostgreSQL, a database of its own. */
  databaseUrl: string;
  /** The origin that the browser sees: `https://tasks.example.com`. */
  url: string;
  secret: string;
  /** What tokens say of who made them and whom for; the API's settings have the same names. */
  issuer: string;
  audience: string;
  host: string;
  port: number;
  /** Further origins whose pages may sign in. */
  trustedOrigins: string[];
  /** Seconds that a token lives. */
  tokenLifetime: number;
  /** Seconds that a key signs; 0: for ever. */
  keyLifetime: number;
  /** Attempts to sign in or up per address in ten seconds. */
  signInLimit: number;
  /** Whether pages without Better Auth may sign in, too: `/api/auth/login` and its like. */
  plainSignIn: boolean;
}

const SHORTEST_SECRET = 32;

export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const read = (name: string) => environment[name] || undefined;
  const publicUrl = origin("BETTER_AUTH_URL", read("BETTER_AUTH_URL"));
  return {
    databaseUrl: url("AUTH_DATABASE_URL", read("AUTH_DATABASE_URL") ?? fromFile(read, "AUTH_DATABASE_URL")),
    url: publicUrl,
    secret: secret("BETTER_AUTH_SECRET", read("BETTER_AUTH_SECRET") ?? fromFile(read, "BETTER_AUTH_SECRET")),
    issuer: read("AUTH_ISSUER") ?? publicUrl,
    audience: read("AUTH_AUDIENCE") ?? publicUrl,
    host: read("HOST") ?? "127.0.0.1",
    port: number("PORT", read("PORT"), { fallback: 3000, least: 1 }),
    trustedOrigins: list(read("AUTH_TRUSTED_ORIGINS")).map((value) => origin("AUTH_TRUSTED_ORIGINS", value)),
    tokenLifetime: number("AUTH_TOKEN_LIFETIME", read("AUTH_TOKEN_LIFETIME"), { fallback: 900, least: 1 }),
    keyLifetime: number("AUTH_KEY_LIFETIME", read("AUTH_KEY_LIFETIME"), { fallback: 30 * 86_400, least: 0 }),
    signInLimit: number("AUTH_SIGN_IN_LIMIT", read("AUTH_SIGN_IN_LIMIT"), { fallback: 3, least: 1 }),
    plainSignIn: flag("AUTH_PLAIN_SIGN_IN", read("AUTH_PLAIN_SIGN_IN")),
  };
}

function fromFile(read: (name: string) => string | undefined, name: string): string | undefined {
  const path = read(`${name}_FILE`);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new ConfigurationError(`${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function url(name: string, value: string | undefined): string {
  if (!/^postgres(ql)?:\/\//.test(value ?? "")) throw new ConfigurationError(`${name}: must be a postgresql:// URL`);
  return value as string;
}

function origin(name: string, value: string | undefined): string {
  const given = URL.canParse(value ?? "") ? new URL(value as string) : undefined;
  if (!given || !["http:", "https:"].includes(given.protocol) || given.pathname !== "/" || given.search || given.hash)
    throw new ConfigurationError(`${name}: must be an origin such as https://tasks.example.com`);
  return given.origin;
}

function secret(name: string, value: string | undefined): string {
  if (Buffer.byteLength(value ?? "") < SHORTEST_SECRET)
    throw new ConfigurationError(`${name}: must be at least ${SHORTEST_SECRET} bytes`);
  return value as string;
}

function number(name: string, value: string | undefined, { fallback, least }: { fallback: number; least: number }) {
  if (value === undefined) return fallback;
  if (!/^\d{1,9}$/.test(value) || Number(value) < least)
    throw new ConfigurationError(`${name}: must be a whole number, ${least} or more`);
  return Number(value);
}

function flag(name: string, value: string | undefined): boolean {
  if (value !== undefined && value !== "true" && value !== "false")
    throw new ConfigurationError(`${name}: must be true or false`);
  return value === "true";
}

function list(value: string | undefined): string[] {
  return (value ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}
