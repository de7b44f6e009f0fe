/** The order by hand while a move is on its way: keys that stand between the service's own, which are hexadecimal digits. */

/** A key behind `low` and before `high`, the least that follows it; null: none follows. Never sent to the service. */
export function keyBetween(low: string, high: string | null): string {
  if (high === null || !high.startsWith(low)) return `${low}8`; // what begins with `low` comes before `high`
  return low + keyBelow(high.slice(low.length));
}

/** A key before all that are at least `high`, which is not empty. */
export function keyBelow(high: string): string {
  const first = high.charCodeAt(0);
  if (first > 1) return String.fromCharCode(first >> 1);
  return first === 1 ? "\u00008" : `\u0000${keyBelow(high.slice(1))}`;
}
