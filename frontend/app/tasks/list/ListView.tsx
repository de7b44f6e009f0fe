import { type RefObject, useCallback, useMemo, useRef, useState } from "react";
import { named, useActions } from "../../data/actions";
import { type Filters, isNarrowed, NO_FILTERS } from "../../data/list/filters";
import { presetOf } from "../../data/list/preset";
import { type Listing, useTaskList } from "../../data/queries";
import { arrange, isByHand } from "../../data/list/arrange";
import { type QuickDay, quickDay } from "../../data/dates/days";
import { dayOf, dueDay } from "../../data/dates/due";
import { fold, folds } from "../../data/list/folds";
import { type Step, type Target, targetOf } from "../../data/list/moving";
import { select } from "../../data/list/select";
import { LEVELS, type Row } from "../../data/list/tree";
import { fieldsOf, type Task } from "../../data/types";
import { failureOf, sentenceOf } from "../../sync/failure";
import { useStore } from "../../sync/useStore";
import { Icon } from "../../ui/Icon";
import { MINUTE, useNow } from "../../ui/useNow";
import { useShortcuts } from "../../ui/useShortcuts";
import { useWorkspace } from "../../workspace/workspace";
import { BatchBar } from "./BatchBar";
import { QuickAdd } from "../QuickAdd";
import { DAY_KEYS } from "../QuickDays";
import { Refusals } from "./Refusals";
import { placeMenu, RowMenu } from "./RowMenu";
import { focusRow, useKeptFocus } from "./rowFocus";
import { Awaited, Blank, More } from "../states";
import type { Draft } from "../form/TaskDialog";
import { TaskList } from "./TaskList";
import type { RowActions } from "./TaskRow";
import { Toolbar } from "./Toolbar";
import { useDrag } from "./useDrag";
import { useSelection } from "./useSelection";
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
  const rows = listing.rows ?? NO_ROWS;
  const selection = useSelection(listing.found ?? NO_TASKS);
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

  const byHand = isByHand(filters);
  const move = (task: Task, to: Target) => {
    if (to.parent) fold(to.parent.id, false);
    actions.move(task, to);
  };
  const drag = useDrag({ list, rows, tree: listing.tree, onMove: move });
  const target = (step: Step, task: Task) => (byHand ? targetOf(step, task, rows, listing.tree) : null);
  const addBeneath = (task: Task) => {
    if (listing.tree.above(task).length + 1 >= LEVELS) return;
    setBeneath(task);
    addRef.current?.focus();
  };

  const onRow = (act: (task: Task) => void) => (id: number | null) => {
    const row = rows.find(({ task }) => task.id === id);
    if (row) act(row.task);
  };
  const step = (way: Step) =>
    onRow((task) => {
      const to = target(way, task);
      if (to) move(task, to);
    });
  /** Of the selected ones where the task is one of them. */
  const schedule = (which: QuickDay) => (task: Task) => {
    const tasks = selection.has(task) ? selection.tasks : [task];
    actions.schedule(tasks, quickDay(which, new Date()));
  };
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
    m: onRow(menu.openAt),
    ArrowRight: onRow((task) => fold(task.id, false)),
    ArrowLeft: onRow((task) => fold(task.id, true)),
    "Alt+ArrowUp": step("up"),
    "Alt+ArrowDown": step("down"),
    "Alt+ArrowRight": step("in"),
    "Alt+ArrowLeft": step("out"),
    ...Object.fromEntries(Object.entries(DAY_KEYS).map(([key, day]) => [key, onRow(schedule(day))])),
  });

  const reschedule = (day: string | null) => {
    const today = dayOf(new Date());
    const late = (listing.found ?? NO_TASKS).filter((task) => task.due_date !== null && dueDay(task.due_date) < today);
    actions.schedule(late, day);
  };

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
      <div
        ref={list}
        className="listing"
        onPointerDown={byHand ? drag.onPointerDown : undefined}
        onPointerMove={drag.onPointerMove}
        onPointerUp={drag.onPointerUp}
        onPointerCancel={drag.onPointerCancel}
      >
        {listing.rows && <Stale listing={listing} />}
        {drag.drop && <div className="drop-line" data-depth={drag.drop.depth} style={{ top: drag.drop.top }} />}
        {rows.length > 0 ? (
          <TaskList rows={rows} selection={selection} movable={byHand} onReschedule={reschedule} on={on} />
        ) : (
          <NoRows listing={listing} filters={filters} onFilters={onFilters} />
        )}
        <Elsewhere filters={filters} found={listing.found?.length ?? 0} onFilters={onFilters} />
        <More hasMore={listing.hasMore} isLoading={listing.isLoadingMore} onMore={listing.loadMore} />
      </div>
      <RowMenu
        task={opened}
        panel={menu.panel}
        canMove={byHand ? (way) => opened !== null && target(way, opened) !== null : undefined}
        canHaveSubtasks={opened !== null && listing.tree.above(opened).length + 1 < LEVELS}
        onMove={(way) => {
          const to = opened && target(way, opened);
          if (opened && to) move(opened, to);
        }}
        onDay={(day) => opened && schedule(day)(opened)}
        onSkip={() => opened && void actions.skip(opened)}
        onAddBeneath={() => opened && addBeneath(opened)}
        onOpen={() => opened && on.onOpen(opened)}
        onRemove={() => opened && on.onRemove(opened)}
      />
      {selection.active && <BatchBar selection={selection} />}
    </>
  );
}

