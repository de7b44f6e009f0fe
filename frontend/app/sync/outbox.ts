/**
 * Everything that a person does goes through here: it shows at once, is sent in order, one after another, and is kept on
 * the disk until the service has acknowledged it and the list shows that. What the service refuses disappears from the
 * lists again and is handed back with the reason.
 *
 * Each tab sends what was done in it, and what tabs that are gone have left; all show everything.
 */

import { type Api, Unreachable } from "../../lib/api";
import { newKey } from "../../lib/key";
import type { Task } from "../data/types";
import type { Drawer } from "../local/disk";
import type { Tabs } from "../local/tabs";
import type { Connection } from "./connection";
import { failureOf, sentenceOf } from "./failure";
import { portions, send } from "./send";
import { Store } from "./store";
import { idsIn, isTemporary, rebased, tasksOf, type Write } from "./writes";
import { t } from "../text";

export interface Entry {
  /** Also its `Idempotency-Key`. */
  readonly key: string;
  /** The one in which it was done. */
  readonly tab: string;
  /** A number that rises with what is done. */
  readonly at: number;
  readonly write: Write;
  readonly state: "waiting" | "sending" | "sent";
  /** When it was first sent, and the newest id then; since then the service may have done it. Null: never sent. */
  readonly tried: { readonly at: number; readonly newest: number } | null;
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
  drawer: Pick<Drawer, "outbox" | "keepOutbox">;
  tabs: Pick<Tabs, "name" | "hold" | "tell" | "onTold">;
  /** The highest id in the list; the service gives ever higher ones. */
  newest: () => number;
  /** Everything was sent: have the lists show it. Raises when the truth cannot be had. */
  refresh: () => Promise<void>;
  /** A write was refused that nobody waits for any more. */
  onRefusal: (refusal: Refusal) => void;
}

/** Milliseconds for which the service surely knows an `Idempotency-Key`: an hour less than it says. */
const KEY_KNOWN = 23 * 60 * 60 * 1000;
/** To the other tabs. */
const CHANGED = "outbox";

