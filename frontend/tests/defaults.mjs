/** A Better Auth of someone else: the JWT plugin with all its defaults, and everything in memory. */

import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins/jwt";

const auth = betterAuth({
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
  baseURL: process.env.BETTER_AUTH_URL,
  secret: process.env.BETTER_AUTH_SECRET,
  emailAndPassword: { enabled: true },
  plugins: [jwt()],
});
const handler = toNodeHandler(auth);

createServer((request, response) => {
  if (request.url === "/readyz") response.end("ok");
  else handler(request, response);
}).listen(Number(process.env.PORT), "127.0.0.1");
