/** `text/event-stream` as it comes with `fetch`, by the rules that `EventSource` goes by (HTML, 9.2). */

import { Unreachable } from "./problem.js";
import { unlessAborted } from "./wait.js";

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  /** The last id that the stream has given. */
  readonly id: string;
}

/** Takes the text in pieces, cut anywhere. */
export class EventParser {
  /** Milliseconds after which the server wants its reader back, as it has said last. */
  retry: number | undefined;
  #id = "";
  #event = "";
  #data: string[] = [];
  #rest = "";
  #begun = false;
  #afterCr = false;

  /** The events that are complete with this piece. */
  feed(text: string): ServerEvent[] {
    if (!this.#begun && text !== "") {
      this.#begun = true;
      text = text.replace(/^\uFEFF/, "");
    }
    const split = this.#afterCr && text.startsWith("\n"); // the cut went through a CRLF
    if (text !== "") this.#afterCr = text.endsWith("\r");
    if (split) text = text.slice(1);
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    return lines.map((line) => this.#line(line)).filter((event) => event !== null);
  }

  #line(line: string): ServerEvent | null {
    if (line === "") return this.#dispatch();
    const [, name = line, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (name === "event") this.#event = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    return null;
  }

  #dispatch(): ServerEvent | null {
    const [event, data] = [this.#event || "message", this.#data];
    [this.#event, this.#data] = ["", []];
    return data.length ? { event, data: data.join("\n"), id: this.#id } : null;
  }
}

/** An answer that goes on. Whoever has it reads it to its end, or closes it. */
export class EventStream {
  /** The token under which it was opened. */
  readonly token: string | null;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #parser = new EventParser();
  readonly #events: ServerEvent[] = [];

  /** Raises `SyntaxError` when the answer is none. */
  constructor(response: Response, token: string | null) {
    if (!response.body || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      void response.body?.cancel();
      throw new SyntaxError("No event stream.");
    }
    this.token = token;
    this.#reader = response.body.getReader();
  }

  get retry(): number | undefined {
    return this.#parser.retry;
  }

  /** The next event, null at the end. `Unreachable`: the connection broke, or not a byte came for so long. */
  async next(silence: number, signal?: AbortSignal): Promise<ServerEvent | null> {
    while (this.#events.length === 0) if (!(await this.more(silence, signal))) return null;
    return this.#events.shift() ?? null;
  }

  /** Wait for bytes, be they a comment; returns whether any came before the end. */
  async more(silence: number, signal?: AbortSignal): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silent = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Unreachable("The stream is silent.")), silence);
    });
    try {
      const { done, value } = await unlessAborted(Promise.race([this.#reader.read(), silent]), signal);
      if (value) this.#events.push(...this.#parser.feed(this.#decoder.decode(value, { stream: true })));
      return !done;
    } catch (error) {
      this.close();
      signal?.throwIfAborted();
      throw error instanceof Unreachable ? error : new Unreachable("The stream was cut.", { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** End the connection. */
  close(): void {
    this.#reader.cancel().catch(() => {}); // it broke before
  }
}