/** Where what was added went, if this list does not show it. */
function useWhere({ filters, most, onFilters }: Pick<Props, "filters" | "onFilters"> & { most: number }) {
  const { tasks, notices } = useWorkspace();
  return (made: readonly Task[]) => {
    const shown = arrange(tasks.get() ?? [], filters, new Date(), folds.get()).slice(0, most);
    const ids = new Set(shown.map(({ task }) => task.id));
    const hidden = made.filter(({ id }) => !ids.has(id));
    if (hidden.length)
      notices.say(t.add.where(named(hidden)), { label: t.add.show, run: () => onFilters({ ...NO_FILTERS }) });
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

/** The list could not be fetched anew, for another reason than that the service is away. */
function Stale({ listing }: { listing: Listing<Row> }) {
  if (!listing.error || failureOf(listing.error) !== "refused") return null;
  return (
    <div role="alert" className="banner" data-state="refused">
      <Icon name="alert" />
      <p>
        {t.list.stale} {sentenceOf(listing.error)}
      </p>
      <button type="button" className="button" onClick={listing.retry}>
        {t.tryAgain}
      </button>
    </div>
  );
}

/** What is sought may be in another list. */
function Elsewhere({ filters, found, onFilters }: Pick<Props, "filters" | "onFilters"> & { found: number }) {
  const tasks = useStore(useWorkspace().tasks);
  const { search } = filters;
  const all = useMemo(() => {
    const everywhere = { ...NO_FILTERS, status: "all" as const, search };
    return search && tasks ? select(tasks, everywhere, new Date()).length : 0;
  }, [tasks, search]);
  if (all <= found) return null;
  return (
    <p className="elsewhere" role="status">
      <button
        type="button"
        className="button"
        data-kind="outline"
        onClick={() => onFilters({ ...NO_FILTERS, status: "all", search })}
      >
        <Icon name="search" /> {t.list.elsewhere(all - found)}
      </button>
    </p>
  );
}

type NoRowsProps = Pick<Props, "filters" | "onFilters"> & { listing: Listing<Row> };

function NoRows({ listing, filters, onFilters }: NoRowsProps) {
  if (listing.rows === undefined) return <Awaited listing={listing} what="tasks" />;
  if (isNarrowed(filters))
    return (
      <Blank icon="search" title={t.list.noMatch}>
        <button
          type="button"
          className="button"
          data-kind="outline"
          onClick={() => onFilters({ ...NO_FILTERS, status: filters.status })}
        >
          {t.list.showAll}
        </button>
      </Blank>
    );
  if (filters.status === "completed") return <Blank icon="done" title={t.list.noneCompleted} />;
  return (
    <Blank icon="done" title={t.list.clear}>
      <p>{t.list.begin}</p>
    </Blank>
  );
}
