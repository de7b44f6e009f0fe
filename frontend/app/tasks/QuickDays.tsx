import { QUICK_DAYS, quickDay, type QuickDay } from "../data/dates/days";
import { dueDay, format } from "../data/dates/due";
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
  /** The due date that is to be seen as chosen; undefined: of several tasks, that is none. */
  chosen: string | null | undefined;
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
        aria-pressed={chosen === undefined ? undefined : day === (chosen && dueDay(chosen))}
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

/** The same beside a field. */
export function DayChips({ chosen, onDay }: { chosen: string | null; onDay: (day: string | null) => void }) {
  const now = new Date();
  return (
    <div className="day-chips" role="group" aria-label={t.quickDays.title}>
      {QUICK_DAYS.map((which) => {
        const day = quickDay(which, now);
        const isChosen = day === (chosen && dueDay(chosen));
        return (
          <button key={which} type="button" className="tag" aria-pressed={isChosen} onClick={() => onDay(day)}>
            {t.quickDays[which]}
          </button>
        );
      })}
    </div>
  );
}
