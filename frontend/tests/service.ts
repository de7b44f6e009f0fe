/** The running service, as pytest has started it, for tests that need lists of their own. */

import { exec } from "node:child_process";
import { promisify } from "node:util";
import { createApi, pages, type Api, type Settings, type Task } from "../lib/api";

const { TASKLANE_URL, TASKLANE_MORTAL_URL, TASKLANE_TOKENS = "", TASKLANE_KILL_API, TASKLANE_START_API } = process.env;
const tokens = TASKLANE_TOKENS.split(" ");
const shell = promisify(exec);

/** Of so many users each token has its list to itself, whatever file the test is in. */
export const USERS = { changes: 0, random: 1, killed: 2, limited: 3, rxdb: 4, tanstack: 5, select: 6 } as const;

export const isThere = TASKLANE_URL !== undefined && TASKLANE_TOKENS !== "";

export function apiOf(user: keyof typeof USERS, settings: Partial<Settings> = {}): Api {
  const token = tokens[USERS[user]] ?? "";
  return createApi({ baseUrl: TASKLANE_URL ?? "", token: () => token, ...settings });
}

/** The same lists from a process that a test may kill. */
export const mortal = {
  url: TASKLANE_MORTAL_URL ?? "",
  kill: () => shell(TASKLANE_KILL_API ?? "false"),
  start: () => shell(TASKLANE_START_API ?? "false"),
};

/** The whole list, as the service has it. */
export async function listOf(api: Api): Promise<Map<number, Task>> {
  const tasks = new Map<number, Task>();
  for await (const { items } of pages(api.listTasks, { limit: 100 }))
    for (const task of items) tasks.set(task.id, task);
  return tasks;
}

export async function emptied(api: Api): Promise<void> {
  for (const id of (await listOf(api)).keys()) await api.deleteTask(id);
  await api.emptyTrash();
}

/** The way to the service, which a test cuts: what is open breaks, and nothing new gets through. */
export class Line {
  #open: AbortController | null = new AbortController();
  readonly #asked: string[] = [];

  readonly fetch: typeof fetch = (url, init = {}) => {
    this.#asked.push(`${init.method} ${new URL(String(url)).pathname}`);
    if (!this.#open) return Promise.reject(new TypeError("offline"));
    const signals = [this.#open.signal, init.signal].filter((signal) => signal instanceof AbortSignal);
    return fetch(url, { ...init, signal: AbortSignal.any(signals) });
  };

  /** What was asked of one task since this was asked last. */
  askedOf(id: number | string): string[] {
    return this.#asked.splice(0).filter((one) => one.endsWith(`/api/tasks/${id}`));
  }

  cut(): void {
    this.#open?.abort();
    this.#open = null;
  }

  mend(): void {
    this.#open = new AbortController();
  }
}
