/**
 * What this browser keeps of the user who works in it, in IndexedDB: who it is, the list, what is on its way to the
 * service. All of it is one user's: whoever signs in next finds nothing of the one before, and what a tab of the one
 * before writes later is not written. No token is ever here.
 */

import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from "idb";
import type { Task } from "../data/types";
import type { User } from "../session/session";
import type { Entry, Refusal } from "../sync/outbox";

export interface Owner {
  readonly user: User;
  /** False once the session has ended by itself: kept for the user's return, and shown to nobody until then. */
  readonly signedIn: boolean;
}

/** A change of the list: all of it or nothing. */
export interface ListChange {
  token: string;
  put: readonly Task[];
  removed: readonly number[];
  /** What is not put is gone. */
  reset: boolean;
}

export interface StoredOutbox {
  entries: Entry[];
  refusals: Refusal[];
  /** By temporary id, the one that the service gave. */
  made: [number, number][];
}

export interface OutboxChange {
  put?: readonly Entry[];
  /** Keys. */
  gone?: readonly string[];
  made?: readonly (readonly [temporary: number, id: number])[];
}

interface Tables extends DBSchema {
  owner: { key: "owner"; value: Owner };
  token: { key: "token"; value: string };
  tasks: { key: number; value: Task };
  entries: { key: string; value: Entry };
  refusals: { key: string; value: Refusal };
  made: { key: number; value: number };
}

const NAME = "tasklane";
const VERSION = 1;
const TABLES = ["owner", "token", "tasks", "entries", "refusals", "made"] as const;

type Transaction<M extends IDBTransactionMode> = IDBPTransaction<Tables, (typeof TABLES)[number][], M>;

/** Milliseconds after which nobody knows a task by its temporary id any more; it is the time at which it was given. */
const MADE_KEPT = 7 * 24 * 60 * 60 * 1000;

export class Disk {
  /** Null where the browser bars it: then all is in memory. */
  readonly #db: Promise<IDBPDatabase<Tables> | null> = open();

  owner(): Promise<Owner | null> {
    return this.within("readonly", async (tables) => (await tables.objectStore("owner").get("owner")) ?? null);
  }

  /** The user has signed in: nothing of anybody else is here when this returns. */
  async claim(user: User): Promise<void> {
    await this.within("readwrite", async (tables) => {
      const owner = await tables.objectStore("owner").get("owner");
      if (owner?.user.id !== user.id) await clear(tables);
      await tables.objectStore("owner").put({ user, signedIn: true }, "owner");
    });
  }

  /** Show it to nobody until its owner has signed in again. */
  async lock(): Promise<void> {
    await this.within("readwrite", async (tables) => {
      const owner = await tables.objectStore("owner").get("owner");
      if (owner) await tables.objectStore("owner").put({ ...owner, signedIn: false }, "owner");
    });
  }

  /** The user has signed out. */
  async wipe(userId: string): Promise<void> {
    await this.within("readwrite", (tables) => clear(tables), userId);
  }

  /** In one transaction, with `userId` only while all this is theirs; null when it was not done. */
  async within<M extends "readonly" | "readwrite", T>(
    mode: M,
    work: (tables: Transaction<M>) => Promise<T>,
    userId?: string,
  ): Promise<T | null> {
    const tables = await this.#begin(mode);
    if (!tables) return null;
    try {
      const owner = userId === undefined ? undefined : await tables.objectStore("owner").get("owner");
      const result = owner?.user.id === userId ? await work(tables) : null;
      await tables.done;
      return result;
    } catch {
      abandon(tables); // the storage is full, or was taken away
      await tables.done.catch(() => {});
      return null;
    }
  }

  async #begin<M extends "readonly" | "readwrite">(mode: M): Promise<Transaction<M> | null> {
    try {
      return (await this.#db)?.transaction([...TABLES], mode) ?? null;
    } catch {
      return null; // the browser has closed it
    }
  }
}

