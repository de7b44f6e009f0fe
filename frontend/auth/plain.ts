/**
 * Sign-in for pages that know no Better Auth: `/login`, `/signup`, `/me` and `/logout`, a thin layer over it. A token is
 * in the answer, as such pages keep it themselves; limits, origins and passwords are judged by Better Auth alone.
 */

import type { Auth } from "./auth";

const BASE = "/api/auth";
const FORM = "application/x-www-form-urlencoded";

interface User {
  id: string;
  email: string;
  name: string;
}

interface Wanted {
  email?: unknown;
  username?: unknown;
  password?: unknown;
  name?: unknown;
}

type Way = (auth: Auth, request: Request) => Promise<Response>;

const WAYS: Record<string, Way> = {
  "POST /login": (auth, request) => entered(auth, request, "/sign-in/email", 200),
  "POST /signup": (auth, request) => entered(auth, request, "/sign-up/email", 201),
  "POST /register": (auth, request) => entered(auth, request, "/sign-up/email", 201),
  "GET /me": me,
  "POST /logout": left,
};

/** The answer to one of these requests; undefined for every other. */
export function plainly(auth: Auth, request: Request): Promise<Response> | undefined {
  const path = new URL(request.url).pathname.slice(BASE.length).replace(/\/$/, "");
  return WAYS[`${request.method} ${path}`]?.(auth, request);
}

async function entered(auth: Auth, request: Request, path: string, status: number): Promise<Response> {
  const { email, username, password, name } = await wanted(request);
  const address = email ?? username;
  if (typeof address !== "string" || typeof password !== "string")
    return refusal(422, "email and password are needed.");
  const body = { email: address, password, name: text(name) ?? text(username) ?? address.split("@")[0] };
  const answer = await auth.handler(inner(request, path, body));
  if (!answer.ok) return passedOn(answer);
  const cookies = answer.headers.getSetCookie();
  const { user } = (await answer.json()) as { user: User };
  const cookie = cookies.map((one) => one.split(";")[0]).join("; ");
  const asked = await auth.handler(inner(request, "/token", undefined, cookie));
  if (!asked.ok) return passedOn(asked);
  const { token } = (await asked.json()) as { token: string };
  const headers = cookies.map((one): [string, string] => ["Set-Cookie", one]);
  return Response.json({ access_token: token, token, token_type: "bearer", user: shown(user) }, { status, headers });
}

/** Of a token that was given here, or of a session's cookie. */
async function me(auth: Auth, request: Request): Promise<Response> {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
  if (!token) {
    const answer = await auth.handler(inner(request, "/get-session"));
    const session = answer.ok ? ((await answer.json()) as { user: User } | null) : null;
    return session ? Response.json(shown(session.user)) : refusal(401, "A valid bearer token is needed.");
  }
  const { payload } = await auth.api.verifyJWT({ body: { token } }).catch(() => ({ payload: null }));
  const context = await auth.$context;
  const user = payload?.sub ? await context.internalAdapter.findUserById(payload.sub) : null;
  return user ? Response.json(shown(user)) : refusal(401, "A valid bearer token is needed.");
}

/** The session ends; a token that was given lives on until it expires, so the page must forget it. */
async function left(auth: Auth, request: Request): Promise<Response> {
  const answer = await auth.handler(inner(request, "/sign-out", {}));
  if (!answer.ok) return passedOn(answer);
  const headers = answer.headers.getSetCookie().map((one): [string, string] => ["Set-Cookie", one]);
  return Response.json({ success: true }, { headers });
}

/** Members of a JSON object, or fields of a form; nothing of what is neither. */
async function wanted(request: Request): Promise<Wanted> {
  const body = await request.text();
  if (request.headers.get("Content-Type")?.startsWith(FORM)) return Object.fromEntries(new URLSearchParams(body));
  try {
    const read: unknown = JSON.parse(body);
    return typeof read === "object" && read !== null ? read : {};
  } catch {
    return {};
  }
}

/** The same caller asks Better Auth: address, origin and cookies go along. */
function inner(request: Request, path: string, body?: object, cookie?: string): Request {
  const headers = new Headers(request.headers);
  for (const name of ["Content-Length", "Content-Type", "Authorization"]) headers.delete(name);
  if (cookie !== undefined) headers.set("Cookie", cookie);
  if (body) headers.set("Content-Type", "application/json");
  const method = body ? "POST" : "GET";
  return new Request(new URL(BASE + path, request.url), {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** In the words of Better Auth, in the members that such pages read. */
async function passedOn(answer: Response): Promise<Response> {
  const told = (await answer.json().catch(() => ({}))) as { message?: string };
  const refused = refusal(answer.status, told.message ?? "The sign-in does not answer as it should.");
  const seconds = answer.headers.get("X-Retry-After");
  if (seconds !== null) refused.headers.set("Retry-After", seconds);
  return refused;
}

function refusal(status: number, detail: string): Response {
  return Response.json({ detail, message: detail }, { status });
}

function shown({ id, email, name }: User): User {
  return { id, email, name };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value ? value : undefined;
}
