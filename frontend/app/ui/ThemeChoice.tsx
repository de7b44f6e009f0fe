import { useId } from "react";
import { useStore } from "../sync/useStore";
import { THEMES, theme } from "./theme";
import { t } from "../text";

export function ThemeChoice() {
  const chosen = useStore(theme);
  const name = useId();
  return (
    <fieldset className="theme-choice">
      <legend className="only-read">{t.theme.title}</legend>
      <div className="segments">
        {THEMES.map((option) => (
          <label key={option}>
            <input type="radio" name={name} checked={chosen === option} onChange={() => theme.set(option)} />
            <span>{t.theme[option]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
