/** A server that says what a test tells it to, and remembers what it was asked. */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Said {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  /** Take the request, then end the connection without an answer. */
  drop?: boolean;
  /** Take the request and say nothing. */
  silent?: boolean;
  /** The beginning of an event stream that the test goes on with; its headers are sent at once. */
  stream?: string;
}

/** An answer that is still going on. */
export interface Line {
  /** The request to which it is the answer. */
  readonly asked: Asked;
  /** Resolves when the client has closed it, or the test. */
  readonly closed: Promise<void>;
  write(text: string): void;
  end(): void;
  /** As a process does that is killed. */
  cut(): void;
}

export type Script = (asked: Asked, index: number) => Said;

export class ScriptedServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly lines: Line[] = [];
  readonly #server;
  readonly #waiting: { count: number; resolve: () => void }[] = [];
  url = "";

  private constructor(script: Script) {
    this.#server = createServer((request, response) => {
      let body = "";
      request.on("data", (piece: Buffer) => (body += piece.toString()));
      request.on("end", () => {
        const asked = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body };
        this.asked.push(asked);
        const said = script(asked, this.asked.length - 1);
        if (said.drop) request.socket.destroy();
        if (said.stream !== undefined) this.#open(asked, response, said.stream);
        for (const { resolve } of this.#waiting.filter(({ count }) => this.asked.length >= count)) resolve();
        if (said.drop || said.silent || said.stream !== undefined) return;
        const { status = 200, headers = {}, json, text = json === undefined ? "" : JSON.stringify(json) } = said;
        const type = status >= 400 ? "application/problem+json" : "application/json";
        response.writeHead(status, { "Content-Type": type, ...headers }).end(text);
      });
    });
  }

  /** Answers each request as `script` says; a list is said in its order, the last one for ever. */
  static async start(script: Script | Said[]): Promise<ScriptedServer> {
    const list = Array.isArray(script) ? script : undefined;
    const server = new ScriptedServer(
      list ? (_asked, index) => list[Math.min(index, list.length - 1)] ?? {} : (script as Script),
    );
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    server.url = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    return server;
  }

  /** When so many requests have come. */
  hasBeenAsked(count: number): Promise<void> {
    if (this.asked.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** The streams that it was asked for, in order; waits for that one. */
  async line(index: number): Promise<Line> {
    while (!this.lines[index]) await this.hasBeenAsked(this.asked.length + 1);
    return this.lines[index];
  }

  #open(asked: Asked, response: ServerResponse, text: string): void {
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
    response.flushHeaders();
    if (text) response.write(text);
    this.lines.push({
      asked,
      closed: new Promise((resolve) => response.on("close", resolve)),
      write: (more) => void response.write(more),
      end: () => void response.end(),
      cut: () => void response.socket?.destroy(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
