/** Tasks beneath tasks: who is whose, and which rows show it. */

import type { Task } from "../types.ts";

/** Levels that a tree may have, by the service's rule. */
export const LEVELS = 4;

export class Tree {
  readonly #byId: ReadonlyMap<number, Task>;
  readonly #children = new Map<number, Task[]>();

  constructor(tasks: Iterable<Task>) {
    this.#byId = new Map([...tasks].map((task) => [task.id, task]));
    for (const task of this.#byId.values()) {
      if (task.parent_id === null) continue;
      const siblings = this.#children.get(task.parent_id);
      if (siblings) siblings.push(task);
      else this.#children.set(task.parent_id, [task]);
    }
  }

  /** In no order. */
  get all(): Task[] {
    return [...this.#byId.values()];
  }

  get topLevel(): Task[] {
    return this.all.filter((task) => !this.parentOf(task)).sort(byHand);
  }

  get(id: number | null): Task | undefined {
    return id === null ? undefined : this.#byId.get(id);
  }

  parentOf(task: Task): Task | undefined {
    return this.get(task.parent_id);
  }

  /** By hand. */
  childrenOf(id: number): Task[] {
    return (this.#children.get(id) ?? []).toSorted(byHand);
  }

  /** All that is beneath it, on every level. */
  beneath(id: number): Task[] {
    const found = [...(this.#children.get(id) ?? [])];
    for (let at = 0; at < found.length; at++) found.push(...(this.#children.get((found[at] as Task).id) ?? []));
    return found;
  }

  /** Those above it, the nearest first. */
  above(task: Task): Task[] {
    const found: Task[] = [];
    for (let parent = this.parentOf(task); parent && found.length < LEVELS; parent = this.parentOf(parent))
      found.push(parent);
    return found;
  }

  /** Levels from the task down to its lowest, itself among them. */
  heightOf(id: number): number {
    return 1 + Math.max(0, ...(this.#children.get(id) ?? []).map((child) => this.heightOf(child.id)));
  }

  /** Whether it may stand beneath `parent`, null: at the top level. */
  mayBeBeneath(task: Task, parent: Task | null): boolean {
    if (parent === null) return true;
    const line = [parent, ...this.above(parent)];
    return !line.some(({ id }) => id === task.id) && line.length + this.heightOf(task.id) <= LEVELS;
  }

  /** Of `tasks` those that no other of them has beneath it. */
  rootsOf<T extends Task>(tasks: readonly T[]): T[] {
    const ids = new Set(tasks.map(({ id }) => id));
    return tasks.filter((task) => !this.above(task).some(({ id }) => ids.has(id)));
  }
}

const trees = new WeakMap<readonly Task[], Tree>();

/** Made once for each list. */
export function treeOf(tasks: readonly Task[]): Tree {
  let tree = trees.get(tasks);
  if (!tree) trees.set(tasks, (tree = new Tree(tasks)));
  return tree;
}

/** The order by hand. What was kept before tasks had places has the place of its id. */
export function byHand(one: Task, other: Task): number {
  const [first, second] = [placeOf(one), placeOf(other)];
  return first === second ? one.id - other.id : first < second ? -1 : 1;
}

export function placeOf({ id, position }: Task): string {
  return position ?? (2n ** 63n - 1n - BigInt(id)).toString(16).padStart(16, "0");
}

/** How many of those beneath a task are completed. */
export interface Progress {
  readonly done: number;
  readonly all: number;
}

/** A task as a list shows it. */
export interface Row {
  readonly task: Task;
  /** 0 at the top of what is shown. */
  readonly depth: number;
  /** Null: nothing is beneath it. */
  readonly progress: Progress | null;
  /** Whether what is beneath it and belongs to this list is hidden; null: nothing of the kind. */
  readonly folded: boolean | null;
  /** The title of the one that it is beneath, where the list does not show that by its shape. */
  readonly within: string | null;
  /** What it stands under: a calendar day, or what is overdue; null where a list has no headings. */
  readonly under: string | null;
}

/** One row after another, whatever is beneath what. */
export function flat(found: readonly Task[], tree: Tree): Row[] {
  return found.map((task) => ({
    task,
    depth: 0,
    progress: progressOf(task, tree),
    folded: null,
    within: tree.parentOf(task)?.title ?? null,
    under: null,
  }));
}

/** Each beneath the nearest of those above it that are found, too; `found` is in the order of siblings. */
export function shaped(found: readonly Task[], tree: Tree, folded: ReadonlySet<number>): Row[] {
  const ids = new Set(found.map(({ id }) => id));
  const beneath = new Map<number | null, Task[]>();
  for (const task of found) {
    const shown = tree.above(task).find(({ id }) => ids.has(id))?.id ?? null;
    const siblings = beneath.get(shown);
    if (siblings) siblings.push(task);
    else beneath.set(shown, [task]);
  }
  const rows: Row[] = [];
  const put = (parent: number | null, depth: number) => {
    for (const task of beneath.get(parent) ?? []) {
      const isFolded = beneath.has(task.id) ? folded.has(task.id) : null;
      const upper = tree.parentOf(task);
      const within = upper && upper.id !== parent ? upper.title : null;
      rows.push({ task, depth, progress: progressOf(task, tree), folded: isFolded, within, under: null });
      if (isFolded === false) put(task.id, depth + 1);
    }
  };
  put(null, 0);
  return rows;
}

function progressOf(task: Task, tree: Tree): Progress | null {
  const all = tree.beneath(task.id);
  return all.length ? { done: all.filter(({ completed }) => completed).length, all: all.length } : null;
}
