import { Store } from "../sync/store";
import { t } from "../text";

/** A short word about what happened, with at most one thing to do about it. */
export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: "plain" | "error";
  readonly action?: Action;
  /** What it is about, where a later word takes the place of this one. */
  readonly topic?: string;
}

export interface Action {
  readonly label: string;
  readonly run: () => void;
  /** It takes back what was done: `u` does that, too. */
  readonly undoes?: true;
}

export function undo(run: () => void): Action {
  return { label: t.undo, run, undoes: true };
}

const AT_ONCE = 3;

export class Notices {
  readonly shown = new Store<readonly Notice[]>([]);
  #last = 0;

  say(text: string, action?: Notice["action"], topic?: string): void {
    this.#add({ id: ++this.#last, text, tone: "plain", ...(action && { action }), ...(topic && { topic }) });
  }

  /** Whether what was last said of it can still be seen. */
  says(topic: string): boolean {
    return this.shown.get().some((notice) => notice.topic === topic);
  }

  fail(text: string, action?: Notice["action"]): void {
    this.#add({ id: ++this.#last, text, tone: "error", ...(action && { action }) });
  }

  dismiss(id: number): void {
    this.shown.set(this.shown.get().filter((notice) => notice.id !== id));
  }

  /** Take back what the newest notice offers to; false when none does. */
  undo(): boolean {
    const notice = this.shown.get().findLast(({ action }) => action?.undoes);
    if (!notice?.action) return false;
    this.dismiss(notice.id);
    notice.action.run();
    return true;
  }

  #add(notice: Notice): void {
    const others = this.shown.get().filter(({ topic }) => !topic || topic !== notice.topic);
    this.shown.set([...others, notice].slice(-AT_ONCE));
  }
}
