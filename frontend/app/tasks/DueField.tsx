import { useState } from "react";
import { fromLocalInput, isDay, toLocalInput } from "../data/due";
import { Field } from "./Field";

interface Props {
  due: string | null;
  fault: string | undefined;
  onChange: (due: string | null) => void;
}

/** A calendar day and, if a time is given too, a moment in the browser's time zone. */
export function DueField({ due, fault, onChange }: Props) {
  const [day, setDay] = useState(due === null || isDay(due) ? (due ?? "") : toLocalInput(due).slice(0, 10));
  const [time, setTime] = useState(due === null || isDay(due) ? "" : toLocalInput(due).slice(11));

  const change = (newDay: string, newTime: string) => {
    setDay(newDay);
    setTime(newTime);
    onChange(newDay === "" ? null : newTime === "" ? newDay : fromLocalInput(`${newDay}T${newTime}`));
  };

  return (
    <div className="due-field">
      <Field label="Due" fault={fault}>
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
      <Field label="Time">
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
