/** Where a task goes when it is moved by key or by hand, told from the rows that are shown. */

import { byHand, LEVELS, type Row, type Tree } from "./tree.ts";
import type { Task } from "../types.ts";

/** Behind a task, null: to the top; beneath a parent, null: to the top level. */
export interface Target {
  readonly after: Task | null;
  readonly parent: Task | null;
}

export const STEPS = ["up", "down", "in", "out"] as const;
export type Step = (typeof STEPS)[number];

/** Null where there is no such step. */
export function targetOf(step: Step, task: Task, rows: readonly Row[], tree: Tree): Target | null {
  const siblings = siblingsOf(task, rows);
  const place = siblings.findIndex((one) => one.id === task.id);
  const above = siblings[place - 1];
  const parent = tree.parentOf(task) ?? null;
  if (place < 0) return null;
  if (step === "up") return above ? { after: before(above, task, tree), parent } : null;
  if (step === "down") return siblings[place + 1] ? { after: siblings[place + 1] as Task, parent } : null;
  if (step === "out") return parent && { after: parent, parent: tree.parentOf(parent) ?? null };
  return above && tree.mayBeBeneath(task, above)
    ? { after: tree.childrenOf(above.id).at(-1) ?? above, parent: above }
    : null;
}

/** Where it is, so that a move can be taken back. */
export function placeNow(task: Task, tree: Tree): Target {
  return { after: before(task, task, tree), parent: tree.parentOf(task) ?? null };
}

/** Among rows: before that of the `index`, at a depth that fits there. */
export interface Gap {
  readonly index: number;
  readonly depth: number;
}

/** The gap that is meant, near the depth that is `wanted`; `rows` are without the task and what is beneath it. */
export function gapAt({ index, depth: wanted }: Gap, task: Task, rows: readonly Row[], tree: Tree): Gap {
  const most = (rows[index - 1]?.depth ?? -1) + 1;
  const least = rows[index]?.depth ?? 0;
  let depth = Math.max(least, Math.min(most, wanted, LEVELS - 1));
  while (depth > least && !tree.mayBeBeneath(task, parentIn({ index, depth }, rows))) depth--;
  return { index, depth };
}

/** Null: it may not be there. */
export function targetIn(gap: Gap, task: Task, rows: readonly Row[], tree: Tree): Target | null {
  const shown = parentIn(gap, rows);
  if (!tree.mayBeBeneath(task, shown)) return null;
  // What stands at the top of this list because its own parent is not in it stays beneath that.
  const upper = tree.parentOf(task) ?? null;
  const parent = shown ?? (upper && !rows.some((row) => row.task.id === upper.id) ? upper : null);
  for (let at = gap.index - 1; at >= 0 && (rows[at] as Row).depth >= gap.depth; at--)
    if ((rows[at] as Row).depth === gap.depth) return { after: (rows[at] as Row).task, parent };
  const next = rows[gap.index];
  return { after: next?.depth === gap.depth ? before(next.task, task, tree) : parent, parent };
}

function parentIn({ index, depth }: Gap, rows: readonly Row[]): Task | null {
  return depth === 0 ? null : (rows.slice(0, index).findLast((row) => row.depth === depth - 1)?.task ?? null);
}

/** Behind which one a task comes before `next`: a new task is above all others, those that it is beneath among them. */
function before(next: Task, moved: Task, tree: Tree): Task | null {
  const others = tree.all.filter((task) => task.id !== moved.id && byHand(task, next) < 0);
  return others.reduce<Task | null>((last, task) => (last && byHand(last, task) > 0 ? last : task), null);
}

/** Those that the list shows side by side with it, itself among them. */
function siblingsOf(task: Task, rows: readonly Row[]): Task[] {
  const at = rows.findIndex((row) => row.task.id === task.id);
  const depth = rows[at]?.depth ?? 0;
  let [from, to] = [at, at];
  while (from > 0 && (rows[from - 1] as Row).depth >= depth) from--;
  while (to < rows.length - 1 && (rows[to + 1] as Row).depth >= depth) to++;
  return rows.slice(Math.max(from, 0), to + 1).flatMap((row) => (row.depth === depth ? row.task : []));
}
