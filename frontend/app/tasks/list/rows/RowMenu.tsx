import type { KeyboardEvent, RefObject, ToggleEvent } from "react";
import type { QuickDay } from "../../../data/dates/days";
import { type Step, STEPS } from "../../../data/list/moving";
import type { Task } from "../../../data/types";
import { QuickDays, DAY_KEYS } from "../../QuickDays";
import { t } from "../../../text";

export const ROW_MENU = "row-menu";

interface Props {
  /** Whose menu it is; null before it was opened for the first time. */
  task: Task | null;
  panel: RefObject<HTMLDivElement | null>;
  /** Undefined where the list has no order by hand. */
  canMove: ((step: Step) => boolean) | undefined;
  canHaveSubtasks: boolean;
  onMove: (step: Step) => void;
  onDay: (day: QuickDay) => void;
  onAddBeneath: () => void;
  /** To the next date of its rule. */
  onSkip: () => void;
  onOpen: () => void;
  onRemove: () => void;
}

/** What can be done to one task; each row has a button that opens it beside itself. */
export function RowMenu({
  task,
  panel,
  canMove,
  canHaveSubtasks,
  onMove,
  onDay,
  onAddBeneath,
  onSkip,
  onOpen,
  onRemove,
}: Props) {
  const act = (run: () => void) => () => {
    panel.current?.hidePopover();
    run();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const items = [...event.currentTarget.querySelectorAll<HTMLElement>("button:not(:disabled)")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const day = DAY_KEYS[event.key];
    if (step) items.at((at + step) % items.length)?.focus();
    else if (day) act(() => onDay(day))();
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={panel}
      id={ROW_MENU}
      popover="auto"
      className="menu row-menu"
      role="group"
      aria-label={task ? t.menu.title(task.title) : t.menu.any}
      onToggle={focusFirst}
      onKeyDown={onKeyDown}
    >
      <p className="menu-title">{t.fields.due}</p>
      <QuickDays chosen={task?.due_date ?? null} onDay={(day) => act(() => onDay(day))()} />
      {task?.recurrence && !task.completed && (
        <button type="button" className="menu-item" onClick={act(onSkip)}>
          {t.repeat.skip}
        </button>
      )}
      <hr />
      <button type="button" className="menu-item" onClick={act(onOpen)}>
        {t.menu.edit} <kbd>{t.shortcuts.keys.enter}</kbd>
      </button>
      {canHaveSubtasks && (
        <button type="button" className="menu-item" onClick={act(onAddBeneath)}>
          {t.menu.addBeneath} <kbd>s</kbd>
        </button>
      )}
      {canMove &&
        STEPS.map((step) => (
          <button
            key={step}
            type="button"
            className="menu-item"
            disabled={!canMove(step)}
            onClick={act(() => onMove(step))}
          >
            {t.menu.steps[step]}{" "}
            <span>
              <kbd>{t.shortcuts.keys.alt}</kbd> <kbd>{ARROWS[step]}</kbd>
            </span>
          </button>
        ))}
      <button type="button" className="menu-item" data-kind="danger" onClick={act(onRemove)}>
        {t.selection.delete} <kbd>⌫</kbd>
      </button>
    </div>
  );
}

const ARROWS: Record<Step, string> = { up: "↑", down: "↓", in: "→", out: "←" };

/** For the keys that choose. */
export function focusFirst({ newState, currentTarget }: ToggleEvent<HTMLDivElement>): void {
  if (newState === "open") currentTarget.querySelector("button")?.focus();
}

/** Beside what opened it, on the side where there is more room. */
export function placeMenu(panel: HTMLElement | null, beside: Element): void {
  if (!panel) return;
  const { top, bottom, right } = beside.getBoundingClientRect();
  const isLow = bottom > innerHeight / 2;
  panel.style.inset = isLow ? `auto auto ${innerHeight - top + 4}px auto` : `${bottom + 4}px auto auto auto`;
  panel.style.right = `${Math.max(8, document.documentElement.clientWidth - right)}px`;
  panel.style.maxHeight = `${(isLow ? top : innerHeight - bottom) - 16}px`;
}
