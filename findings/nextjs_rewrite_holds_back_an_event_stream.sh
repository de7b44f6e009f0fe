#!/usr/bin/env bash
# Next.js 16.4.6: `next start` compresses an event stream that a rewrite passes on, and flushes nothing until it ends.
#
# With the default `compress: true` a browser (Accept-Encoding: gzip) that asks a rewritten path for text/event-stream gets the
# head and no event, for as long as the stream stays open: the compressor waits for more. The same without compression comes
# at once. `Cache-Control: no-transform` from the server behind (RFC 9111, section 5.2.2.6: an intermediary must not change
# the body) makes it come with gzip allowed, too. Seen on 2026-11-28:
#   gzip: 0 events in 5 s
#   identity: 1 events in 5 s
#   gzip, no-transform: 1 events in 5 s
set -euo pipefail
work=$(mktemp -d)
pids=()
end() { for pid in "${pids[@]:-}"; do [ -z "$pid" ] || kill "$pid" 2>/dev/null || true; done; rm -rf "$work"; }
trap end EXIT
cd "$work"
cat >package.json <<'JSON'
{ "private": true, "dependencies": { "next": "16.4.6", "react": "19.2.0", "react-dom": "19.2.0" } }
JSON
npm install --silent --no-audit --no-fund >/dev/null
cat >source.mjs <<'JS'
import { createServer } from "node:http";

const server = createServer(({ url }, response) => {
  const control = url.endsWith("/kept") ? "no-store, no-transform" : "no-store";
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": control });
  response.write("data: one\n\n");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
JS
node source.mjs >source.port &
pids+=($!)
for _ in $(seq 100); do [ -s source.port ] && break; sleep 0.1; done
mkdir app
echo 'export default function Page() { return <p>page</p>; }' >app/page.jsx
echo 'export default function Layout({ children }) { return <html><body>{children}</body></html>; }' >app/layout.jsx
cat >next.config.mjs <<JS
export default {
  rewrites: async () => [{ source: "/events/:path*", destination: "http://127.0.0.1:$(cat source.port)/events/:path*" }],
};
JS
export NEXT_TELEMETRY_DISABLED=1
node_modules/.bin/next build >build.log 2>&1 || { cat build.log; exit 1; }
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
node node_modules/next/dist/bin/next start --hostname 127.0.0.1 --port "$port" >start.log 2>&1 &
pids+=($!)
for _ in $(seq 300); do curl -fsS -o /dev/null "http://127.0.0.1:$port/" 2>/dev/null && break; sleep 0.1; done
count() { # the events that come within five seconds
  (curl -sN --compressed -m 5 -H "Accept-Encoding: $2" "http://127.0.0.1:$port/events/$1" || true) | grep -c "^data:" || true; }
seen=$(printf 'gzip: %s events in 5 s\nidentity: %s events in 5 s\ngzip, no-transform: %s events in 5 s' \
  "$(count plain gzip)" "$(count plain identity)" "$(count kept gzip)")
echo "$seen"
[ "$seen" = 'gzip: 0 events in 5 s
identity: 1 events in 5 s
gzip, no-transform: 1 events in 5 s' ]
