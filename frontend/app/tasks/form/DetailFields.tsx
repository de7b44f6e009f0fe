import { useStats } from "../../data/queries";
import { fitted } from "../../data/dates/repeat";
import { LIMITS, PRIORITIES, PRIORITY_NAMES, same, type Task, type TaskFields } from "../../data/types";
import { Segments } from "../../ui/Segments";
import { DueField } from "./DueField";
import { Field } from "./Field";
import { faultOf } from "./fieldErrors";
import { RepeatField } from "./RepeatField";
import { TagField } from "./TagField";
import { t } from "../../text";

interface Props {
  fields: TaskFields;
  /** The task as the service has it, null for a new one. */
  base?: Task | null;
  problem?: unknown;
  onChange: (change: Partial<TaskFields>) => void;
}

const OPTIONS = PRIORITIES.toReversed().map((priority) => [PRIORITY_NAMES[priority], priority] as const);

/** Everything about a task but its title. */
export function DetailFields({ fields, base = null, problem, onChange: onPart }: Props) {
  const known = Object.keys(useStats()?.by_tag ?? {});
  const length = fields.description?.length ?? 0;
  /** Without a date nothing comes again, and a time has a clock on a wall. */
  const onChange = (part: Partial<TaskFields>) => {
    const next = { ...fields, ...part };
    const recurrence = fitted(next.recurrence, next.due_date);
    onPart({ ...part, ...(!same(recurrence, fields.recurrence) && { recurrence }) });
  };
  return (
    <>
      <Field
        label={t.fields.notes}
        fault={faultOf(problem, "description")}
        hint={length > LIMITS.description * 0.8 ? t.left(LIMITS.description - length) : undefined}
      >
        {(control) => (
          <textarea
            {...control}
            rows={3}
            maxLength={LIMITS.description}
            value={fields.description ?? ""}
            onChange={({ target }) => onChange({ description: target.value || null })}
          />
        )}
      </Field>
      <div className="field-row">
        <DueField
          due={fields.due_date}
          fault={faultOf(problem, "due_date")}
          onChange={(due_date) => onChange({ due_date })}
        />
        <Segments
          legend={t.fields.priority}
          options={OPTIONS}
          chosen={fields.priority}
          onChoose={(priority) => onChange({ priority })}
        />
      </div>
      <RepeatField fields={fields} base={base} fault={faultOf(problem, "recurrence")} onChange={onChange} />
      <TagField
        tags={fields.tags}
        known={known}
        fault={faultOf(problem, "tags")}
        onChange={(tags) => onChange({ tags })}
      />
    </>
  );
}
