/**
 * One request with all that may happen to it: a token that has run out, an answer that is lost, a service that is
 * away for a moment, a list that has not changed.
 */

import { Problem, Unreachable } from "./problem.js";
import { sleep, unlessAborted } from "./wait.js";

/** The token to send; null when nobody is signed in. `refused` is one that the service did not take: give another. */
export type TokenSource = (refused?: string) => Promise<string | null> | string | null;

export interface Settings {
  /** Where the service is: `https://api.example.com`. Without: where the page came from. */
  baseUrl?: string;
  token: TokenSource;
  /** Milliseconds that one attempt may take, the reading of the answer included. */
  timeout?: number;
  /** How often a request may be sent again. */
  retries?: number;
  /** Milliseconds before the first repetition, about; each further one waits twice as long. */
  pause?: number;
  fetch?: typeof fetch;
}

export interface Options {
  /** Ends the request, its retries and the waits between them. */
  signal?: AbortSignal | undefined;
  timeout?: number | undefined;
  /** How often this request may be sent again, if it is one that may. */
  retries?: number | undefined;
}

export interface Call<T> extends Options {
  method: string;
  path: string;
  query?: object | undefined;
  body?: unknown;
  /** A body that is sent as it is. */
  file?: Blob | undefined;
  headers?: Record<string, string | undefined>;
  /** Whether sending it twice does no more than sending it once. */
  repeatable: boolean;
  /** A request that was repeated and now finds nothing has done its work the first time. */
  done404?: boolean;
  /** Sent without a token. */
  anonymous?: boolean;
  /** A token that is known to have run out. */
  refused?: string | undefined;
  /** Nobody asks for it twice. */
  passing?: boolean;
  read: (response: Response, token: string | null) => T | Promise<T>;
}

const TIMEOUT = 10_000;
const RETRIES = 3;
const PAUSE = 300;
const LONGEST_PAUSE = 10_000;
const GATEWAY = [502, 503, 504];
const REMEMBERED = 100;

interface Remembered {
  etag: string;
  value: unknown;
}

/** By path and query. */
type Memory = Map<string, Remembered>;

export class Transport {
  readonly #settings: Settings;
  readonly #etags = new WeakMap<object, string>();
  #memory: Memory = new Map();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Forget every answer: they were another user's. What was begun for that user is not sent in the next one's name. */
  forget(): void {
    this.#memory = new Map();
  }

  /** The `ETag` with which this very object came. */
  etagOf(value: object): string | undefined {
    return this.#etags.get(value);
  }

  /** Raises `Problem`, `Unreachable`, or the reason for which the caller's signal was aborted. */
  async send<T>(call: Call<T>): Promise<T> {
    const memory = this.#memory; // another one, once the user is another
    for (let failures = 0; ; failures++) {
      call.signal?.throwIfAborted();
      try {
        return await this.#authorised(call, memory);
      } catch (error) {
        if (call.done404 && failures > 0 && error instanceof Problem && error.status === 404) return undefined as T;
        const { retries = RETRIES, pause: first = PAUSE } = this.#settings;
        const pause =
          failures < (call.retries ?? retries) && call.repeatable
            ? pauseAfter(error, first * 2 ** failures)
            : undefined;
        if (pause === undefined) throw error;
        await sleep(pause, call.signal);
      }
    }
  }

  /** With a token, and once more with another if it was refused. */
  async #authorised<T>(call: Call<T>, memory: Memory): Promise<T> {
    if (call.anonymous) return this.#attempt(call, memory, null);
    const token = await this.#token(call, memory, call.refused);
    try {
      return await this.#attempt(call, memory, token);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 401)) throw error;
      const another = await this.#token(call, memory, token);
      if (another === token) throw error;
      return await this.#attempt(call, memory, another);
    }
  }

  async #token<T>(call: Call<T>, memory: Memory, refused?: string): Promise<string> {
    const token = await unlessAborted(Promise.resolve(this.#settings.token(refused)), call.signal);
    if (token === null || memory !== this.#memory) throw Problem.signedOut();
    return token;
  }

  async #attempt<T>(call: Call<T>, memory: Memory, token: string | null): Promise<T> {
    const { baseUrl = "", timeout = TIMEOUT, fetch = globalThis.fetch } = this.#settings;
    const path = call.path + search(call.query);
    const body = call.file ?? (call.body === undefined ? null : JSON.stringify(call.body));
    const known = call.method === "GET" && !call.passing ? memory.get(path) : undefined;
    call.signal?.throwIfAborted();
    // By hand: browsers that are in use do not have `AbortSignal.any`.
    const attempt = new AbortController();
    const end = () => attempt.abort();
    const deadline = setTimeout(end, call.timeout ?? timeout);
    call.signal?.addEventListener("abort", end);
    try {
      const response = await fetch(baseUrl + path, {
        method: call.method,
        headers: headers({
          Authorization: token === null ? undefined : `Bearer ${token}`,
          "If-None-Match": known?.etag,
          "Content-Type": call.file ? "application/octet-stream" : body === null ? undefined : "application/json",
          ...call.headers,
        }),
        body,
        cache: "no-store", // what was read is remembered here, and not on someone's disk
        signal: attempt.signal,
      });
      if (response.status === 304 && known) return remember(memory, path, known) as T;
      if (!response.ok) throw await Problem.of(response);
      return this.#keep(memory, call, path, response.headers.get("ETag"), await call.read(response, token));
    } catch (error) {
      if (error instanceof Problem) throw error;
      call.signal?.throwIfAborted();
      throw new Unreachable(sentence(error, attempt.signal), { cause: error });
    } finally {
      clearTimeout(deadline);
      call.signal?.removeEventListener("abort", end);
    }
  }

  #keep<T>(memory: Memory, call: Call<T>, path: string, etag: string | null, value: T): T {
    if (etag !== null && typeof value === "object" && value !== null) {
      this.#etags.set(value, etag);
      if (call.method === "GET" && !call.passing) remember(memory, path, { etag, value });
    }
    return value;
  }
}

/** Milliseconds until the request is sent again; undefined when that would not help, or be too late. */
function pauseAfter(error: unknown, about: number): number | undefined {
  const backoff = about * (0.5 + Math.random());
  if (error instanceof Unreachable) return backoff;
  if (!(error instanceof Problem && (GATEWAY.includes(error.status) || error.is("still-running")))) return undefined;
  if (error.retryAfter === undefined) return backoff;
  // Never earlier than asked, and not all clients at the same moment.
  const wanted = error.retryAfter * 1000 + backoff;
  return wanted <= LONGEST_PAUSE ? wanted : undefined;
}

/** Newest last, and the oldest dropped. */
function remember(memory: Memory, path: string, entry: Remembered): unknown {
  memory.delete(path);
  memory.set(path, entry);
  for (const oldest of memory.keys()) {
    if (memory.size <= REMEMBERED) break;
    memory.delete(oldest);
  }
  return entry.value;
}

function search(query: object = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one: unknown) => [name, one] as const),
  );
  const given = pairs.filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

function headers(values: Record<string, string | undefined>): [string, string][] {
  return Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined);
}

function sentence(error: unknown, attempt: AbortSignal): string {
  if (attempt.aborted) return "The service did not answer in time.";
  if (error instanceof SyntaxError) return "The answer did not come from the service.";
  return "The service cannot be reached.";
}
