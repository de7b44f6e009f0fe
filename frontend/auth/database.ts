/** The auth server's own database: a pool that survives its server, and migrations that several replicas may run. */

import { getMigrations } from "better-auth/db/migration";
import { Pool } from "pg";
import { authOptions } from "./auth";
import { log } from "./log";
import type { Settings } from "./settings";

const CONNECT_TIMEOUT = 2500;
const QUERY_TIMEOUT = 5000;
const CONNECTIONS = 8;

/** Any number; whoever migrates this database holds it. */
const MIGRATION_LOCK = 7_265_119_384;

export function makePool(settings: Settings): Pool {
  const pool = new Pool({
    connectionString: settings.databaseUrl,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: QUERY_TIMEOUT,
    keepAlive: true,
  });
  // A connection that is lost is replaced by the next use; without a listener it would end the process, also one that is
  // in use between two queries: whoever uses it hears of it from the next one.
  pool.on("error", (error) => log("warn", "database_connection_lost", { reason: error.message }));
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** Better Auth's tables as its options want them; returns how many it made. Replicas wait for each other. */
export async function migrate(settings: Settings, pool: Pool): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN"); // a lock of the transaction: a pooler may hand each transaction another connection
    await client.query({
      text: "SELECT pg_advisory_xact_lock($1)",
      values: [MIGRATION_LOCK],
      query_timeout: 60_000,
    } as never);
    const { toBeCreated, runMigrations } = await getMigrations(authOptions(settings, pool));
    await runMigrations();
    return toBeCreated.length;
  } finally {
    await client.query("ROLLBACK").catch(() => {});
    client.release();
  }
}
