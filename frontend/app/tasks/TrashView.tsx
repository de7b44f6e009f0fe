import { useEffect, useEffectEvent, useState } from "react";
import { useActions } from "../data/actions";
import { format } from "../data/dates/due";
import { type Listing, useTrash, useTrashDays } from "../data/queries";
import type { DeletedTask } from "../data/types";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { Icon } from "../ui/Icon";
import { useShortcuts } from "../ui/useShortcuts";
import { SelectionBar } from "./list/BatchBar";
import { useKeptFocus } from "./list/rows/rowFocus";
import { SelectTick } from "./list/rows/SelectTick";
import { Awaited, Blank, More } from "./states";
import { type Selection, useSelection } from "./list/useSelection";
import { t } from "../text";

/** Deleted tasks, to be taken back or done away with. */
export function TrashView() {
  const listing = useTrash();
  const list = useKeptFocus();
  return (
    <div ref={list} className="listing">
      {listing.rows ? <Trash listing={listing} /> : <Awaited listing={listing} what="trash" />}
    </div>
  );
}

const NO_ROWS: readonly DeletedTask[] = [];

function Trash({ listing }: { listing: Listing<DeletedTask> }) {
  const actions = useActions();
  const [asking, setAsking] = useState(false);
  const rows = listing.rows ?? NO_ROWS;
  const days = useTrashDays();
  const selection = useSelection(rows);
  const selectAll = useAll(listing, selection);
  useShortcuts({ Escape: selection.end });

  if (rows.length === 0)
    return (
      <Blank icon="trash" title={t.trash.none}>
        <p>{t.trash.wait(days)}</p>
      </Blank>
    );
  return (
    <>
      <div className="toolbar">
        <p className="toolbar-note">{t.trash.wait(days)}</p>
        <button
          type="button"
          className="button"
          data-kind="outline"
          aria-pressed={selection.active}
          onClick={selection.active ? selection.end : selection.begin}
        >
          <Icon name="select" /> {t.toolbar.select}
        </button>
        <button type="button" className="button" data-kind="danger" onClick={() => setAsking(true)}>
          {t.trash.empty}
        </button>
      </div>
      <ul className="tasks" aria-label={t.trash.list}>
        {rows.map((task) => (
          <Row
            key={task.id}
            task={task}
            selected={selection.has(task)}
            onSelect={(range) => selection.toggle(task, range)}
            onRestore={() => actions.restore([task])}
          />
        ))}
      </ul>
      <More hasMore={listing.hasMore} isLoading={listing.isLoadingMore} onMore={listing.loadMore} />
      {selection.active && (
        <SelectionBar selection={selection} onAll={selectAll}>
          <button
            type="button"
            className="button"
            disabled={selection.tasks.length === 0}
            onClick={() => {
              actions.restore(selection.tasks);
              selection.end();
            }}
          >
            {t.trash.restore}
          </button>
        </SelectionBar>
      )}
      {asking && (
        <ConfirmDialog
          title={t.trash.emptyTitle}
          text={t.trash.emptyText}
          action={t.trash.empty}
          onConfirm={actions.emptyTrash}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

/** Select all there are, those that have not been asked for yet among them. */
function useAll({ hasMore, isLoadingMore, loadMore, error }: Listing<DeletedTask>, selection: Selection<DeletedTask>) {
  const [wanted, want] = useState(false);
  const goOn = useEffectEvent(() => {
    if (hasMore && !error) return loadMore();
    selection.all();
    want(false);
  });
  useEffect(() => {
    if (wanted && !isLoadingMore) goOn();
  }, [wanted, isLoadingMore, hasMore]);
  return () => want(true);
}

interface RowProps {
  task: DeletedTask;
  selected: boolean | null;
  onSelect: (range: boolean) => void;
  onRestore: () => void;
}

function Row({ task, selected, onSelect, onRestore }: RowProps) {
  const when = format(task.deleted_at, { day: "numeric", month: "short" });
  return (
    <li className="task" data-task={task.id} data-deleted data-selected={selected ?? false}>
      {selected !== null && <SelectTick title={task.title} selected={selected} onSelect={onSelect} />}
      <div className="task-body">
        <p className="task-title">{task.title}</p>
        <div className="task-meta">
          <span className="meta">
            <Icon name="trash" /> {t.task.deleted(when)}
          </span>
        </div>
      </div>
      <button
        type="button"
        className="button"
        data-kind="outline"
        aria-label={t.task.restore(task.title)}
        onClick={onRestore}
      >
        <Icon name="restore" /> {t.trash.restore}
      </button>
    </li>
  );
}
