import { type RefObject, useCallback, useMemo, useRef, useState } from "react";
import { named, useActions } from "../../data/actions";
import { type QuickDay, quickDay } from "../../data/dates/days";
import { dayOf, dueDay } from "../../data/dates/due";
import { arrange, isByHand } from "../../data/list/arrange";
import { type Filters, NO_FILTERS } from "../../data/list/filters";
import { fold, folds } from "../../data/list/folds";
import { type Step, type Target, targetOf } from "../../data/list/moving";
import { presetOf } from "../../data/list/preset";
import { LEVELS, type Row } from "../../data/list/tree";
import { type TaskListing, useTaskList } from "../../data/queries";
import { fieldsOf, type Task } from "../../data/types";
import { MINUTE, useNow } from "../../ui/useNow";
import { useShortcuts } from "../../ui/useShortcuts";
import { useWorkspace } from "../../workspace/workspace";
import type { Draft } from "../form/TaskDialog";
import { QuickAdd } from "../QuickAdd";
import { DAY_KEYS } from "../QuickDays";
import { More } from "../states";
import { Elsewhere, NoRows, Stale } from "./around";
import { BatchBar } from "./BatchBar";
import { Refusals } from "./Refusals";
import { focusRow, useKeptFocus } from "./rows/rowFocus";
import { placeMenu, RowMenu } from "./rows/RowMenu";
import { TaskList } from "./rows/TaskList";
import type { RowActions } from "./rows/TaskRow";
import { Toolbar } from "./Toolbar";
import { useDrag } from "./useDrag";
import { type Selection, useSelection } from "./useSelection";
import { t } from "../../text";

interface Props {
  filters: Filters;
  addRef: RefObject<HTMLInputElement | null>;
  onFilters: (change: Partial<Filters>) => void;
  /** Open a task in the dialog. */
  onDraft: (draft: Draft) => void;
}

const NO_ROWS: readonly Row[] = [];
const NO_TASKS: readonly Task[] = [];

export function ListView({ filters, addRef, onFilters, onDraft }: Props) {
  const listing = useTaskList(filters);
  const found = listing.found ?? NO_TASKS;
  const rows = listing.rows ?? NO_ROWS;
  const selection = useSelection(found);
  const actions = useActions();
  const workspace = useWorkspace();
  const now = (task: Task | null) => task && workspace.current(task);
  const menu = useMenu();
  const opened = now(menu.task);
  const [upper, setBeneath] = useState<Task | null>(null);
  const beneath = now(upper);
  const on = useRowActions({ filters, onFilters, onDraft, onSelect: selection.toggle, onMenu: menu.onMenu });
  const list = useKeptFocus();
  const search = useRef<HTMLInputElement>(null);
  const preset = presetOf(filters, new Date(useNow(MINUTE)));
  const sayWhere = useWhere({ filters, most: listing.most, onFilters });
  const moves = useMoves({ filters, list, listing });

  const canHaveSubtasks = (task: Task) => listing.tree.above(task).length + 1 < LEVELS;
  const addBeneath = (task: Task) => {
    if (!canHaveSubtasks(task)) return;
    setBeneath(task);
    addRef.current?.focus();
  };
  /** Of the selected ones where the task is one of them. */
  const schedule = (which: QuickDay, task: Task) => {
    const tasks = selection.has(task) ? selection.tasks : [task];
    actions.schedule(tasks, quickDay(which, new Date()));
  };
  const reschedule = (day: string | null) => {
    const today = dayOf(new Date());
    const late = found.filter((task) => task.due_date !== null && dueDay(task.due_date) < today);
    actions.schedule(late, day);
  };
  useListKeys({ rows, selection, search, on, openMenu: menu.openAt, addBeneath, schedule, step: moves.step });

  return (
    <>
      <QuickAdd
        inputRef={addRef}
        preset={preset}
        beneath={beneath}
        onBeneath={setBeneath}
        onAdded={(made) => {
          if (beneath) fold(beneath.id, false);
          sayWhere(made);
        }}
      />
      <Refusals onReview={onDraft} />
      <Toolbar
        filters={filters}
        searchRef={search}
        selecting={selection.active}
        onChange={onFilters}
        onSelect={selection.active ? selection.end : selection.begin}
      />
      <div ref={list} className="listing" {...moves.handlers}>
        {listing.rows && <Stale listing={listing} />}
        {moves.drop && <div className="drop-line" data-depth={moves.drop.depth} style={{ top: moves.drop.top }} />}
        {rows.length > 0 ? (
          <TaskList rows={rows} selection={selection} movable={moves.byHand} onReschedule={reschedule} on={on} />
        ) : (
          <NoRows listing={listing} filters={filters} onFilters={onFilters} />
        )}
        <Elsewhere filters={filters} found={found.length} onFilters={onFilters} />
        <More hasMore={listing.hasMore} isLoading={listing.isLoadingMore} onMore={listing.loadMore} />
      </div>
      <RowMenu
        task={opened}
        panel={menu.panel}
        canMove={moves.byHand ? (way) => opened !== null && moves.target(way, opened) !== null : undefined}
        canHaveSubtasks={opened !== null && canHaveSubtasks(opened)}
        onMove={(way) => opened && moves.step(way, opened)}
        onDay={(day) => opened && schedule(day, opened)}
        onSkip={() => opened && void actions.skip(opened)}
        onAddBeneath={() => opened && addBeneath(opened)}
        onOpen={() => opened && on.onOpen(opened)}
        onRemove={() => opened && on.onRemove(opened)}
      />
      {selection.active && <BatchBar selection={selection} />}
    </>
  );
}

