/**
 * Everything that a person does goes through here: it shows at once, is sent in order, one after another, and is kept,
 * across reloads too, until the service has acknowledged it. What the service refuses disappears from the lists again
 * and is handed back with the reason.
 */

import type { Api } from "../../lib/api";
import type { Task } from "../data/types";
import type { Connection } from "./connection";
import { failureOf, sentenceOf } from "./failure";
import { BATCH_LIMIT, send } from "./send";
import type { TabStorage } from "./storage";
import { Store } from "./store";
import { isTemporary, rebased, tasksOf, type Write } from "./writes";

export interface Entry {
  /** Also its `Idempotency-Key`. */
  readonly key: string;
  readonly write: Write;
  readonly state: "waiting" | "sending" | "sent";
  /** Whether it may have reached the service. */
  readonly tried: boolean;
}

export interface Refusal {
  readonly key: string;
  readonly write: Write;
  readonly reason: string;
  readonly error: unknown;
}

/** What became of a write at first: it is done, it is kept until the service answers, or it will not be done. */
export type Outcome = { result: "sent" | "kept" } | { result: "refused"; refusal: Refusal };

interface Settings {
  api: Api;
  connection: Connection;
  storage: TabStorage;
  /** Everything was sent: fetch the truth. Raises when it cannot be had. */
  refresh: () => Promise<void>;
  /** A write was refused that nobody waits for any more. */
  onRefusal: (refusal: Refusal) => void;
}

const STORED = "outbox";
const MADE = "made";

