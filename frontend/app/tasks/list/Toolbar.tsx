import { type Ref, useEffect, useEffectEvent, useState } from "react";
import { type Filters, isNarrowed, NO_FILTERS, SORTS } from "../../data/list/filters";
import { makeUsual } from "../../data/list/useFilters";
import { LIMITS, PRIORITIES, PRIORITY_NAMES } from "../../data/types";
import { Icon } from "../../ui/Icon";
import { t } from "../../text";

interface Props {
  filters: Filters;
  searchRef: Ref<HTMLInputElement>;
  selecting: boolean;
  onChange: (change: Partial<Filters>) => void;
  onSelect: () => void;
}

export function Toolbar({ filters, searchRef, selecting, onChange, onSelect }: Props) {
  return (
    <search className="toolbar">
      <Search inputRef={searchRef} text={filters.search} onChange={(text) => onChange({ search: text })} />
      <Choice
        name="due"
        label={t.toolbar.due}
        value={filters.due}
        options={t.toolbar.dues}
        onChange={(due) => onChange({ due })}
      />
      <Choice
        name="priority"
        label={t.toolbar.priority}
        value={filters.priority}
        options={{ any: t.toolbar.anyPriority, ...PRIORITY_NAMES }}
        order={["any", ...PRIORITIES]}
        onChange={(priority) => onChange({ priority })}
      />
      <Choice
        name="sort"
        label={t.toolbar.sort}
        value={filters.sort}
        options={t.toolbar.sorts}
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
        aria-label={t.toolbar.select}
        aria-pressed={selecting}
        onClick={onSelect}
      >
        <Icon name="select" /> <span className="select-label">{t.toolbar.select}</span>
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
            aria-label={t.toolbar.withoutTag(tag)}
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
        {t.toolbar.clear}
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
        aria-label={t.toolbar.searchTasks}
        placeholder={t.toolbar.search}
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
  name: string;
  label: string;
  value: T;
  options: Record<T, string>;
  order?: readonly T[];
  onChange: (value: T) => void;
}

function Choice<T extends string>({
  name,
  label,
  value,
  options,
  onChange,
  order = Object.keys(options) as T[],
}: ChoiceProps<T>) {
  return (
    <div className="choice" data-for={name}>
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
