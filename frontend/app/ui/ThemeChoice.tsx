import { useId } from "react";
import { useStore } from "../sync/useStore";
import { THEMES, type Theme, theme } from "./theme";

const THEME_NAMES: Record<Theme, string> = { system: "Auto", light: "Light", dark: "Dark" };

export function ThemeChoice() {
  const chosen = useStore(theme);
  const name = useId();
  return (
    <fieldset className="theme-choice">
      <legend className="only-read">Theme</legend>
      <div className="segments">
        {THEMES.map((option) => (
          <label key={option}>
            <input type="radio" name={name} checked={chosen === option} onChange={() => theme.set(option)} />
            <span>{THEME_NAMES[option]}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