interface MovesSettings {
  filters: Filters;
  list: RefObject<HTMLElement | null>;
  listing: TaskListing;
}

/** Moving tasks step by step, or by their grips, where the list has the order that is made by hand. */
function useMoves({ filters, list, listing: { rows = NO_ROWS, tree } }: MovesSettings) {
  const actions = useActions();
  const byHand = isByHand(filters);
  const move = (task: Task, to: Target) => {
    if (to.parent) fold(to.parent.id, false);
    actions.move(task, to);
  };
  const { drop, onPointerDown, ...dragging } = useDrag({ list, rows, tree, onMove: move });
  const target = (step: Step, task: Task) => (byHand ? targetOf(step, task, rows, tree) : null);
  return {
    byHand,
    target,
    step: (way: Step, task: Task) => {
      const to = target(way, task);
      if (to) move(task, to);
    },
    drop,
    handlers: { ...dragging, onPointerDown: byHand ? onPointerDown : undefined },
  };
}

interface KeysSettings {
  rows: readonly Row[];
  selection: Selection<Task>;
  search: RefObject<HTMLInputElement | null>;
  on: RowActions;
  openMenu: (task: Task) => void;
  addBeneath: (task: Task) => void;
  schedule: (which: QuickDay, task: Task) => void;
  step: (way: Step, task: Task) => void;
}

/** What single keys do in a list, most of them to the task whose row has the focus. */
function useListKeys({ rows, selection, search, on, openMenu, addBeneath, schedule, step }: KeysSettings): void {
  const onRow = (act: (task: Task) => void) => (id: number | null) => {
    const row = rows.find(({ task }) => task.id === id);
    if (row) act(row.task);
  };
  const days = Object.entries(DAY_KEYS).map(([key, day]) => [key, onRow((task) => schedule(day, task))]);
  useShortcuts({
    "/": () => search.current?.focus(),
    ArrowDown: () => focusRow(1),
    ArrowUp: () => focusRow(-1),
    j: () => focusRow(1),
    k: () => focusRow(-1),
    c: onRow(on.onComplete),
    x: onRow((task) => on.onSelect(task, false)),
    X: onRow((task) => on.onSelect(task, true)),
    Delete: onRow(on.onRemove),
    Backspace: onRow(on.onRemove),
    Escape: selection.end,
    s: onRow(addBeneath),
    m: onRow(openMenu),
    ArrowRight: onRow((task) => fold(task.id, false)),
    ArrowLeft: onRow((task) => fold(task.id, true)),
    "Alt+ArrowUp": onRow((task) => step("up", task)),
    "Alt+ArrowDown": onRow((task) => step("down", task)),
    "Alt+ArrowRight": onRow((task) => step("in", task)),
    "Alt+ArrowLeft": onRow((task) => step("out", task)),
    ...Object.fromEntries(days),
  });
}

/** Where what was added went, if this list does not show it. */
function useWhere({ filters, most, onFilters }: Pick<Props, "filters" | "onFilters"> & { most: number }) {
  const workspace = useWorkspace();
  return (added: readonly Task[]) => {
    const made = added.map((task) => workspace.current(task));
    const all = workspace.tasks.get() ?? made; // while the list is not known it will have these
    const shown = arrange(all, filters, new Date(), folds.get()).slice(0, most);
    const ids = new Set(shown.map(({ task }) => task.id));
    const hidden = made.filter(({ id }) => !ids.has(id));
    if (hidden.length)
      workspace.notices.say(t.add.where(named(hidden)), { label: t.add.show, run: () => onFilters({ ...NO_FILTERS }) });
  };
}

/** The menu that all rows share. */
function useMenu() {
  const [task, setTask] = useState<Task | null>(null);
  const panel = useRef<HTMLDivElement>(null);
  const onMenu = useCallback((of: Task, button: Element) => {
    setTask(of);
    placeMenu(panel.current, button);
  }, []);
  const openAt = ({ id }: Task) => document.querySelector<HTMLElement>(`[data-task="${id}"] .task-more`)?.click();
  return { task, panel, onMenu, openAt };
}

type RowSettings = Pick<Props, "filters" | "onFilters" | "onDraft"> & Pick<RowActions, "onSelect" | "onMenu">;

/** The same functions from one rendering to the next, so that only the rows that changed are drawn again. */
function useRowActions({ filters, onFilters, onDraft, onSelect, onMenu }: RowSettings): RowActions {
  const actions = useActions();
  return useMemo(
    () => ({
      onOpen: (task) => onDraft({ base: task, fields: fieldsOf(task) }),
      onComplete: (task) => actions.complete([task], !task.completed),
      onRemove: (task) => actions.remove([task]),
      onSelect,
      onMenu,
      onFold: (task, folded) => fold(task.id, folded),
      onTag: (tag) => onFilters({ tags: [...new Set([...filters.tags, tag])] }),
    }),
    [actions, filters, onFilters, onDraft, onSelect, onMenu],
  );
}
