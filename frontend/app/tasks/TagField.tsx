import { type KeyboardEvent, useId, useState } from "react";
import { LIMITS } from "../data/types";
import { Icon } from "../ui/Icon";
import { Field } from "./Field";

interface Props {
  tags: readonly string[];
  known: readonly string[];
  fault: string | undefined;
  onChange: (tags: string[]) => void;
}

/** Enter or a comma makes a tag of what is typed, so does leaving the field; Backspace takes the last one back. */
export function TagField({ tags, known, fault, onChange }: Props) {
  const [text, setText] = useState("");
  const list = useId();
  const isFull = tags.length >= LIMITS.tags;

  const take = (typed: string) => {
    const fresh = typed.split(",").map((tag) => tag.trim().replace(/^#/, "").slice(0, LIMITS.tag));
    const all = [...new Set([...tags, ...fresh])].filter(Boolean).slice(0, LIMITS.tags);
    if (all.length > tags.length) onChange(all);
    setText("");
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && text.trim()) {
      event.preventDefault();
      take(text);
    } else if (event.key === "Backspace" && text === "") onChange(tags.slice(0, -1));
  };

  return (
    <Field label="Tags" hint={isFull ? `No more than ${LIMITS.tags} tags` : undefined} fault={fault}>
      {(control) => (
        <div className="tag-field">
          {tags.map((tag) => (
            <span key={tag} className="tag" data-removable>
              {tag}
              <button
                type="button"
                aria-label={`Remove tag ${tag}`}
                onClick={() => onChange(tags.filter((t) => t !== tag))}
              >
                <Icon name="close" />
              </button>
            </span>
          ))}
          <input
            {...control}
            list={list}
            value={text}
            disabled={isFull}
            maxLength={LIMITS.tag}
            autoComplete="off"
            placeholder={tags.length ? "" : "home, errands"}
            onChange={({ target }) => (target.value.includes(",") ? take(target.value) : setText(target.value))}
            onKeyDown={onKeyDown}
            onBlur={() => take(text)}
          />
          <datalist id={list}>
            {known
              .filter((tag) => !tags.includes(tag))
              .map((tag) => (
                <option key={tag}>{tag}</option>
              ))}
          </datalist>
        </div>
      )}
    </Field>
  );
}
