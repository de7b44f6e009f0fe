/** What a person can do to tasks, with the word that is said about it and the way back. */

import { useMemo } from "react";
import type { Outcome } from "../sync/outbox";
import { sentenceOf } from "../sync/failure";
import { type DateChange, draftTask } from "../sync/writes";
import { undo } from "../workspace/notices";
import { useWorkspace, type Workspace } from "../workspace/workspace";
import { onDay } from "./dates/days";
import { describeDue } from "./dates/due";
import { placeNow, type Target } from "./list/moving";
import { Tree, treeOf } from "./list/tree";
import { changesFrom, fieldsOf, same, type Task, type TaskFields } from "./types";
import { t } from "../text";

export interface Actions {
  /** In the order in which the lists show them; nobody waits for the outcome. */
  add: (fields: readonly TaskFields[]) => Task[];
  /** The last beneath another one. */
  addBeneath: (parent: Task, fields: TaskFields) => Task;
  create: (fields: TaskFields) => Promise<Outcome>;
  edit: (base: Task, changes: Partial<TaskFields>) => Promise<Outcome>;
  /** What was just made becomes this, if it is not yet; nobody waits for the outcome. */
  refine: (task: Task, fields: TaskFields) => void;
  /** What is beneath them is completed with them. */
  complete: (tasks: readonly Task[], completed: boolean) => void;
  /** To a day, at the time at which each is; null: to none. */
  schedule: (tasks: readonly Task[], day: string | null) => void;
  /** To the next date of its rule, which the service knows. */
  skip: (task: Task) => Promise<void>;
  move: (task: Task, to: Target) => void;
  remove: (tasks: readonly Task[]) => void;
  restore: (tasks: readonly Task[]) => void;
  emptyTrash: () => void;
}

export function useActions(): Actions {
  const workspace = useWorkspace();
  return useMemo(() => actionsOf(workspace), [workspace]);
}

function actionsOf(workspace: Workspace): Actions {
  const { api, outbox, notices, handBack, user, tasks: all } = workspace;
  const tree = () => treeOf(all.get() ?? []);
  /** From where a run of moves of one task began, which is taken back as one. */
  let run: { topic: string; from: Target } | null = null;

  /** Nobody waits for the outcome: what is refused is said. */
  const send = async (write: Parameters<typeof outbox.add>[0], done?: () => void) => {
    done?.();
    const outcome = await outbox.add(write);
    if (outcome.result === "refused") notices.fail(`${failed(write)}: ${outcome.refusal.reason}`);
  };

  const set = (tasks: readonly Task[], completed: boolean) =>
    void send({ kind: "complete", tasks: [...tasks], completed, at: new Date().toISOString() });

  const restore = (tasks: readonly Task[], along: readonly Task[] = []) =>
    void send({ kind: "restore", tasks: [...tasks], along: [...along] });

  const date = (tasks: readonly Task[], changes: readonly DateChange[]) =>
    void send({ kind: "date", tasks: [...tasks], changes: [...changes] });

  const put = (task: Task, { after, parent }: Target) =>
    void send({ kind: "move", task, after: after?.id ?? null, parent: parent?.id ?? null });

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
    addBeneath: (upper, fields) => {
      const parent = workspace.current(upper);
      const last = tree().childrenOf(parent.id).at(-1);
      const task = draftTask(fields, user.id, parent.id);
      void make(task);
      if (last) put(task, { after: last, parent });
      return task;
    },
    create: (fields) => make(draftTask(fields, user.id)),
    edit: (base, changes) => outbox.add({ kind: "edit", base, changes }),
    refine: async (task, fields) => {
      const known = all.get();
      const id = outbox.idOf(task.id);
      const base = known ? known.find((one) => one.id === id) : { ...task, id };
      if (!base || !same(fieldsOf(base), fieldsOf(task))) return; // what was done to it by hand is stronger
      const changes = changesFrom(fieldsOf(base), fields);
      if (Object.keys(changes).length === 0) return;
      const outcome = await outbox.add({ kind: "edit", base, changes });
      const refusal = outcome.result === "refused" && outcome.refusal.write.kind === "edit" ? outcome.refusal : null;
      if (refusal) handBack(refusal); // else it is told of the task itself
    },
    complete: (tasks, completed) => {
      const roots = completed ? tree().rootsOf(tasks) : tasks;
      const along = completed ? roots.flatMap(({ id }) => tree().beneath(id)) : [];
      const opened = [...roots, ...along].filter((task) => !task.completed);
      set(roots, completed);
      if (completed)
        notices.say(
          t.done.completed(named(tasks)),
          undo(() => set(opened, false)),
        );
    },
    schedule: (tasks, day) => {
      const changed = tasks.filter((task) => !same(task.due_date, onDay(task.due_date, day)));
      if (!changed.length) return;
      // What is put off comes again by its rule; without a date nothing does.
      const ends = (task: Task) => day === null && task.recurrence !== null;
      const before = changed.map((task) => ({
        due_date: task.due_date,
        ...(ends(task) && { recurrence: task.recurrence }),
      }));
      date(
        changed,
        changed.map((task) => ({ due_date: onDay(task.due_date, day), ...(ends(task) && { recurrence: null }) })),
      );
      notices.say(
        t.done.dated(named(changed), day && describeDue(day, new Date())),
        undo(() => date(changed, before)),
      );
    },
    skip: async (task) => {
      try {
        const { occurrences } = await api.listOccurrences(await outbox.named(task.id), { limit: 1 });
        const [next] = occurrences;
        if (next === undefined) return notices.say(t.repeat.last);
        date([task], [{ due_date: next }]);
        notices.say(
          t.done.dated(named([task]), describeDue(next, new Date())),
          undo(() => date([task], [{ due_date: task.due_date }])),
        );
      } catch (error) {
        notices.fail(`${t.repeat.notSkipped}: ${sentenceOf(error)}`);
      }
    },
    move: (task, to) => {
      const topic = `move ${outbox.shownAs(task.id)}`;
      if (run?.topic !== topic || !notices.says(topic)) run = { topic, from: placeNow(task, tree()) };
      const { from } = run;
      put(task, to);
      const now = tree();
      const siblings = to.parent ? now.childrenOf(to.parent.id) : now.topLevel;
      const place = siblings.filter((one) => one.completed === task.completed);
      notices.say(
        t.done.moved(
          t.quoted(shortened(task.title)),
          place.findIndex(({ id }) => id === task.id) + 1,
          place.length,
          to.parent && t.quoted(shortened(to.parent.title)),
        ),
        undo(() => put(task, from)),
        topic,
      );
    },
    remove: (tasks) => {
      const roots = tree().rootsOf(tasks);
      const along = roots.flatMap(({ id }) => tree().beneath(id));
      void send({ kind: "delete", tasks: roots }, () =>
        notices.say(
          t.done.deleted(named(tasks)),
          undo(() => restore(roots, along)),
        ),
      );
    },
    restore: (tasks) => {
      // What went with another one comes back with it; alone it would come back to the top level.
      const among = new Tree(tasks);
      restore(tasks.toSorted((one, other) => among.above(one).length - among.above(other).length));
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
