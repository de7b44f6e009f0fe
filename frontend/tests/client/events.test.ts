/** `text/event-stream`, read as `EventSource` reads it, wherever the text is cut. */

import { expect, test } from "vitest";
import { EventParser, EventStream, type ServerEvent } from "../../lib/events";
import { Unreachable } from "../../lib/problem";

const STREAM =
  '\uFEFFretry: 250\r\n: a comment\r\n\r\nevent: changes\rdata: {"a":\rdata:"ü€😀"}\rid: one\r\rdata\n\nid: two\nevent: x\n\n' +
  ": data: no\ndata:  two spaces\nid: t\0o\nretry: soon\nunknown: y\nunknown\n\r\nevent: last\r\ndata: z\r\n\r\ndata: cut";

const EVENTS: ServerEvent[] = [
  { event: "changes", data: '{"a":\n"ü€😀"}', id: "one" },
  { event: "message", data: "", id: "one" },
  { event: "message", data: " two spaces", id: "two" },
  { event: "last", data: "z", id: "two" },
];

function stream(chunks: Uint8Array[], type = "text/event-stream;charset=utf-8"): EventStream {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  return new EventStream(new Response(body, { headers: { "Content-Type": type } }), null);
}

async function all(from: EventStream): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for (let event = await from.next(60_000); event; event = await from.next(60_000)) events.push(event);
  return events;
}

test("all line ends, comments, fields without a colon, and what is no event", () => {
  const parser = new EventParser();
  expect(parser.feed(STREAM)).toEqual(EVENTS);
  expect(parser.retry).toBe(250);
});

test("cut at any byte, it says the same", async () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (let cut = 0; cut <= bytes.length; cut++)
    expect(await all(stream([bytes.slice(0, cut), bytes.slice(cut)]))).toEqual(EVENTS);
});

test("it says the same byte by byte", async () => {
  const bytes = new TextEncoder().encode(STREAM);
  expect(await all(stream(Array.from(bytes, (byte) => Uint8Array.of(byte))))).toEqual(EVENTS);
});

test("an event is there with its last byte, whatever ends its lines", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const parser = new EventParser();
    expect(parser.feed(`data: x${end}${end}`)).toHaveLength(1);
    expect(parser.feed(`data: y${end}${end}`)).toEqual([{ event: "message", data: "y", id: "" }]);
  }
});

test("a page that something else has answered is no stream", () => {
  expect(() => stream([], "text/html")).toThrow(SyntaxError);
});

test("a stream that breaks is Unreachable", async () => {
  const body = new ReadableStream({ start: (controller) => controller.error(new TypeError("network error")) });
  const broken = new EventStream(new Response(body, { headers: { "Content-Type": "text/event-stream" } }), null);
  await expect(broken.next(60_000)).rejects.toBeInstanceOf(Unreachable);
});

test("a stream that says nothing for too long is closed", async () => {
  let closed = false;
  const body = new ReadableStream({ cancel: () => void (closed = true) });
  const silent = new EventStream(new Response(body, { headers: { "Content-Type": "text/event-stream" } }), null);
  await expect(silent.next(10)).rejects.toBeInstanceOf(Unreachable);
  expect(closed).toBe(true);
});
