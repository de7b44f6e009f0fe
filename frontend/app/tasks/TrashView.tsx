import { useEffect, useEffectEvent, useState } from "react";
import { useActions } from "../data/actions";
import { type Listing, useTrash } from "../data/queries";
import type { DeletedTask } from "../data/types";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { Icon } from "../ui/Icon";
import { useShortcuts } from "../ui/useShortcuts";
import { SelectionBar } from "./BatchBar";
import { useKeptFocus } from "./rowFocus";
import { Awaited, Blank, More } from "./states";
import { type Selection, useSelection } from "./useSelection";

/** Deleted tasks, to be taken back or done away with. */
export function TrashView() {
  const listing = useTrash();
  const list = useKeptFocus();
  return (
    <div ref={list} className="listing">
      {listing.rows ? <Trash listing={listing} /> : <Awaited listing={listing} what="Your trash" />}
    </div>
  );
}

const NO_ROWS: readonly DeletedTask[] = [];

function Trash({ listing }: { listing: Listing<DeletedTask> }) {
  const actions = useActions();
  const [asking, setAsking] = useState(false);
  const rows = listing.rows ?? NO_ROWS;
  const selection = useSelection(rows);
  const selectAll = useAll(listing, selection);
  useShortcuts({ Escape: selection.end });

  if (rows.length === 0)
    return (
      <Blank icon="trash" title="The trash is empty.">
        <p>Deleted tasks wait here for a while before they are erased.</p>
      </Blank>
    );
  return (
    <>
      <div className="toolbar">
        <p className="toolbar-note">Deleted tasks wait here for a while before they are erased.</p>
        <button
          type="button"
          className="button"
          data-kind="outline"
          aria-pressed={selection.active}
          onClick={selection.active ? selection.end : selection.begin}
        >
          <Icon name="select" /> Select
        </button>
        <button type="button" className="button" data-kind="danger" onClick={() => setAsking(true)}>
          Empty trash
        </button>
      </div>
      <ul className="tasks" aria-label="Deleted tasks">
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
            Restore
          </button>
        </SelectionBar>
      )}
      {asking && (
        <ConfirmDialog
          title="Empty the trash?"
          text="Everything in it is erased. Nothing brings it back."
          action="Empty trash"
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
  const when = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }).format(new Date(task.deleted_at));
  return (
    <li className="task" data-task={task.id} data-deleted data-selected={selected ?? false}>
      {selected !== null && (
        <input
          type="checkbox"
          className="tick"
          data-shape="square"
          aria-label={`Select: ${task.title}`}
          checked={selected}
          onChange={({ nativeEvent }) => onSelect(nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)}
        />
      )}
      <div className="task-body">
        <p className="task-title">{task.title}</p>
        <div className="task-meta">
          <span className="meta">
            <Icon name="trash" /> Deleted {when}
          </span>
        </div>
      </div>
      <button
        type="button"
        className="button"
        data-kind="outline"
        aria-label={`Restore: ${task.title}`}
        onClick={onRestore}
      >
        <Icon name="restore" /> Restore
      </button>
    </li>
  );
}
