/** A mirror for as long as a query of TanStack's is observed: what it shows is what the query has. */

import type { Query, QueryClient } from "@tanstack/react-query";
import type { Api, Task } from "../api.js";
import { mirror, type Mirror } from "../mirror.js";
import { unlessAborted } from "../wait.js";

/** What the query has. */
export interface Followed {
  readonly token: string | null;
  /** The newest first. */
  readonly tasks: readonly Task[];
  readonly state: Mirror["state"];
  /** For which the mirror rests. */
  readonly error: Error | null;
}

const followers = new WeakMap<object, Follower>();

/** Goes on from where the query's data ends, and ends with the query's last observer. */
export function follower(client: QueryClient, query: Query<Followed>, api: Api): Follower {
  let found = followers.get(query);
  if (!found) followers.set(query, (found = new Follower(client, query, api)));
  return found;
}

/** What is shown now; undefined where nobody follows, or nothing is known. */
export function shownBy(query: object | undefined): Followed | undefined {
  return query && followers.get(query)?.shown;
}

/** Whether nothing comes unless it is asked for. */
export function isResting(query: object): boolean {
  return !followers.has(query) || shownBy(query)?.error != null;
}

class Follower {
  shown: Followed | undefined;
  readonly #client: QueryClient;
  readonly #query: Query<Followed>;
  readonly #mirror: Mirror;
  readonly #leave: () => void;
  #error: Error | null = null;
  /** What `shown.tasks` is made of. */
  #map: Mirror["tasks"] | null = null;

  constructor(client: QueryClient, query: Query<Followed>, api: Api) {
    this.#client = client;
    this.#query = query;
    const { token = null, tasks = [] } = query.state.data ?? {};
    const load = async () => (token === null ? null : { token, tasks: [...tasks] });
    this.#mirror = mirror(api, {
      store: { load, apply: async () => {} },
      onError: (error) => {
        this.#error = error as Error;
        this.#show();
      },
    });
    this.#mirror.subscribe(() => this.#show());
    this.#leave = client.getQueryCache().subscribe((event) => {
      if (event.query !== query) return;
      if (event.type === "removed") this.#close();
      // Who goes may be back at once, on the next page or in React's strict mode.
      if (event.type === "observerRemoved") queueMicrotask(() => query.getObserversCount() || this.#close());
    });
  }

  /** Until nothing is new. Raises what keeps that from being known; if waiting helps, the mirror goes on all the same. */
  async ask(signal: AbortSignal): Promise<Followed> {
    await unlessAborted(this.#mirror.refresh(), signal);
    this.#error = null;
    return this.#look();
  }

  #show(): void {
    if (this.#mirror.token !== null) this.#client.setQueryData(this.#query.queryKey, this.#look());
  }

  #look(): Followed {
    const { token, tasks: map, state } = this.#mirror;
    const tasks = this.shown && map === this.#map ? this.shown.tasks : [...map.values()].sort((a, b) => b.id - a.id);
    this.#map = map;
    return (this.shown = { token, tasks, state, error: this.#error });
  }

  #close(): void {
    this.#leave();
    this.#mirror.close();
    followers.delete(this.#query);
  }
}
