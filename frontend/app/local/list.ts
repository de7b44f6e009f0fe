/**
 * The user's list in this tab: from the disk at once, then kept true by a mirror. One tab of the browser, the keeper,
 * writes it to the disk. A tab that nobody looks at and that keeps nothing holds no connection.
 */

import { type Api, Unreachable } from "../../lib/api";
import { type Mirror, mirror } from "../../lib/mirror";
import type { Task } from "../data/types";
import type { Connection } from "../sync/connection";
import { Store } from "../sync/store";
import type { Drawer, ListChange } from "./disk";
import type { Tabs } from "./tabs";

export type Tasks = ReadonlyMap<number, Task>;

interface Settings {
  api: Api;
  connection: Connection;
  drawer: Drawer;
  tabs: Tabs;
}

/** What was asked, to the connection. */
const LIST = "tasks";

export class LocalList {
  /** Null until something is known. */
  readonly tasks = new Store<Tasks | null>(null);
  /** Why nothing newer can be had, when that is not because the service is away. */
  readonly error = new Store<Error | null>(null);
  readonly #settings: Settings;
  #token: string | null = null;
  #keeps = false;
  /** What is kept lacks a change: the disk was full, say. */
  #isBehind = false;
  #mirror: Mirror | null = null;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Until the signal. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#load();
    if (signal.aborted) return;
    const look = () => this.#run(!signal.aborted && (this.#keeps || document.visibilityState === "visible"));
    document.addEventListener("visibilitychange", look, { signal });
    signal.addEventListener("abort", () => {
      this.#keeps = false;
      look();
    });
    look();
    // Without locks two tabs could both keep it, and what is kept would be neither's.
    const { tabs } = this.#settings;
    if (tabs.canHold) tabs.hold("list", signal, () => void this.#keep().then(look));
  }

  /** Everything that the service has acknowledged by now is in the list when this returns. */
  async refresh(): Promise<void> {
    if (!this.#mirror) throw new Error("nobody looks at the list");
    await this.#settings.connection.watch(LIST, this.#mirror.refresh());
    this.error.set(null);
  }

  /** Who follows the list knows it as well as the last keeper did; who does not has fallen behind. */
  async #keep(): Promise<void> {
    this.#keeps = true;
    if (this.#mirror && this.#token !== null) await this.#write(this.#whole(this.#token));
    else await this.#load();
  }

  async #load(): Promise<void> {
    const known = await this.#settings.drawer.list();
    if (known && !this.#mirror) this.#show(known.token, byId(known.tasks));
  }

  #run(wanted: boolean): void {
    if (wanted === (this.#mirror !== null)) return;
    this.#mirror?.close();
    this.#mirror = null;
    if (!wanted) return;
    const started = mirror(this.#settings.api, {
      store: { load: () => Promise.resolve(this.#known()), apply: (change) => this.#apply(change) },
      onError: (error) => {
        if (this.#mirror === started) this.error.set(error instanceof Error ? error : new Error(String(error)));
      },
    });
    started.subscribe(() => {
      if (this.#mirror === started) this.#heard(started.state);
    });
    this.#mirror = started;
  }

  #known(): { token: string; tasks: Task[] } | null {
    const tasks = this.tasks.get();
    return this.#token === null || !tasks ? null : { token: this.#token, tasks: [...tasks.values()] };
  }

  /** What is shown and what is kept go the same steps, so that a new keeper begins between two of them. */
  async #apply(change: ListChange): Promise<void> {
    const tasks = new Map(change.reset ? [] : this.tasks.get());
    for (const id of change.removed) tasks.delete(id);
    for (const task of change.put) tasks.set(task.id, task);
    this.#show(change.token, tasks);
    if (this.#keeps) await this.#write(this.#isBehind ? this.#whole(change.token) : change);
  }

  async #write(change: ListChange): Promise<void> {
    this.#isBehind = true;
    this.#isBehind = !(await this.#settings.drawer.keepList(change));
  }

  #whole(token: string): ListChange {
    return { token, put: [...(this.tasks.get()?.values() ?? [])], removed: [], reset: true };
  }

  #show(token: string, tasks: Tasks): void {
    this.#token = token;
    this.tasks.set(tasks);
  }

  #heard(state: Mirror["state"]): void {
    const { connection } = this.#settings;
    if (state === "away") connection.failed(LIST, new Unreachable("The service cannot be reached."));
    if (state !== "live" && state !== "asking") return;
    this.error.set(null);
    connection.answered(LIST);
  }
}

function byId(tasks: readonly Task[]): Tasks {
  return new Map(tasks.map((task) => [task.id, task]));
}
