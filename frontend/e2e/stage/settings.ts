/** What the tests are told of the stack that they run against, by the environment. */

const { env } = process;

/** The page's origin: the embedded stack's, or the gateway's. */
export const BASE = env["TASKLANE_URL"] ?? "http://127.0.0.1:8000";

/** The same page before an API that takes three writes at once and then one every two seconds; tests skip without. */
export const LIMITED = env["TASKLANE_LIMITED_URL"];

/** Commands that stop the API and start it again, and return when that is done; tests skip without. */
export const STOP_API = env["TASKLANE_STOP_API"];
export const START_API = env["TASKLANE_START_API"];

/** Where pictures of the main states go; none are taken without. */
export const PICTURES = env["TASKLANE_PICTURES"];

/** Milliseconds for what comes by itself: it is waited for no longer than it takes, and on a busy machine that is long. */
export const PATIENCE = 60_000;

/** A seed with which everything is slow, and each time in another place: see shake.ts. */
export const SHAKE = env["TASKLANE_SHAKE"];

export const CHROMIUM = env["TASKLANE_CHROMIUM"] ?? "/usr/bin/chromium";

export interface App {
  name: "next" | "vite";
  url: string;
  /** Of somebody's session. */
  cookie: string;
  /** A command that has another client of theirs add a task, `from elsewhere`. */
  elsewhere: string;
}

/** The applications with the packed client; tests skip without. */
export const APPS = JSON.parse(env["TASKLANE_APPS"] ?? "[]") as App[];
