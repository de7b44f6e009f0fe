import { type ReactNode, useLayoutEffect, useRef } from "react";
import { useActions } from "../../data/actions";
import type { Task } from "../../data/types";
import { DayMenu } from "../DayMenu";
import type { Selection } from "./useSelection";
import { t } from "../../text";

/** What can be done to all selected tasks at once. */
export function BatchBar({ selection }: { selection: Selection<Task> }) {
  const actions = useActions();
  const { tasks } = selection;
  const open = tasks.filter((task) => !task.completed);
  const none = tasks.length === 0;
  const done = (act: () => void) => () => {
    act();
    selection.end();
  };
  return (
    <SelectionBar selection={selection} onAll={selection.all}>
      {open.length > 0 || none ? (
        <button type="button" className="button" disabled={none} onClick={done(() => actions.complete(open, true))}>
          {t.selection.complete}
        </button>
      ) : (
        <button type="button" className="button" onClick={done(() => actions.complete(tasks, false))}>
          {t.selection.reopen}
        </button>
      )}
      <DayMenu
        label={t.selection.due}
        disabled={none}
        onDay={(day) => {
          actions.schedule(tasks, day);
          selection.end();
        }}
      />
      <button
        type="button"
        className="button"
        data-kind="danger"
        disabled={none}
        onClick={done(() => actions.remove(tasks))}
      >
        {t.selection.delete}
      </button>
    </SelectionBar>
  );
}

interface Props {
  selection: Pick<Selection<{ id: number }>, "tasks" | "end">;
  onAll: () => void;
  /** What can be done. */
  children: ReactNode;
}

/** How many are selected, all of them, none of them. */
export function SelectionBar({ selection, onAll, children }: Props) {
  const { tasks } = selection;
  const ref = useRef<HTMLElement>(null);

  // When it goes with the focus in it, the page has that.
  useLayoutEffect(() => {
    const bar = ref.current;
    return () => {
      if (bar?.contains(document.activeElement)) document.getElementById("main")?.focus();
    };
  }, []);

  return (
    <section ref={ref} className="batch-bar" aria-label={t.selection.title}>
      <p role="status">{tasks.length === 0 ? t.selection.none : t.selection.count(tasks.length)}</p>
      <button type="button" className="button" data-kind="quiet" onClick={onAll}>
        {t.selection.all}
      </button>
      {children}
      <button type="button" className="button" data-kind="quiet" onClick={selection.end}>
        {t.cancel}
      </button>
    </section>
  );
}
