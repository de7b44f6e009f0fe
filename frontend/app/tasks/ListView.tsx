import { type RefObject, useMemo, useRef } from "react";
import { named, useActions } from "../data/actions";
import { type Filters, isNarrowed, NO_FILTERS } from "../data/filters";
import { presetOf } from "../data/preset";
import { type Listing, useTaskList } from "../data/queries";
import { select } from "../data/select";
import { fieldsOf, type Task } from "../data/types";
import { failureOf, sentenceOf } from "../sync/failure";
import { useStore } from "../sync/useStore";
import { Icon } from "../ui/Icon";
import { useNow } from "../ui/useNow";
import { useShortcuts } from "../ui/useShortcuts";
import { useWorkspace } from "../workspace/workspace";
import { BatchBar } from "./BatchBar";
import { QuickAdd } from "./QuickAdd";
import { Refusals } from "./Refusals";
import { focusRow, useKeptFocus } from "./rowFocus";
import { Awaited, Blank, More } from "./states";
import type { Draft } from "./TaskDialog";
import { TaskList } from "./TaskList";
import type { RowActions } from "./TaskRow";
import { Toolbar } from "./Toolbar";
import { useSelection } from "./useSelection";
import { t } from "../text";

interface Props {
  filters: Filters;
  addRef: RefObject<HTMLInputElement | null>;
  onFilters: (change: Partial<Filters>) => void;
  /** Open a task in the dialog. */
  onDraft: (draft: Draft) => void;
}

const MINUTE = 60_000;
const NO_ROWS: readonly Task[] = [];

export function ListView({ filters, addRef, onFilters, onDraft }: Props) {
  const listing = useTaskList(filters);
  const rows = listing.rows ?? NO_ROWS;
  const selection = useSelection(listing.found ?? NO_ROWS);
  const on = useRowActions({ filters, onFilters, onDraft, onSelect: selection.toggle });
  const list = useKeptFocus();
  const search = useRef<HTMLInputElement>(null);
  const preset = presetOf(filters, new Date(useNow(MINUTE)));
  const sayWhere = useWhere({ filters, most: listing.most, onFilters });

  const onRow = (act: (task: Task) => void) => (id: number | null) => {
    const task = rows.find((row) => row.id === id);
    if (task) act(task);
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
  });

  return (
    <>
      <QuickAdd inputRef={addRef} preset={preset} onAdded={sayWhere} />
      <Refusals onReview={onDraft} />
      <Toolbar
        filters={filters}
        searchRef={search}
        selecting={selection.active}
        onChange={onFilters}
        onSelect={selection.active ? selection.end : selection.begin}
      />
      <div ref={list} className="listing">
        {listing.rows && <Stale listing={listing} />}
        {rows.length > 0 ? (
          <TaskList rows={rows} selection={selection} on={on} />
        ) : (
          <NoRows listing={listing} filters={filters} onFilters={onFilters} />
        )}
        <Elsewhere filters={filters} found={listing.found?.length ?? 0} onFilters={onFilters} />
        <More hasMore={listing.hasMore} isLoading={listing.isLoadingMore} onMore={listing.loadMore} />
      </div>
      {selection.active && <BatchBar selection={selection} />}
    </>
  );
}

/** Where what was added went, if this list does not show it. */
function useWhere({ filters, most, onFilters }: Pick<Props, "filters" | "onFilters"> & { most: number }) {
  const { tasks, notices } = useWorkspace();
  return (made: readonly Task[]) => {
    const shown = select(tasks.get() ?? [], filters, new Date()).slice(0, most);
    const ids = new Set(shown.map(({ id }) => id));
    const hidden = made.filter(({ id }) => !ids.has(id));
    if (hidden.length)
      notices.say(t.add.where(named(hidden)), { label: t.add.show, run: () => onFilters({ ...NO_FILTERS }) });
  };
}

type RowSettings = Pick<Props, "filters" | "onFilters" | "onDraft"> & Pick<RowActions, "onSelect">;

/** The same functions from one rendering to the next, so that only the rows that changed are drawn again. */
function useRowActions({ filters, onFilters, onDraft, onSelect }: RowSettings): RowActions {
  const actions = useActions();
  return useMemo(
    () => ({
      onOpen: (task) => onDraft({ base: task, fields: fieldsOf(task) }),
      onComplete: (task) => actions.complete([task], !task.completed),
      onRemove: (task) => actions.remove([task]),
      onSelect,
      onTag: (tag) => onFilters({ tags: [...new Set([...filters.tags, tag])] }),
    }),
    [actions, filters, onFilters, onDraft, onSelect],
  );
}

/** The list could not be fetched anew, for another reason than that the service is away. */
function Stale({ listing }: { listing: Listing<Task> }) {
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

type NoRowsProps = Pick<Props, "filters" | "onFilters"> & { listing: Listing<Task> };

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
