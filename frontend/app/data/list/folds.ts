/** The tasks whose subtasks are folded away, in all tabs of this browser, until their user signs out. */

import { keepFolds, keptFolds } from "../../sync/storage";
import { Store } from "../../sync/store";

/** The latest are kept; what has gone long ago falls out. */
const MOST = 500;

export const folds = new Store<ReadonlySet<number>>(new Set(keptFolds()));

export function fold(id: number, folded: boolean): void {
  const others = [...folds.get()].filter((other) => other !== id);
  const next = (folded ? [...others, id] : others).slice(-MOST);
  folds.set(new Set(next));
  keepFolds(next);
}

addEventListener("storage", () => folds.set(new Set(keptFolds())));