export class Outbox {
  readonly entries = new Store<readonly Entry[]>([]);
  readonly #settings: Settings;
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  /** The tabs whose entries this one sends. */
  readonly #mine: Set<string>;
  readonly #known: Set<string>;
  /** By temporary id, the one that the service gave: an open form and an "Undo" know no other than the first. */
  readonly #made = new Map<number, number>();
  readonly #shownAs = new Map<number, number>();
  /** Keys of what is not on the disk as it is here. */
  readonly #unkept = new Set<string>();
  #lastAt = 0;
  #busy = false;
  #stale = false;
  #closed = true;
  /** What earlier visits left is known, and by which ids the service knows the tasks that this one still names otherwise. */
  #begun = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#mine = new Set([settings.tabs.name]);
    this.#known = new Set(this.#mine);
  }

  /** Send what comes, and what earlier visits left; until the signal. */
  async open(signal: AbortSignal): Promise<void> {
    const { tabs } = this.#settings;
    [this.#closed, this.#begun] = [false, false];
    signal.addEventListener("abort", () => this.close());
    tabs.hold(tabs.name, signal, () => {}); // whoever gets it after us knows that we are gone
    tabs.onTold(CHANGED, () => void this.#read(signal), signal);
    await this.#read(signal);
    if (signal.aborted) return;
    this.#begun = true;
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

  /** Whether closing the tab would lose one of them. */
  get isUnkept(): boolean {
    return this.entries.get().some(({ key, state }) => state !== "sent" && this.#unkept.has(key));
  }

  /** The id under which a task came into the list: it stays the same row when the service gives it another. */
  shownAs(id: number): number {
    return this.#shownAs.get(id) ?? id;
  }

  /** The id under which a task is in the list by now: whoever holds it from before knows its first one. */
  idOf(id: number): number {
    return this.#made.get(id) ?? id;
  }

  /** The service's id of a task, once there is one; raises `Unreachable` where none is to be had now. */
  named(id: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const now = this.idOf(id);
        const isComing = this.entries.get().some(({ write }) => write.kind === "create" && write.task.id === id);
        if (isTemporary(now) && isComing && this.#settings.connection.link.get().state === "ready") return;
        stop();
        if (isTemporary(now)) reject(new Unreachable("The service cannot be reached."));
        else resolve(now);
      };
      const stop = this.entries.subscribe(look);
      look();
    });
  }

  /** Do it: the lists show it when this returns, and the promise tells what the service made of it. */
  add(write: Write): Promise<Outcome> {
    const entries = portions(this.#renamed(write)).map(
      (part) =>
        ({
          key: newKey(),
          tab: this.#settings.tabs.name,
          at: this.#now(),
          write: part,
          state: "waiting",
          tried: null,
        }) as const,
    );
    const outcomes = entries.map(({ key }) => new Promise<Outcome>((resolve) => this.#waiting.set(key, resolve)));
    this.#change([...this.entries.get(), ...entries]);
    if (this.#settings.connection.link.get().state === "ready") void this.flush();
    else this.#keep();
    return Promise.all(outcomes).then((all) => all.find(({ result }) => result !== "sent") ?? { result: "sent" });
  }

  /** Send what waits, as far as the service answers. */
  readonly flush = async (): Promise<void> => {
    if (this.#busy || this.#closed || !this.#begun) return;
    this.#busy = true;
    try {
      for (let next = this.#next(); next; next = this.#next()) if (!(await this.#send(next))) return;
      await this.#settle();
    } finally {
      this.#busy = false;
    }
    if (this.#next()) void this.flush();
  };

  #now(): number {
    this.#lastAt = Math.max(this.#lastAt + 1, Date.now());
    return this.#lastAt;
  }

  /** About its tasks by the ids that they have by now. */
  #renamed(write: Write): Write {
    return idsIn(write).reduce((newer, was) => {
      const id = this.#made.get(was);
      const known = tasksOf(write).find((task) => task.id === was);
      return id === undefined ? newer : rebased(newer, was, { ...known, id } as Task);
    }, write);
  }

  #next(): Entry | undefined {
    return this.entries.get().find((entry) => entry.state === "waiting" && this.#isMine(entry) && !this.#hangs(entry));
  }

  #isMine({ tab }: Entry): boolean {
    return this.#mine.has(tab);
  }

  /** It names a task that another tab has made, and that the service does not know yet. */
  #hangs({ write }: Entry): boolean {
    const unknown = idsIn(write).filter(isTemporary);
    const theirs = this.entries.get().filter((entry) => !this.#isMine(entry) && entry.write.kind === "create");
    return theirs.some((entry) => tasksOf(entry.write).some(({ id }) => unknown.includes(id)));
  }

  /** Whether to go on with the next one. */
  async #send(entry: Entry): Promise<boolean> {
    const { api, connection } = this.#settings;
    this.#become(entry.key, "sending");
    try {
      if (isInDoubt(entry)) throw new Error(t.inDoubt);
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
      this.#become(entry.key, "waiting");
      this.#keep();
      return false;
    }
  }

  /** Later writes about the same tasks are made on top of what the service has now. */
  #done(entry: Entry, tasks: readonly Task[]): void {
    const pairs = tasksOf(entry.write).map((was, index) => [was.id, tasks[index]] as const);
    const made: [number, number][] = [];
    let entries = this.entries.get();
    for (const [was, task] of pairs) {
      if (!task) continue;
      if (isTemporary(was)) made.push([was, task.id]);
      entries = entries.map((one) => about(one, rebased(one.write, was, task)));
    }
    this.#name(made);
    this.#change(
      entries.map((one) => (one.key === entry.key ? { ...one, state: "sent" } : one)),
      made,
    );
    this.#stale = true;
    this.#resolve(entry.key, { result: "sent" });
  }

  #name(made: readonly (readonly [number, number])[]): void {
    for (const [temporary, id] of made) {
      this.#made.set(temporary, id);
      this.#shownAs.set(id, temporary);
    }
  }

  /** What depends on a task that will never be is dropped with it; what was typed into that is handed back with it. */
  #refuse(entry: Entry, error: unknown): void {
    const lost = entry.write.kind === "create" ? entry.write.task.id : null;
    const depends = ({ write }: Entry) =>
      lost !== null && (write.kind === "move" ? idsIn(write) : tasksOf(write).map(({ id }) => id)).includes(lost);
    const dropped = this.entries.get().filter((one) => one.key === entry.key || depends(one));
    const write = dropped.map((one) => one.write).reduce(together);
    const refusal = { key: entry.key, write, reason: sentenceOf(error), error };
    const left = this.entries.get().filter((one) => !dropped.includes(one));
    this.#change(left.map((one) => (lost === null ? one : about(one, orphaned(one.write, lost)))));
    this.#stale = true;
    const [isAwaited] = dropped.map(({ key }) => this.#resolve(key, { result: "refused", refusal }));
    if (!isAwaited) this.#settings.onRefusal(refusal);
  }

  /** Drop what was sent once the lists have come anew; until then it stays on top of the old ones. */
  async #settle(): Promise<void> {
    if (!this.#stale) return;
    const sent = this.entries.get().filter((entry) => entry.state === "sent" && this.#isMine(entry));
    const keys = new Set(sent.map(({ key }) => key));
    this.#stale = false;
    try {
      await this.#settings.refresh();
    } catch {
      this.#stale = true;
      return; // whoever fetched it has told the connection, which calls again
    }
    this.#change(this.entries.get().filter((entry) => !keys.has(entry.key)));
  }

  /** Who waits for an outcome is told that the service does not answer. */
  #keep(): void {
    for (const { key } of this.entries.get()) this.#resolve(key, { result: "kept" });
  }

  #resolve(key: string, outcome: Outcome): boolean {
    const resolve = this.#waiting.get(key);
    this.#waiting.delete(key);
    resolve?.(outcome);
    return resolve !== undefined;
  }

  #become(key: string, state: "waiting" | "sending"): void {
    const tried = { at: Date.now(), newest: this.#settings.newest() };
    const become = (entry: Entry) => ({ ...entry, state, tried: entry.tried ?? tried });
    this.#change(this.entries.get().map((entry) => (entry.key === key ? become(entry) : entry)));
  }

  #show(entries: readonly Entry[]): void {
    if (!this.#closed) this.entries.set(entries);
  }

  /** Shown at once, on the disk soon, and then the other tabs know. */
  #change(entries: readonly Entry[], made: readonly [number, number][] = []): void {
    if (this.#closed) return;
    const before = this.entries.get();
    const left = new Set(entries.map(({ key }) => key));
    const put = entries.filter((entry) => this.#isMine(entry) && !before.includes(entry));
    const gone = before.filter((entry) => this.#isMine(entry) && !left.has(entry.key)).map(({ key }) => key);
    this.entries.set(entries);
    if (put.length || gone.length) void this.#store({ put, gone, made });
  }

  async #store(change: { put: readonly Entry[]; gone: readonly string[]; made: readonly [number, number][] }) {
    const { drawer, tabs } = this.#settings;
    for (const { key } of change.put) this.#unkept.add(key);
    if (!(await drawer.keepOutbox(change))) return;
    for (const { key } of change.put) this.#unkept.delete(key);
    tabs.tell(CHANGED);
  }

  /** What the other tabs have under way. What is not there any more has been done, or refused. */
  async #read(signal: AbortSignal): Promise<void> {
    const stored = await this.#settings.drawer.outbox();
    if (!stored || signal.aborted) return;
    this.#name(stored.made);
    const here = this.entries.get();
    const there = new Set(stored.entries.map(({ key }) => key));
    const theirs = stored.entries.filter((entry) => !this.#isMine(entry));
    const mine = here.filter((entry) => this.#isMine(entry)).map((one) => about(one, this.#renamed(one.write)));
    const done = here.filter((entry) => !this.#isMine(entry) && !there.has(entry.key));
    this.#show([...mine, ...theirs, ...done].toSorted((one, other) => one.at - other.at));
    for (const { tab } of theirs) this.#await(tab, signal);
    if (done.length) await this.#forget(done);
    else if (this.#next()) void this.flush(); // what hung on another tab's task
  }

  /** Another tab has done with them; the list of this one may not show that yet. */
  async #forget(done: readonly Entry[]): Promise<void> {
    const keys = new Set(done.map(({ key }) => key));
    await this.#settings.refresh().catch(() => {}); // then they go a moment too early
    this.#show(this.entries.get().filter((entry) => this.#isMine(entry) || !keys.has(entry.key)));
    void this.flush();
  }

  /** Take over what another tab has left, should it be gone. */
  #await(tab: string, signal: AbortSignal): void {
    if (this.#known.has(tab)) return;
    this.#known.add(tab);
    signal.addEventListener("abort", () => this.#known.delete(tab));
    this.#settings.tabs.hold(tab, signal, () => void this.#adopt(tab, signal));
  }

  /** As an entry is that somebody else has begun. */
  #again(entry: Entry): Entry {
    const { state } = entry;
    return { ...entry, write: this.#renamed(entry.write), state: state === "sending" ? "waiting" : state };
  }

  async #adopt(tab: string, signal: AbortSignal): Promise<void> {
    const stored = await this.#settings.drawer.outbox();
    if (!stored || signal.aborted) return;
    this.#mine.add(tab);
    this.#name(stored.made);
    const left = stored.entries.filter((entry) => entry.tab === tab).map((one) => this.#again(one));
    const others = this.entries.get().filter((entry) => entry.tab !== tab);
    this.#show([...others, ...left].toSorted((one, other) => one.at - other.at));
    this.#stale ||= left.some(({ state }) => state === "sent");
    void this.flush();
  }
}

/** Sent again it might be made twice; whatever else is done twice is done once. */
function isInDoubt({ write, tried }: Entry): boolean {
  return write.kind === "create" && tried !== null && Date.now() - tried.at > KEY_KNOWN;
}

/** The same entry where that is the same write. */
function about(entry: Entry, write: Write): Entry {
  return write === entry.write ? entry : { ...entry, write };
}

/** A new task with what was changed of it before it was one. */
function together(made: Write, later: Write): Write {
  if (made.kind !== "create" || later.kind !== "edit") return made;
  return { ...made, task: { ...made.task, ...later.changes } };
}

/** What was to stand beneath a task that will never be stands at the top level. */
function orphaned(write: Write, lost: number): Write {
  return write.kind === "create" && write.task.parent_id === lost
    ? { ...write, task: { ...write.task, parent_id: null } }
    : write;
}
