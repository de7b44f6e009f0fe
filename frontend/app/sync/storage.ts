/**
 * What is being typed, in this tab's storage, which a reload and a crash leave alone, under the user's own name; and how
 * the user likes the list, in that of all tabs. No token is ever here.
 */

const PREFIX = "tasklane:user:";
/** The order of lists that the user likes, in all tabs. */
const SORT = "tasklane:sort";
/** The ids of the tasks whose subtasks are folded away. */
const FOLDS = "tasklane:folds";

export function keptSort(): string | null {
  return localStorage.getItem(SORT);
}

export function keepSort(sort: string): void {
  localStorage.setItem(SORT, sort);
}

export function forgetSort(): void {
  localStorage.removeItem(SORT);
}

export function keptFolds(): number[] {
  return JSON.parse(localStorage.getItem(FOLDS) ?? "[]") as number[];
}

export function keepFolds(ids: readonly number[]): void {
  if (ids.length) localStorage.setItem(FOLDS, JSON.stringify(ids));
  else localStorage.removeItem(FOLDS);
}

export class TabStorage {
  readonly #prefix: string;

  /** Whatever another user left in this tab goes: it is not for these eyes. */
  constructor(userId: string) {
    this.#prefix = `${PREFIX}${userId}:`;
    for (const key of keys()) if (!key.startsWith(this.#prefix)) sessionStorage.removeItem(key);
  }

  read<T>(name: string): T | null {
    const text = sessionStorage.getItem(this.#prefix + name);
    return text === null ? null : (JSON.parse(text) as T);
  }

  /** Null removes it. */
  write(name: string, value: unknown): void {
    try {
      if (value === null) sessionStorage.removeItem(this.#prefix + name);
      else sessionStorage.setItem(this.#prefix + name, JSON.stringify(value));
    } catch {
      // The storage is full: it stays in memory, and leaving the page asks first.
    }
  }
}

/** Whether anything is being typed. */
export function hasDrafts(): boolean {
  return keys().length > 0;
}

/** The user has signed out. */
export function forgetTab(): void {
  for (const key of keys()) sessionStorage.removeItem(key);
  forgetSort();
  keepFolds([]);
}

function keys(): string[] {
  return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
}
