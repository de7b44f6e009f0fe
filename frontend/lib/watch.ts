/**
 * What changes in the list, as it changes.
 *
 *     for await (const { changes, next, more } of watch(api, { since, signal })) …
 *
 * Every page begins where the one before has ended, and none is missing, whatever became of connections, processes and
 * tokens meanwhile: keep `next` with what the pages have told, and nothing is ever told in vain.
 */

import type { Api, Changes } from "./api.js";
import type { ChangesOptions } from "./changes.js";
import { Watcher } from "./watcher.js";

export { changes, type ChangesOptions } from "./changes.js";

/** Changes come by themselves; they are asked for, as a stream does not come through; nobody answers. */
export type WatchState = "live" | "asking" | "away";

export interface WatchOptions extends Pick<ChangesOptions, "since" | "signal"> {
  onState?: ((state: WatchState) => void) | undefined;
  /**
   * It cannot be told what has changed since: called before all is told anew, so forget what is not told again. Without
   * this a `Problem` is raised then, with status 410.
   */
  onReset?: (() => void) | undefined;
  pace?: Partial<Pace> | undefined;
}

/** Milliseconds. What is not said to be exact is spread by a quarter or more, so that clients do not act as one. */
export interface Pace {
  /** A stream that is silent for longer is dead, exactly: the service sends something every 25 s. */
  silence: number;
  /** In which a stream's first bytes come, exactly, unless somebody holds them back. */
  patience: number;
  /** Before the first question, exactly: a stream that opens sooner saves it. */
  moment: number;
  /** Between two questions where streams do not come through. */
  question: number;
  /** Before such a stream is tried again; each further time twice as long, up to ten times. */
  trial: number;
  /** Before the first repetition of what failed; each further one waits twice as long, up to `longest`. */
  pause: number;
  longest: number;
}

export interface Watch extends AsyncGenerator<Changes, never, undefined> {
  /**
   * Ask now, say after a write of one's own; resolves when somebody has taken what there was to tell (asked for the page
   * that follows it, that is). Raises what kept it from being told; it will be told all the same.
   */
  ask(): Promise<void>;
}

/**
 * Never ends by itself. Raises the signal's reason, and the `Problem` that waiting does not mend: nobody is signed in
 * (401), or the service does not take the question (4xx). While nothing is asked of it, it reads nothing.
 */
export function watch(api: Api, options: WatchOptions = {}): Watch {
  const watcher = new Watcher(api, options);
  return Object.assign(watcher.run(), { ask: () => watcher.ask() });
}
