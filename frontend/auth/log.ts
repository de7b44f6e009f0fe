/** One JSON object per line: a fixed name of the event, and fields without passwords, tokens or addresses. */

export function log(level: string, event: string, fields: Record<string, unknown> = {}): void {
  console.log(JSON.stringify({ event, level, ...fields, timestamp: new Date().toISOString() }));
}
