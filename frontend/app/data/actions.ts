/** What a person can do to tasks, with the word that is said about it and the way back. */

import { useMemo } from "react";
import type { Outcome } from "../sync/outbox";
import { draftTask } from "../sync/writes";
import { undo } from "../workspace/notices";
import { useWorkspace, type Workspace } from "../workspace/workspace";
import type { Task, TaskFields } from "./types";
import { t } from "../text";

export interface Actions {
  /** In the order in which the lists show them; nobody waits for the outcome. */
  add: (fields: readonly TaskFields[]) => Task[];
  create: (fields: TaskFields) => Promise<Outcome>;
  edit: (base: Task, changes: Partial<TaskFields>) => Promise<Outcome>;
  complete: (tasks: readonly Task[], completed: boolean) => void;
  remove: (tasks: readonly Task[]) => void;
  restore: (tasks: readonly Task[]) => void;
  emptyTrash: () => void;
}

export function useActions(): Actions {
  const workspace = useWorkspace();
  return useMemo(() => actionsOf(workspace), [workspace]);
}

function actionsOf({ outbox, notices, handBack, user }: Workspace): Actions {
  /** Nobody waits for the outcome: what is refused is said. */
  const send = async (write: Parameters<typeof outbox.add>[0], done?: () => void) => {
    done?.();
    const outcome = await outbox.add(write);
    if (outcome.result === "refused") notices.fail(`${failed(write)}: ${outcome.refusal.reason}`);
  };

  const set = (tasks: readonly Task[], completed: boolean, say: boolean) =>
    void send({ kind: "complete", tasks: [...tasks], completed }, () => {
      if (say && completed)
        notices.say(
          t.done.completed(named(tasks)),
          undo(() => set(tasks, false, false)),
        );
    });

  const restore = (tasks: readonly Task[]) => void send({ kind: "restore", tasks: [...tasks] });

  const make = async (task: Task) => {
    const outcome = await outbox.add({ kind: "create", task });
    if (outcome.result === "refused") handBack(outcome.refusal);
    return outcome;
  };

  return {
    add: (fields) => {
      // The newest is at the top.
      const tasks = fields.toReversed().map((one) => draftTask(one, user.id));
      for (const task of tasks) void make(task);
      return tasks.toReversed();
    },
    create: (fields) => make(draftTask(fields, user.id)),
    edit: (base, changes) => outbox.add({ kind: "edit", base, changes }),
    complete: (tasks, completed) => set(tasks, completed, true),
    remove: (tasks) =>
      void send({ kind: "delete", tasks: [...tasks] }, () =>
        notices.say(
          t.done.deleted(named(tasks)),
          undo(() => restore(tasks)),
        ),
      ),
    restore: (tasks) => {
      restore(tasks);
      notices.say(t.done.restored(named(tasks)));
    },
    emptyTrash: () => void send({ kind: "empty-trash" }, () => notices.say(t.done.emptied)),
  };
}

/** A task's title, or how many they are. */
export function named(tasks: readonly Task[]): string {
  return tasks.length === 1 && tasks[0] ? t.quoted(shortened(tasks[0].title)) : t.tasks(tasks.length);
}

function shortened(title: string): string {
  return title.length > 40 ? `${title.slice(0, 39).trimEnd()}…` : title;
}

function failed(write: { kind: string }): string {
  const said: Readonly<Record<string, string>> = t.failed;
  return said[write.kind] ?? t.failed.other;
}
