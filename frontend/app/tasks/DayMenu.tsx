import { type KeyboardEvent, useId, useRef } from "react";
import { quickDay, type QuickDay } from "../data/dates/days";
import { DAY_KEYS, QuickDays } from "./QuickDays";
import { focusFirst, placeMenu } from "./list/rows/RowMenu";

interface Props {
  label: string;
  disabled?: boolean;
  /** The calendar day, null for none. */
  onDay: (day: string | null) => void;
}

/** A button that offers the days to which tasks can be put off. */
export function DayMenu({ label, disabled = false, onDay }: Props) {
  const id = useId();
  const panel = useRef<HTMLDivElement>(null);
  const take = (which: QuickDay) => {
    panel.current?.hidePopover();
    onDay(quickDay(which, new Date()));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const which = DAY_KEYS[event.key];
    if (which) take(which);
  };
  return (
    <>
      <button
        type="button"
        className="button"
        popoverTarget={id}
        disabled={disabled}
        onClick={({ currentTarget }) => placeMenu(panel.current, currentTarget)}
      >
        {label}
      </button>
      <div
        ref={panel}
        id={id}
        popover="auto"
        className="menu row-menu"
        role="group"
        aria-label={label}
        onToggle={focusFirst}
        onKeyDown={onKeyDown}
      >
        <QuickDays chosen={undefined} onDay={take} />
      </div>
    </>
  );
}
