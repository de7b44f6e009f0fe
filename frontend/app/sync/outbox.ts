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

export class Outbox {
  readonly entries = new Store<readonly Entry[]>([]);
  readonly #settings: Settings;
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  readonly #shownAs = new Map<number, number>();
  #busy = false;
  #stale = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.entries.set((settings.storage.read<Entry[]>(STORED) ?? []).map((entry) => ({ ...entry, state: "waiting" })));
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
    const entries = portions(write).map(
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
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#next(); next; next = this.#next()) if (!(await this.#send(next))) return;
      await this.#settle();
    } finally {
      this.#busy = false;
    }
    if (this.#next()) void this.flush();
  };

  #next(): Entry | undefined {
    return this.entries.get().find(({ state }) => state === "waiting");
  }

  /** Whether to go on with the next one. */
  async #send(entry: Entry): Promise<boolean> {
    const { api, connection } = this.#settings;
    this.#update(entry.key, { state: "sending", tried: true });
    try {
      const tasks = await connection.watch("writes", send(api, entry.write, entry.key));
      this.#done(entry, tasks);
      return true;
    } catch (error) {
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
      if (isTemporary(was)) this.#shownAs.set(task.id, was);
      entries = entries.map((one) => ({ ...one, write: rebased(one.write, was, task) }));
    }
    this.#change(entries.map((one) => (one.key === entry.key ? { ...one, state: "sent" } : one)));
    this.#stale = true;
    this.#resolve(entry.key, { result: "sent" });
  }

  /** What depends on a task that will never be is dropped with it. */
  #refuse(entry: Entry, error: unknown): void {
    const lost = entry.write.kind === "create" ? entry.write.task.id : null;
    const refusal = { key: entry.key, write: entry.write, reason: sentenceOf(error), error };
    this.#change(
      this.entries
        .get()
        .filter(({ key, write }) => key !== entry.key && !tasksOf(write).some((task) => task.id === lost)),
    );
    this.#stale = true;
    if (!this.#resolve(entry.key, { result: "refused", refusal })) this.#settings.onRefusal(refusal);
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
    const unsent = entries.filter(({ state }) => state !== "sent");
    this.#settings.storage.write(STORED, unsent.length ? unsent : null);
    this.entries.set(entries);
  }
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
