import { QUICK_DAYS, quickDay, type QuickDay } from "../data/days";
import { dueDay, format } from "../data/due";
import { t } from "../text";

/** By the key that says it. */
export const DAY_KEYS: Readonly<Record<string, QuickDay>> = {
  1: "today",
  2: "tomorrow",
  3: "weekend",
  4: "nextWeek",
  0: "none",
};

const KEYS = Object.fromEntries(Object.entries(DAY_KEYS).map(([key, day]) => [day, key]));

interface Props {
  /** The due date that is to be seen as chosen. */
  chosen: string | null;
  onDay: (day: QuickDay) => void;
}

/** The days that people mean, one press each, with the date that they stand for. */
export function QuickDays({ chosen, onDay }: Props) {
  const now = new Date();
  return QUICK_DAYS.map((which) => {
    const day = quickDay(which, now);
    return (
      <button
        key={which}
        type="button"
        className="menu-item"
        aria-pressed={day === (chosen && dueDay(chosen))}
        onClick={() => onDay(which)}
      >
        {t.quickDays[which]}
        <span className="menu-hint">
          {day && format(`${day}T12:00:00`, { weekday: "short", day: "numeric", month: "short" })}{" "}
          <kbd>{KEYS[which]}</kbd>
        </span>
      </button>
    );
  });
}
