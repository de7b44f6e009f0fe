/** What the auth server answers: Better Auth's own answers, and problem documents where it has none. */

import type { Pool } from "pg";
import type { Auth } from "./auth";
import { log } from "./log";
import { plainly } from "./plain";

const RETRY_AFTER = { "Retry-After": "2" };
const BODY_LIMIT = 65_536;

/** Of PostgreSQL: connection exceptions, insufficient resources, shutdown, recovery; of the system: nobody there. */
const AWAY = /^(08|53|57P)|^(ECONNREFUSED|ECONNRESET|ENOENT|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN)$/;
const AWAY_MESSAGE = /timeout|terminated|Connection ended|not queryable/i;

/** `/livez`, `/readyz`, and everything of Better Auth; with `plain`, the sign-in of pages that do not know it, too. Never fails; a database that is away is a 503. */
export function answering(
  auth: Auth,
  pool: Pool,
  { plain }: { plain: boolean },
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname } = new URL(request.url);
    try {
      if (pathname === "/livez") return Response.json({ status: "ok" });
      if (pathname === "/readyz") {
        await pool.query("SELECT 1");
        return Response.json({ status: "ok", database: "ok" });
      }
      if (!pathname.startsWith("/api/auth/")) return problem(404, "Not Found", "There is nothing here.");
      const refused = refusal(request);
      if (refused) return refused;
      return finished(await ((plain ? plainly(auth, request) : undefined) ?? auth.handler(request)));
    } catch (error) {
      if (isAway(error))
        return problem(503, "Service Unavailable", "Signing in is not possible right now. Try again soon.");
      log("error", "request_failed", { path: pathname, error: String(error) });
      return problem(500, "Internal Server Error", "Something went wrong on our side.");
    }
  };
}

/** Bodies are small, and say how small they are. */
function refusal({ headers, body }: Request): Response | undefined {
  const length = headers.get("Content-Length");
  if (body && length === null) return problem(411, "Length Required", "Send the body with its Content-Length.");
  if (Number(length) > BODY_LIMIT) return problem(413, "Content Too Large", "The body is too large.");
  return undefined;
}

/** Sessions and tokens are nobody's to store; and Better Auth tells the seconds to wait under a name of its own. */
function finished(response: Response): Response {
  const { headers } = response;
  const seconds = headers.get("X-Retry-After");
  if (seconds !== null) headers.set("Retry-After", seconds);
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  return response;
}

function problem(status: number, title: string, detail: string): Response {
  const headers = {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    ...(status === 503 && RETRY_AFTER),
  };
  return new Response(JSON.stringify({ type: "about:blank", title, status, detail, message: detail }), {
    status,
    headers,
  });
}

/** Whether this, or what it was caused by, is the database being away. */
function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code ? AWAY.test(code) : AWAY_MESSAGE.test(error.message)) return true;
  const causes = error instanceof AggregateError ? error.errors : [error.cause];
  return causes.some(isAway);
}
