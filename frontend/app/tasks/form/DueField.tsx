import { useState } from "react";
import { fromLocalInput, isDay, toLocalInput } from "../../data/dates/due";
import { Field } from "./Field";
import { DayChips } from "../QuickDays";
import { t } from "../../text";

interface Props {
  due: string | null;
  fault: string | undefined;
  onChange: (due: string | null) => void;
}

/** A calendar day and, if a time is given too, a moment in the browser's time zone. */
export function DueField({ due, fault, onChange }: Props) {
  const [{ day, time, said }, set] = useState(() => inputsOf(due));
  if (due !== said) set(inputsOf(due)); // not by what was typed here

  const change = (newDay: string, newTime: string) => {
    const next = newDay === "" ? null : newTime === "" ? newDay : fromLocalInput(`${newDay}T${newTime}`);
    set({ day: newDay, time: newTime, said: next });
    onChange(next);
  };

  return (
    <div className="due-field">
      <DayChips chosen={due} onDay={(next) => change(next ?? "", next ? time : "")} />
      <Field label={t.fields.due} fault={fault}>
        {(control) => (
          <input
            {...control}
            type="date"
            value={day}
            min="0001-01-01"
            max="9999-12-30"
            onChange={({ target }) => change(target.value, target.value ? time : "")}
          />
        )}
      </Field>
      <Field label={t.fields.time}>
        {(control) => (
          <input
            {...control}
            type="time"
            value={time}
            disabled={day === ""}
            onChange={({ target }) => change(day, target.value)}
          />
        )}
      </Field>
    </div>
  );
}

/** `said` is the due date that the two inputs have last stood for: half typed they stand for none. */
function inputsOf(due: string | null): { day: string; time: string; said: string | null } {
  if (due === null || isDay(due)) return { day: due ?? "", time: "", said: due };
  const [day = "", time = ""] = toLocalInput(due).split("T");
  return { day, time, said: due };
}
