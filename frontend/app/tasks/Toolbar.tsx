import { type Ref, useEffect, useEffectEvent, useState } from "react";
import { type Filters, isNarrowed, NO_FILTERS, SORTS } from "../data/filters";
import { makeUsual } from "../data/useFilters";
import { LIMITS, PRIORITIES, PRIORITY_NAMES } from "../data/types";
import { Icon } from "../ui/Icon";

interface Props {
  filters: Filters;
  searchRef: Ref<HTMLInputElement>;
  selecting: boolean;
  onChange: (change: Partial<Filters>) => void;
  onSelect: () => void;
}

const DUE_NAMES: Record<Filters["due"], string> = {
  any: "Any due date",
  overdue: "Overdue",
  today: "Today",
  week: "Next 7 days",
};

const SORT_NAMES: Record<Filters["sort"], string> = {
  "-created": "Newest first",
  due_date: "Due date",
  "-priority": "Priority",
  title: "Title",
  "-updated": "Last changed",
};

export function Toolbar({ filters, searchRef, selecting, onChange, onSelect }: Props) {
  return (
    <search className="toolbar">
      <Search inputRef={searchRef} text={filters.search} onChange={(text) => onChange({ search: text })} />
      <Choice label="Due" value={filters.due} options={DUE_NAMES} onChange={(due) => onChange({ due })} />
      <Choice
        label="Priority"
        value={filters.priority}
        options={{ any: "Any priority", ...PRIORITY_NAMES }}
        order={["any", ...PRIORITIES]}
        onChange={(priority) => onChange({ priority })}
      />
      <Choice
        label="Sort"
        value={filters.sort}
        options={SORT_NAMES}
        order={SORTS}
        onChange={(sort) => {
          makeUsual(sort);
          onChange({ sort });
        }}
      />
      <button
        type="button"
        className="button"
        data-kind="outline"
        aria-label="Select"
        aria-pressed={selecting}
        onClick={onSelect}
      >
        <Icon name="select" /> <span className="select-label">Select</span>
      </button>
      {isNarrowed(filters) && <Narrowed filters={filters} onChange={onChange} />}
    </search>
  );
}

function Narrowed({ filters, onChange }: Pick<Props, "filters" | "onChange">) {
  return (
    <div className="narrowed">
      {filters.tags.map((tag) => (
        <span key={tag} className="tag" data-removable>
          {tag}
          <button
            type="button"
            aria-label={`Stop filtering by tag ${tag}`}
            onClick={() => onChange({ tags: filters.tags.filter((other) => other !== tag) })}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
      <button
        type="button"
        className="button"
        data-kind="quiet"
        onClick={() => onChange({ ...NO_FILTERS, status: filters.status, sort: filters.sort })}
      >
        Clear filters
      </button>
    </div>
  );
}

const PAUSE = 250;

/** Asks once the typing pauses. */
function Search({
  inputRef,
  text,
  onChange,
}: {
  inputRef: Ref<HTMLInputElement>;
  text: string;
  onChange: (text: string) => void;
}) {
  const [typed, setTyped] = useState(text);
  const [asked, setAsked] = useState(text);
  if (text !== asked) {
    // The address changed by other means: the back button, "clear filters".
    setAsked(text);
    setTyped(text);
  }

  const ask = useEffectEvent(() => {
    setAsked(typed.trim());
    if (typed.trim() !== text) onChange(typed.trim());
  });
  useEffect(() => {
    const timer = setTimeout(() => ask(), typed === "" ? 0 : PAUSE);
    return () => clearTimeout(timer);
  }, [typed]);

  return (
    <div className="search">
      <Icon name="search" />
      <input
        ref={inputRef}
        type="search"
        aria-label="Search tasks"
        placeholder="Search"
        autoComplete="off"
        maxLength={LIMITS.search}
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (typed === "") event.currentTarget.blur();
          setTyped("");
        }}
      />
    </div>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: Record<T, string>;
  order?: readonly T[];
  onChange: (value: T) => void;
}

function Choice<T extends string>({
  label,
  value,
  options,
  onChange,
  order = Object.keys(options) as T[],
}: ChoiceProps<T>) {
  return (
    <div className="choice" data-for={label}>
      <select aria-label={label} value={value} onChange={({ target }) => onChange(target.value as T)}>
        {order.map((option) => (
          <option key={option} value={option}>
            {options[option]}
          </option>
        ))}
      </select>
      <Icon name="chevron" />
    </div>
  );
}
