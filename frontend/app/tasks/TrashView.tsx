import { useState } from "react";
import { useActions } from "../data/actions";
import { type Listing, useTrash } from "../data/queries";
import type { DeletedTask } from "../data/types";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { Icon } from "../ui/Icon";
import { useKeptFocus } from "./rowFocus";
import { Awaited, Blank, More } from "./states";

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

function Trash({ listing }: { listing: Listing<DeletedTask> }) {
  const actions = useActions();
  const [asking, setAsking] = useState(false);
  const rows = listing.rows ?? [];

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
        <button type="button" className="button" data-kind="danger" onClick={() => setAsking(true)}>
          Empty trash
        </button>
      </div>
      <ul className="tasks" aria-label="Deleted tasks">
        {rows.map((task) => (
          <Row key={task.id} task={task} onRestore={() => actions.restore([task])} />
        ))}
      </ul>
      <More hasMore={listing.hasMore} isLoading={listing.isLoadingMore} onMore={listing.loadMore} />
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

function Row({ task, onRestore }: { task: DeletedTask; onRestore: () => void }) {
  const when = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }).format(new Date(task.deleted_at));
  return (
    <li className="task" data-task={task.id} data-deleted>
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
