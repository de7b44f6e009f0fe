#!/usr/bin/env bash
# @tanstack/db 0.15.2: whoever subscribes later is not told that a row is gone which was there before, unless they say false.
#
# subscribeChanges(callback) of a collection tells what changes from then on; its option includeInitialState, "whether to
# include the current state", is left out, which reads as false. A row that was in the collection before the subscription
# and is deleted after it is not told to that subscriber, while the collection itself is empty. The same with
# { includeInitialState: false } is told. Whoever mirrors a collection into something else keeps the row for ever.
# Seen on 2026-11-28:
#   left out: told [], rows 0
#   false: told ["delete"], rows 0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @tanstack/db@0.15.2 >/dev/null
cat >seen.mjs <<'JS'
import { createCollection } from "@tanstack/db";

for (const [name, options] of [["left out", undefined], ["false", { includeInitialState: false }]]) {
  let source;
  const rows = createCollection({
    getKey: (row) => row.id,
    startSync: true,
    sync: {
      sync: (given) => {
        source = given;
        given.begin();
        given.write({ type: "insert", value: { id: 1 } });
        given.commit();
        given.markReady();
      },
    },
  });
  await rows.preload();
  const told = [];
  rows.subscribeChanges((changes) => told.push(...changes.map(({ type }) => type)), options);
  source.begin();
  source.write({ type: "delete", key: 1 });
  source.commit();
  await new Promise((resolve) => setTimeout(resolve, 100));
  console.log(`${name}: told ${JSON.stringify(told)}, rows ${rows.size}`);
}
process.exit(0);
JS
seen=$(node seen.mjs)
echo "$seen"
[ "$seen" = 'left out: told [], rows 0
false: told ["delete"], rows 0' ]
