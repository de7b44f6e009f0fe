// What rrule-temporal makes of a rule, and Temporal of times on a wall: a JSON document a line in, one out, in order.
//
// The rule is expanded on a clock without a zone. Temporal's own reading of times that are twice or not at all
// ("compatible") makes instants of that, and of what another library has found: the zone is judged by a third party.
import { createInterface } from "node:readline";
import { Temporal } from "temporal-polyfill";
import "temporal-polyfill/global";
import { RRuleTemporal } from "rrule-temporal";

const ITERATIONS = 10_000;

for await (const line of createInterface({ input: process.stdin })) {
  const { start, rule, zone, limit, found } = JSON.parse(line);
  const shown = (times) => (zone === null ? times.map((time) => time.slice(0, 10)) : times.map(instantIn(zone)));
  let own;
  try {
    own = shown(expand(start, rule, limit));
  } catch (error) {
    own = `${error}`;
  }
  console.log(JSON.stringify({ "rrule-temporal": own, libical: shown(found) }));
}

function expand(start, rule, limit) {
  const begin = start.replaceAll(/[-:]/g, "");
  const rruleString = `DTSTART;TZID=UTC:${begin}\nRRULE:${rule}`;
  return new RRuleTemporal({ rruleString, maxIterations: ITERATIONS })
    .all((_, number) => limit > 0 && number <= limit)
    .map((time) => time.toPlainDateTime().toString({ smallestUnit: "second" }))
    .filter((time) => time !== start)
    .slice(0, limit);
}

function instantIn(zone) {
  return (time) => {
    const there = Temporal.PlainDateTime.from(time).toZonedDateTime(zone, { disambiguation: "compatible" });
    return there.toInstant().toString({ smallestUnit: "second" });
  };
}
