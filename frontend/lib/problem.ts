/** What can go wrong, as two classes: the service said no (`Problem`), or nothing came back (`Unreachable`). */

import type { components } from "./schema.js";

export type Fault = components["schemas"]["Fault"];
export type OperationResult = components["schemas"]["OperationResult"];
type Document = components["schemas"]["Problem"] & { results?: OperationResult[] };

const TYPE = "urn:tasklane:problem:";

/** An answer that is an error (RFC 9457). `message` is a sentence that a page can show as it is. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** What is wrong with which part: `#/title` a member of the body, `?limit` a parameter. */
  readonly errors: readonly Fault[];
  /** Of an atomic batch that failed: one result per operation. */
  readonly results: readonly OperationResult[];
  /** Seconds after which the service wants to be asked again, if it said so. */
  readonly retryAfter: number | undefined;
  /** With a 412: the `ETag` of the task as it now is. */
  readonly etag: string | undefined;
  /** What to look for in the service's log. */
  readonly requestId: string | undefined;

  constructor(document: Document, headers: Headers = new Headers()) {
    super(document.detail);
    this.type = document.type;
    this.title = document.title;
    this.status = document.status;
    this.detail = document.detail;
    this.errors = document.errors ?? [];
    this.results = document.results ?? [];
    this.retryAfter = seconds(headers.get("Retry-After"));
    this.etag = headers.get("ETag") ?? undefined;
    this.requestId = headers.get("X-Request-ID") ?? undefined;
  }

  /** What is wrong with one part, for the line under its field: `problem.at("#/title")`. */
  at(pointer: string): string | undefined {
    return this.errors.find((fault) => fault.pointer === pointer)?.detail;
  }

  /** Whether it is one of the service's own kinds: `invalid-input`, `still-running`, `outcome-unknown`, … */
  is(kind: string): boolean {
    return this.type === TYPE + kind;
  }

  /** The problem that an answer carries; one that a gateway made up says no more than its status. */
  static async of(response: Response): Promise<Problem> {
    const { status, headers } = response;
    if (headers.get("Content-Type")?.startsWith("application/problem+json")) {
      try {
        return new Problem({ ...BLANK, ...((await response.json()) as Partial<Document>), status }, headers);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    }
    return new Problem(
      { ...BLANK, title: response.statusText, status, detail: `The service answered ${status}.` },
      headers,
    );
  }

  /** What the service would say to `since` when it says in the middle of a stream that it cannot go on. */
  static resynchronise(): Problem {
    const detail = "What has changed since cannot be told. Begin anew, without since.";
    return new Problem({ ...BLANK, type: `${TYPE}resynchronise`, title: "Gone", status: 410, detail });
  }

  /** What the service would say to a request without a token. */
  static signedOut(): Problem {
    return new Problem({ ...BLANK, title: "Unauthorized", status: 401, detail: "You are signed out." });
  }
}

/** No answer: offline, the service away, the time over. Whether a change was made nobody can say. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

const BLANK = { type: "about:blank", title: "", status: 0, detail: "Something went wrong." };

/** `Retry-After` in either form; undefined when it is in neither. */
function seconds(value: string | null): number | undefined {
  if (value === null) return undefined;
  const given = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(given) ? undefined : Math.max(0, given);
}
