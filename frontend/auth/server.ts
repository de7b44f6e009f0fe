/** The auth server as a process: migrates its database, serves `/api/auth/*`, ends in order when it is told to. */

import { createServer, type Server } from "node:http";
import { toNodeHandler } from "better-auth/node";
import { answering } from "./answers";
import { makeAuth } from "./auth";
import { makePool, migrate } from "./database";
import { rotateKeys } from "./keys";
import { log } from "./log";
import { ConfigurationError, readSettings } from "./settings";

const GRACE = 10_000;
const REQUEST_TIMEOUT = 15_000;
/** Longer than whoever stands in front keeps an idle connection: of the two it is the one that may close it. */
const KEEP_ALIVE = 75_000;

async function main(): Promise<void> {
  const settings = readSettings();
  const pool = makePool(settings);
  const created = await migrate(settings, pool);
  const auth = makeAuth(settings, pool);
  const endRotation = rotateKeys(auth, settings);
  const answer = toNodeHandler(answering(auth, pool, { plain: settings.plainSignIn }));
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT, keepAliveTimeout: KEEP_ALIVE },
    (request, response) => {
      // Attempts are counted by this address: what the proxy says, else who is at the other end.
      request.headers["x-forwarded-for"] ??= request.socket.remoteAddress;
      answer(request, response).catch(() => response.writeHead(400).end()); // a Host or a path that no URL can have
    },
  );
  await listening(server, settings.port, settings.host);
  log("info", "auth_started", { port: settings.port, tables_created: created });

  const stop = async () => {
    log("info", "auth_stopping");
    endRotation();
    await closed(server);
    await pool.end();
    log("info", "auth_stopped");
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

/** Answers what has been asked, within the grace, and takes no more. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatience = setTimeout(() => server.closeAllConnections(), GRACE);
    server.close(() => {
      clearTimeout(impatience);
      resolve();
    });
  });
}

main().catch((error: unknown) => {
  const told = error instanceof ConfigurationError ? error.message : error;
  console.error("The auth server cannot start:", told);
  process.exit(1);
});
