/** What `watch` does: one position in the list's changes, and every way to learn what comes after it. */

import type { Api, Changes, EventStream, ServerEvent } from "./api.js";
import { changes } from "./changes.js";
import { Problem } from "./problem.js";
import { Bell } from "./wait.js";
import type { Pace, WatchOptions, WatchState } from "./watch.js";

const PACE: Pace = {
  silence: 40_000,
  patience: 10_000,
  moment: 1_000,
  question: 4_000,
  trial: 30_000,
  pause: 1_000,
  longest: 30_000,
};
/** Whoever's stream ends sooner than that again and again asks longer and longer before the next one. */
const HASTY = 1_000;
const MAY_PASS = [408, 425, 429];

type Told<Result> = AsyncGenerator<Changes, Result, undefined>;

interface Opened {
  readonly stream: EventStream;
  readonly since: string | undefined;
}

/** What is under way while other things go on. */
interface Coming<T> {
  readonly over: Promise<void>;
  value?: T;
  failure?: unknown;
}

interface Asker {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export class Watcher {
  readonly #api: Api;
  readonly #options: WatchOptions;
  readonly #pace: Pace;
  readonly #bell = new Bell();
  readonly #end = new AbortController();
  /** Up to where everything was told. */
  #at: string | undefined;
  #askers: Asker[] = [];
  #state: WatchState | undefined;
  #online = false;
  #over = false;
  #failure: unknown;

  constructor(api: Api, options: WatchOptions) {
    this.#api = api;
    this.#options = options;
    this.#pace = { ...PACE, ...options.pace };
    this.#at = options.since;
  }

  ask(): Promise<void> {
    if (this.#over) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#askers.push({ resolve, reject });
      this.#bell.ring();
    });
  }

