import { type KeyboardEvent, useId, useState } from "react";
import { isSameTag, suggestions, withTags } from "../../data/tags";
import { LIMITS } from "../../data/types";
import { Icon } from "../../ui/Icon";
import { Field } from "./Field";
import { t } from "../../text";

interface Props {
  tags: readonly string[];
  known: readonly string[];
  fault: string | undefined;
  onChange: (tags: string[]) => void;
}

/**
 * Enter takes the tag that is offered, which is one that there is, if any is like what is typed; the arrows choose another,
 * or a new one. A comma makes a tag of just what is typed, so does leaving the field; Backspace takes the last one back.
 */
export function TagField({ tags, known, fault, onChange }: Props) {
  const [text, setText] = useState("");
  const [place, setPlace] = useState(0);
  const list = useId();
  const isFull = tags.length >= LIMITS.tags;
  const alike = suggestions(text, tags, known);
  const typed = text.trim().replace(/^#/, "");
  const isNew = typed !== "" && ![...alike, ...tags].some((tag) => isSameTag(tag, typed));
  const offers = alike.length && isNew ? [...alike, typed] : alike;
  const chosen = offers[Math.min(place, offers.length - 1)];

  const type = (next: string) => {
    setText(next);
    setPlace(0);
  };

  const take = (next: string) => {
    const all = withTags(tags, next, known);
    if (all.length > tags.length) onChange(all);
    type("");
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step && offers.length) {
      event.preventDefault();
      setPlace((Math.min(place, offers.length - 1) + step + offers.length) % offers.length);
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && typed) {
      event.preventDefault();
      take(chosen ?? text);
    } else if (event.key === "Escape" && text) {
      event.preventDefault(); // of what is typed, not of the whole dialog
      type("");
    } else if (event.key === "Backspace" && text === "") onChange(tags.slice(0, -1));
  };

  return (
    <Field label={t.fields.tags} hint={isFull ? t.tagsFull(LIMITS.tags) : undefined} fault={fault}>
      {(control) => (
        <div className="tag-field">
          {tags.map((tag) => (
            <span key={tag} className="tag" data-removable>
              {tag}
              <button
                type="button"
                aria-label={t.removeTag(tag)}
                onClick={() => onChange(tags.filter((other) => other !== tag))}
              >
                <Icon name="close" />
              </button>
            </span>
          ))}
          <input
            {...control}
            role="combobox"
            aria-autocomplete="list"
            aria-expanded={offers.length > 0}
            aria-controls={offers.length ? list : undefined}
            aria-activedescendant={chosen === undefined ? undefined : `${list}-${offers.indexOf(chosen)}`}
            value={text}
            disabled={isFull}
            maxLength={LIMITS.tag}
            autoComplete="off"
            placeholder={tags.length ? "" : t.tagsExample}
            onChange={({ target }) => (target.value.includes(",") ? take(target.value) : type(target.value))}
            onKeyDown={onKeyDown}
            onBlur={() => take(text)}
          />
          {offers.length > 0 && (
            <div id={list} role="listbox" aria-label={t.tagsAlike} className="offers">
              {offers.map((tag, index) => (
                <div
                  key={tag}
                  id={`${list}-${index}`}
                  role="option"
                  aria-selected={tag === chosen}
                  className="offer"
                  // Before the field is left, which would take what is typed.
                  onPointerDown={(event) => event.preventDefault()}
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => take(tag)}
                >
                  {alike.includes(tag) ? tag : t.newTag(tag)}
                </div>
              ))}
            </div>
          )}
        </div>
      )}
    </Field>
  );
}
