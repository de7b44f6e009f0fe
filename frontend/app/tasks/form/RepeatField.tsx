import { useEffect, useId, useState } from "react";
import { dayOf, describeDue, dueDay } from "../../data/dates/due";
import { describeRepeat, firstOn, fitted, usualRules } from "../../data/dates/repeat";
import { same, type Recurrence, type Task, type TaskFields } from "../../data/types";
import { useStore } from "../../sync/useStore";
import { isTemporary } from "../../sync/writes";
import { Icon } from "../../ui/Icon";
import { useWorkspace } from "../../workspace/workspace";
import { bringReader, reader } from "../../words/reader";
import { Field } from "./Field";
import { t } from "../../text";
import { capital } from "../../text/capital";

interface Props {
  fields: TaskFields;
  /** The task as the service has it, null for a new one. */
  base: Task | null;
  fault: string | undefined;
  onChange: (change: Partial<TaskFields>) => void;
}

const [NEVER, OWN] = ["", "own"];

/** How a task comes again: what is usual for its day, or in words of one's own. */
export function RepeatField({ fields, base, fault, onChange }: Props) {
  const { recurrence, due_date: due } = fields;
  const [isOwn, setOwn] = useState(false);
  const name = useId();
  const today = dayOf(new Date());
  const usual = usualRules(due === null ? today : dueDay(due));
  const rules = recurrence && !usual.includes(recurrence.rule) ? [recurrence.rule, ...usual] : usual;

  const take = (rule: string, from: Recurrence["from"]) => {
    const day = due ?? firstOn(rule, today);
    onChange({ due_date: day, recurrence: fitted({ rule, time_zone: recurrence?.time_zone ?? null, from }, day) });
  };

  const choose = (choice: string) => {
    setOwn(choice === OWN);
    if (choice === NEVER) onChange({ recurrence: null });
    else if (choice !== OWN) take(choice, recurrence?.from ?? "due");
  };

  return (
    <div className="repeat-field">
      <Field label={t.fields.repeat} fault={fault}>
        {(control) => (
          <div className="choice">
            <select
              {...control}
              value={isOwn ? OWN : (recurrence?.rule ?? NEVER)}
              onChange={({ target }) => choose(target.value)}
            >
              <option value={NEVER}>{t.repeat.never}</option>
              {rules.map((rule) => (
                <option key={rule} value={rule}>
                  {capital(describeRepeat({ rule, time_zone: null, from: "due" }))}
                </option>
              ))}
              <option value={OWN}>{t.repeat.own}</option>
            </select>
            <Icon name="chevron" />
          </div>
        )}
      </Field>
      {isOwn && <OwnWords onRead={(said) => take(said.rule, said.from)} />}
      {recurrence && (
        <label className="repeat-from" htmlFor={name}>
          <input
            id={name}
            type="checkbox"
            className="tick"
            data-shape="square"
            checked={recurrence.from === "completion"}
            onChange={({ target }) => take(recurrence.rule, target.checked ? "completion" : "due")}
          />
          {t.repeat.completion}
        </label>
      )}
      {base && recurrence && same(recurrence, base.recurrence) && same(due, base.due_date) && <Next task={base} />}
    </div>
  );
}

/** As they are said; taken as soon as they are understood. */
function OwnWords({ onRead }: { onRead: (said: Recurrence) => void }) {
  const [text, setText] = useState("");
  const read = useStore(reader);
  const said = read?.(`x ${text}`, [], []).fields.recurrence ?? null;
  const note = read && text.trim() && !said ? t.repeat.notRead : undefined;
  useEffect(() => void bringReader(), []);
  return (
    <Field label={t.repeat.words} hint={said ? capital(describeRepeat(said)) : note}>
      {(control) => (
        <input
          {...control}
          autoFocus
          autoComplete="off"
          placeholder={t.repeat.wordsExample}
          value={text}
          onChange={({ target }) => {
            setText(target.value);
            const next = read?.(`x ${target.value}`, [], []).fields.recurrence;
            if (next) onRead(next);
          }}
        />
      )}
    </Field>
  );
}

const SHOWN = 3;

/** The dates that come, as the service finds them. */
function Next({ task }: { task: Task }) {
  const { api } = useWorkspace();
  const [dates, setDates] = useState<readonly string[] | null>(null);
  const { id, etag } = task;
  useEffect(() => {
    if (isTemporary(id)) return;
    const leaving = new AbortController();
    api
      .listOccurrences(id, { limit: SHOWN }, { signal: leaving.signal })
      .then(({ occurrences }) => setDates(occurrences))
      .catch(() => {}); // then they are not said
    return () => leaving.abort();
  }, [api, id, etag]);
  if (!dates) return <p className="field-hint">{"\u00a0"}</p>; // nothing moves when they come
  const now = new Date();
  const days = dates.map((date) => describeDue(date, now)).join(" · ");
  return <p className="field-hint">{dates.length ? t.repeat.next(days) : t.repeat.last}</p>;
}