  async *run(): Told<never> {
    const { signal } = this.#options;
    const stop = () => {
      this.#end.abort(signal?.reason);
      this.#bell.ring();
    };
    const online = () => {
      this.#online = true;
      this.#bell.ring();
    };
    signal?.addEventListener("abort", stop);
    globalThis.addEventListener?.("online", online);
    try {
      if (signal?.aborted) stop();
      for (let hasty = 0, refused: string | undefined; ;) {
        const opened = yield* this.#reach(refused, hasty > 1 ? this.#backoff(hasty - 1) : 0);
        const began = performance.now();
        const ending = yield* this.#follow(opened);
        hasty = performance.now() - began < HASTY ? hasty + 1 : 0;
        refused = (ending === "expired" && opened.stream.token) || undefined;
        const atOnce = ending === "expired" || ending === "resynchronise";
        yield* this.#rest(atOnce ? 0 : (opened.stream.retry ?? this.#backoff(0)));
      }
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#over = true;
      signal?.removeEventListener("abort", stop);
      globalThis.removeEventListener?.("online", online);
      this.#end.abort(this.#ended);
      for (const { reject } of this.#askers.splice(0)) reject(this.#ended);
    }
  }

  /** Until a stream is open, ask: at once when it is refused, after a moment when it only does not come. */
  async *#reach(refused: string | undefined, later: number): Told<Opened> {
    let trial = this.#at === undefined || later > 0 ? null : coming(this.#open(refused));
    let [failures, trials, tryAt] = [0, 0, performance.now() + later];
    let askAt = this.#at === undefined ? 0 : performance.now() + this.#pace.moment;
    try {
      for (;;) {
        if (trial?.value) {
          const opened = trial.value;
          trial = null;
          return opened;
        }
        if (trial?.failure !== undefined) {
          if (this.#isGone(trial.failure) || trials === 0) askAt = 0;
          tryAt = soon(this.#pace.trial * Math.min(10, 2 ** trials++), trial.failure);
          trial = null;
        }
        if (this.#askers.length || this.#online || performance.now() >= askAt) {
          const failure = yield* this.#ask();
          if (failure === undefined && failures > 0) failures = trials = tryAt = 0; // the service is back
          askAt = failure === undefined ? soon(this.#pace.question) : soon(this.#backoff(failures++), failure);
          this.#tell(failure === undefined || (failure instanceof Problem && failure.status < 500) ? "asking" : "away");
        }
        const mayTry = trial === null && failures === 0 && this.#at !== undefined;
        if (mayTry && performance.now() >= tryAt) trial = coming(this.#open(refused));
        await this.#pause(mayTry && trial === null ? Math.min(askAt, tryAt) : askAt, trial?.over);
      }
    } finally {
      const left = trial;
      void left?.over.then(() => left.value?.stream.close());
    }
  }

  /** A stream of which the first bytes are here: nobody holds it back. */
  async #open(refused: string | undefined): Promise<Opened> {
    const [since, signal, { patience }] = [this.#at, this.#end.signal, this.#pace];
    const stream = await this.#api.watchTasks({ since }, { signal, refused, timeout: patience });
    await stream.more(patience, signal);
    return { stream, since };
  }

  /** Tell what comes, and meanwhile what is asked for, until the stream ends; returns how. */
  async *#follow({ stream, since }: Opened): Told<"expired" | "reconnect" | "resynchronise" | "lost"> {
    this.#tell("live");
    let stands = since;
    try {
      for (;;) {
        const next = coming(stream.next(this.#pace.silence, this.#end.signal));
        while (next.value === undefined && next.failure === undefined) {
          if (this.#askers.length || this.#online) yield* this.#ask();
          else await this.#pause(undefined, next.over);
        }
        if (!next.value) return "lost";
        const { event } = next.value;
        if (event === "expired" || event === "reconnect") return event;
        if (event === "resynchronise" && this.#isGone(Problem.resynchronise())) return event;
        if (event !== "changes") continue;
        const page = parsed(next.value);
        if (page === null) return "lost";
        const begins = stands;
        stands = page.next;
        if (begins === this.#at) yield this.#reached(page);
        else if (page.next !== this.#at && (yield* this.#ask()) !== undefined) return "lost"; // somebody asked meanwhile
      }
    } finally {
      stream.close();
    }
  }

  /** Ask until nothing is left; returns what kept it from being told, unless that is for good. */
  async *#ask(): Told<unknown> {
    const askers = this.#askers.splice(0);
    this.#online = false;
    let failure: unknown = this.#ended;
    try {
      for (;;) {
        try {
          const options = { since: this.#at, signal: this.#end.signal, retries: 0 };
          for await (const page of changes(this.#api, options)) {
            if (this.#state !== "live") this.#tell("asking");
            if (page.next !== this.#at) yield this.#reached(page);
          }
          return (failure = undefined);
        } catch (error) {
          failure = error;
          if (!this.#isGone(error)) return error;
        }
      }
    } finally {
      for (const { resolve, reject } of askers)
        if (failure === undefined) resolve();
        else reject(failure);
    }
  }

  async *#rest(milliseconds: number): Told<void> {
    for (const until = performance.now() + milliseconds; performance.now() < until;) {
      if (this.#askers.length) yield* this.#ask();
      else await this.#pause(until);
    }
  }

  async #pause(until: number | undefined, promise?: Promise<unknown>): Promise<void> {
    if (!this.#end.signal.aborted) await this.#bell.heard(until && Math.max(0, until - performance.now()), promise);
    this.#end.signal.throwIfAborted();
  }

  #reached(page: Changes): Changes {
    this.#at = page.next;
    return page;
  }

  /** Whether everything is to be told anew now; raises what waiting does not mend. */
  #isGone(error: unknown): boolean {
    this.#end.signal.throwIfAborted();
    if (!(error instanceof Problem) || error.status < 400 || error.status >= 500 || MAY_PASS.includes(error.status))
      return false;
    if (error.status !== 410 || this.#at === undefined || !this.#options.onReset) throw error;
    this.#at = undefined;
    this.#options.onReset();
    return true;
  }

  #tell(state: WatchState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  #backoff(failures: number): number {
    return spread(Math.min(this.#pace.longest, this.#pace.pause * 2 ** failures));
  }

  get #ended(): unknown {
    const { signal } = this.#options;
    return signal?.aborted ? signal.reason : (this.#failure ?? new TypeError("The watch has ended."));
  }
}

function coming<T>(promise: Promise<T>): Coming<T> {
  const it: Coming<T> = {
    over: promise.then(
      (value) => void (it.value = value),
      (error: unknown) => void (it.failure = error),
    ),
  };
  return it;
}

function parsed({ data }: ServerEvent): Changes | null {
  try {
    return JSON.parse(data) as Changes;
  } catch {
    return null;
  }
}

/** By `performance.now()`; never earlier than the service has asked for. */
function soon(milliseconds: number, failure?: unknown): number {
  const wanted = failure instanceof Problem ? (failure.retryAfter ?? 0) * 1000 : 0;
  return performance.now() + Math.max(spread(milliseconds), wanted + spread(wanted / 5));
}

function spread(milliseconds: number): number {
  return milliseconds * (0.75 + Math.random() / 2);
}