export class Outbox {
  readonly entries = new Store<readonly Entry[]>([]);
  readonly #settings: Settings;
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  /** By temporary id, the one that the service gave: an open form and an "Undo" know no other than the first. */
  readonly #made: Map<number, number>;
  readonly #shownAs: Map<number, number>;
  #busy = false;
  #stale = false;
  #closed = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.entries.set((settings.storage.read<Entry[]>(STORED) ?? []).map((entry) => ({ ...entry, state: "waiting" })));
    this.#made = new Map(settings.storage.read<[number, number][]>(MADE) ?? []);
    this.#shownAs = new Map([...this.#made].map(([temporary, id]) => [id, temporary]));
  }

  /** Send what an earlier visit left, and what comes. */
  open(): void {
    this.#closed = false;
    void this.flush();
  }

  /** Nothing is sent or stored from here on: what is still under way comes back to nobody. */
  close(): void {
    this.#closed = true;
  }

  /** How many writes the service has not acknowledged. */
  get unsent(): number {
    return this.entries.get().filter(({ state }) => state !== "sent").length;
  }

  /** The id under which a task came into the list: it stays the same row when the service gives it another. */
  shownAs(id: number): number {
    return this.#shownAs.get(id) ?? id;
  }

  /** Do it: the lists show it when this returns, and the promise tells what the service made of it. */
  add(write: Write): Promise<Outcome> {
    const entries = portions(this.#renamed(write)).map(
      (part) => ({ key: newKey(), write: part, state: "waiting", tried: false }) as const,
    );
    const outcomes = entries.map(({ key }) => new Promise<Outcome>((resolve) => this.#waiting.set(key, resolve)));
    this.#change([...this.entries.get(), ...entries]);
    if (this.#settings.connection.link.get().state === "ready") void this.flush();
    else this.#keep();
    return Promise.all(outcomes).then((all) => all.find(({ result }) => result !== "sent") ?? { result: "sent" });
  }

  /** Send what waits, as far as the service answers. */
  readonly flush = async (): Promise<void> => {
    if (this.#busy || this.#closed) return;
    this.#busy = true;
    try {
      for (let next = this.#next(); next; next = this.#next()) if (!(await this.#send(next))) return;
      await this.#settle();
    } finally {
      this.#busy = false;
    }
    if (this.#next()) void this.flush();
  };

  /** About its tasks by the ids that they have by now. */
  #renamed(write: Write): Write {
    return tasksOf(write).reduce((newer, task) => {
      const id = this.#made.get(task.id);
      return id === undefined ? newer : rebased(newer, task.id, { ...task, id });
    }, write);
  }

  #next(): Entry | undefined {
    return this.entries.get().find(({ state }) => state === "waiting");
  }

  /** Whether to go on with the next one. */
  async #send(entry: Entry): Promise<boolean> {
    const { api, connection } = this.#settings;
    this.#update(entry.key, { state: "sending", tried: true });
    try {
      const tasks = await connection.watch("writes", send(api, entry.write, entry.key));
      if (this.#closed) return false;
      this.#done(entry, tasks);
      return true;
    } catch (error) {
      if (this.#closed) return false;
      const failure = failureOf(error);
      if (failure === "refused") {
        this.#refuse(entry, error);
        return true;
      }
      this.#update(entry.key, { state: "waiting" });
      this.#keep();
      return false;
    }
  }

  /** Later writes about the same tasks are made on top of what the service has now. */
  #done(entry: Entry, tasks: readonly Task[]): void {
    const pairs = tasksOf(entry.write).map((was, index) => [was.id, tasks[index]] as const);
    let entries = this.entries.get();
    for (const [was, task] of pairs) {
      if (!task) continue;
      if (isTemporary(was)) this.#name(was, task.id);
      entries = entries.map((one) => ({ ...one, write: rebased(one.write, was, task) }));
    }
    this.#change(entries.map((one) => (one.key === entry.key ? { ...one, state: "sent" } : one)));
    this.#stale = true;
    this.#resolve(entry.key, { result: "sent" });
  }

  #name(temporary: number, id: number): void {
    this.#made.set(temporary, id);
    this.#shownAs.set(id, temporary);
    this.#settings.storage.write(MADE, [...this.#made]);
  }

  /** What depends on a task that will never be is dropped with it; what was typed into that is handed back with it. */
  #refuse(entry: Entry, error: unknown): void {
    const lost = entry.write.kind === "create" ? entry.write.task.id : null;
    const depends = ({ write }: Entry) => tasksOf(write).some((task) => task.id === lost);
    const dropped = this.entries.get().filter((one) => one.key === entry.key || depends(one));
    const write = dropped.map((one) => one.write).reduce(together);
    const refusal = { key: entry.key, write, reason: sentenceOf(error), error };
    this.#change(this.entries.get().filter((one) => !dropped.includes(one)));
    this.#stale = true;
    const [isAwaited] = dropped.map(({ key }) => this.#resolve(key, { result: "refused", refusal }));
    if (!isAwaited) this.#settings.onRefusal(refusal);
  }

  /** Drop what was sent once the lists have come anew; until then it stays on top of the old ones. */
  async #settle(): Promise<void> {
    if (!this.#stale) return;
    const sent = new Set(this.entries.get().filter(({ state }) => state === "sent"));
    try {
      await this.#settings.refresh();
    } catch {
      return; // whoever fetched it has told the connection, which calls again
    }
    this.#stale = false;
    this.#change(this.entries.get().filter((entry) => !sent.has(entry)));
  }

  /** Who waits for an outcome is told that the service does not answer. */
  #keep(): void {
    for (const { key } of this.entries.get()) this.#resolve(key, { result: "kept" });
  }

  #update(key: string, change: Partial<Entry>): void {
    this.#change(this.entries.get().map((entry) => (entry.key === key ? { ...entry, ...change } : entry)));
  }

  #resolve(key: string, outcome: Outcome): boolean {
    const resolve = this.#waiting.get(key);
    this.#waiting.delete(key);
    resolve?.(outcome);
    return resolve !== undefined;
  }

  #change(entries: readonly Entry[]): void {
    if (this.#closed) return;
    const unsent = entries.filter(({ state }) => state !== "sent");
    this.#settings.storage.write(STORED, unsent.length ? unsent : null);
    this.entries.set(entries);
  }
}

/** A new task with what was changed of it before it was one. */
function together(made: Write, later: Write): Write {
  if (made.kind !== "create" || later.kind !== "edit") return made;
  return { ...made, task: { ...made.task, ...later.changes } };
}

/** As many as one batch may hold. */
function portions(write: Write): Write[] {
  if (!("tasks" in write) || write.tasks.length <= BATCH_LIMIT) return [write];
  const starts = Array.from({ length: Math.ceil(write.tasks.length / BATCH_LIMIT) }, (_, index) => index * BATCH_LIMIT);
  return starts.map((start) => ({ ...write, tasks: write.tasks.slice(start, start + BATCH_LIMIT) }));
}

/** `crypto.randomUUID` is missing where a page came over plain http from another machine. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
