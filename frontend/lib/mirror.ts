/**
 * The list, held here and kept true.
 *
 *     const list = mirror(api, { signal });
 *     list.subscribe(() => render(list.tasks, list.state));
 *
 * What it shows was the list at some moment, whole and never between two of its states, and it only goes forward.
 */

import type { Api, Changes, Task } from "./api.js";
import { watch, type Watch, type WatchState } from "./watch.js";

/** Keeps a mirror over reloads. Several mirrors may share one: whoever loads it is told again what they are unsure of. */
export interface MirrorStore {
  load(): Promise<{ token: string; tasks: Task[] } | null>;
  /** One transaction: everything or nothing. `reset`: forget all others. */
  apply(change: { token: string; put: Task[]; removed: number[]; reset: boolean }): Promise<void>;
}

export interface MirrorOptions {
  store?: MirrorStore | undefined;
  signal?: AbortSignal | undefined;
  /**
   * The store failed: the list goes on without it, and gives it the whole with the next change. Or a `Problem` that
   * waiting does not mend, say that nobody is signed in: the mirror rests until `refresh`.
   */
  onError?: ((error: unknown) => void) | undefined;
}

export interface Mirror {
  /** By id, in no order. Another map with each change, and the same task while it is unchanged. */
  readonly tasks: ReadonlyMap<number, Task>;
  /** Of what is shown; null while nothing is known. */
  readonly token: string | null;
  /** `loading` until it is known whether anybody answers. */
  readonly state: "loading" | WatchState;
  subscribe(listener: () => void): () => void;
  /** Ask now until nothing is new, say after a write; raises what keeps it from being asked. */
  refresh(): Promise<void>;
  /** Nobody is told of anything any more. */
  close(): void;
}

export function mirror(api: Api, options: MirrorOptions = {}): Mirror {
  return new LocalMirror(api, options);
}

class LocalMirror implements Mirror {
  tasks: ReadonlyMap<number, Task> = new Map();
  token: string | null = null;
  state: Mirror["state"] = "loading";
  readonly #api: Api;
  readonly #options: MirrorOptions;
  readonly #listeners = new Set<() => void>();
  readonly #end = new AbortController();
  readonly #loaded: Promise<void>;
  #watch: Watch | null = null;
  /** Told, and not to be shown before the rest of it. */
  #put = new Map<number, Task>();
  #removed = new Set<number>();
  #reset = true;
  /** The store lacks something. */
  #unstored = false;

  constructor(api: Api, options: MirrorOptions) {
    this.#api = api;
    this.#options = options;
    const { signal } = options;
    if (signal?.aborted) this.#end.abort(signal.reason);
    signal?.addEventListener("abort", this.#stop);
    this.#loaded = this.#load().then(() => this.#start());
  }

  /** One function for its whole life, as `useSyncExternalStore` wants it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  async refresh(): Promise<void> {
    await this.#loaded;
    this.#end.signal.throwIfAborted();
    this.#start();
    await this.#watch?.ask();
  }

  close(): void {
    this.#stop();
  }

  readonly #stop = () => {
    const { signal } = this.#options;
    signal?.removeEventListener("abort", this.#stop);
    this.#end.abort(signal?.aborted ? signal.reason : undefined);
    this.#listeners.clear();
  };

  async #load(): Promise<void> {
    const stored = await this.#options.store?.load().catch((error: unknown) => this.#failed(error));
    if (!stored || this.#end.signal.aborted) return;
    this.#reset = false;
    this.token = stored.token;
    this.tasks = new Map(stored.tasks.map((task) => [task.id, task]));
    this.#tell();
  }

  #start(): void {
    if (this.#watch || this.#end.signal.aborted) return;
    const watching = watch(this.#api, {
      since: this.token ?? undefined,
      signal: this.#end.signal,
      onState: (state) => this.#enter(state),
      onReset: () => this.#forget({ reset: true }),
    });
    this.#watch = watching;
    this.#follow(watching).catch((error: unknown) => {
      if (this.#end.signal.aborted) return;
      this.#watch = null;
      this.#forget({ reset: this.token === null });
      this.#enter("away");
      this.#failed(error);
    });
  }

  async #follow(pages: Watch): Promise<void> {
    for await (const page of pages) {
      this.#collect(page.changes);
      if (!page.more) await this.#show(page.next);
    }
  }

  #collect(changes: Changes["changes"]): void {
    for (const change of changes) {
      const gone = !("title" in change);
      if (gone) this.#put.delete(change.id);
      else this.#put.set(change.id, change);
      this.#removed[gone ? "add" : "delete"](change.id);
    }
  }

  /** What was collected is whole now. */
  async #show(token: string): Promise<void> {
    const [put, removed, reset] = [this.#put, this.#removed, this.#reset];
    this.#forget({ reset: false });
    const tasks = new Map(reset ? [] : this.tasks);
    for (const [id, task] of put) tasks.set(id, task);
    for (const id of removed) tasks.delete(id);
    this.tasks = tasks;
    this.token = token;
    this.#tell();
    const all = reset || this.#unstored;
    const change = { token, put: [...(all ? tasks : put).values()], removed: all ? [] : [...removed], reset: all };
    try {
      await this.#options.store?.apply(change);
      this.#unstored = false;
    } catch (error) {
      this.#unstored = true;
      this.#failed(error);
    }
  }

  #forget({ reset }: { reset: boolean }): void {
    [this.#put, this.#removed, this.#reset] = [new Map(), new Set(), reset];
  }

  #enter(state: WatchState): void {
    if (state === this.state) return;
    this.state = state;
    this.#tell();
  }

  #failed(error: unknown): null {
    if (!this.#end.signal.aborted) this.#options.onError?.(error);
    return null;
  }

  #tell(): void {
    if (!this.#end.signal.aborted) for (const listener of [...this.#listeners]) listener();
  }
}