/** One user's part, for as long as it is theirs. */
export class Drawer {
  readonly #disk: Disk;
  readonly #userId: string;

  constructor(disk: Disk, userId: string) {
    this.#disk = disk;
    this.#userId = userId;
  }

  /** Null when the list was not kept yet. */
  list(): Promise<{ token: string; tasks: Task[] } | null> {
    return this.#read(async (tables) => {
      const [token, tasks] = await Promise.all([
        tables.objectStore("token").get("token"),
        tables.objectStore("tasks").getAll(),
      ]);
      return token === undefined ? null : { token, tasks };
    });
  }

  /** Whether it was kept. */
  keepList({ token, put, removed, reset }: ListChange): Promise<boolean> {
    return this.#write(async (tables) => {
      const tasks = tables.objectStore("tasks");
      await Promise.all([
        reset ? tasks.clear() : null,
        ...removed.map((id) => tasks.delete(id)),
        ...put.map((task) => tasks.put(task)),
        tables.objectStore("token").put(token, "token"),
      ]);
    });
  }

  /** What all tabs have on its way, in its order. */
  outbox(): Promise<StoredOutbox | null> {
    return this.#read(async (tables) => {
      const made = tables.objectStore("made");
      const [entries, refusals, temporary, ids] = await Promise.all([
        tables.objectStore("entries").getAll(),
        tables.objectStore("refusals").getAll(),
        made.getAllKeys(),
        made.getAll(),
      ]);
      return {
        entries: entries.toSorted((one, other) => one.at - other.at),
        refusals,
        made: temporary.map((key, index) => [key, ids[index] as number]),
      };
    });
  }

  /** Whether it was kept. */
  keepOutbox({ put = [], gone = [], made = [] }: OutboxChange): Promise<boolean> {
    return this.#write(async (tables) => {
      const [entries, names] = [tables.objectStore("entries"), tables.objectStore("made")];
      await Promise.all([
        ...put.map((entry) => entries.put(entry, entry.key)),
        ...gone.map((key) => entries.delete(key)),
        ...made.map(([temporary, id]) => names.put(id, temporary)),
        names.delete(IDBKeyRange.lowerBound(-(Date.now() - MADE_KEPT))),
      ]);
    });
  }

  /** Why it was refused, as the service said it, is for those who are here: it cannot be kept. */
  keepRefusal({ key, write, reason }: Refusal): Promise<boolean> {
    return this.#write((tables) => tables.objectStore("refusals").put({ key, write, reason, error: null }, key));
  }

  dropRefusal(key: string): Promise<boolean> {
    return this.#write((tables) => tables.objectStore("refusals").delete(key));
  }

  #read<T>(work: (tables: Transaction<"readonly">) => Promise<T>): Promise<T | null> {
    return this.#disk.within("readonly", work, this.#userId);
  }

  async #write(work: (tables: Transaction<"readwrite">) => Promise<unknown>): Promise<boolean> {
    const kept = async (tables: Transaction<"readwrite">) => {
      await work(tables);
      return true;
    };
    return (await this.#disk.within("readwrite", kept, this.#userId)) ?? false;
  }
}

function clear(tables: Transaction<"readwrite">): Promise<unknown> {
  return Promise.all(TABLES.map((table) => tables.objectStore(table).clear()));
}

/** One that has ended cannot be. */
function abandon(tables: Transaction<"readonly" | "readwrite">): void {
  try {
    tables.abort();
  } catch {
    // It is as it was before already.
  }
}

async function open(): Promise<IDBPDatabase<Tables> | null> {
  try {
    return await openDB<Tables>(NAME, VERSION, {
      upgrade(db) {
        for (const table of TABLES) db.createObjectStore(table, table === "tasks" ? { keyPath: "id" } : {});
      },
      // A page of another version wants another shape, or the person wants it gone: nobody waits for this tab.
      blocking: (_mine, _wanted, event) => (event.target as IDBDatabase).close(),
    });
  } catch {
    return null;
  }
}
