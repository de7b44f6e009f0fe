import { useStore } from "../sync/useStore";
import { Segments } from "./Segments";
import { type Theme, THEMES, theme } from "./theme";
import { t } from "../text";

const OPTIONS: readonly (readonly [string, Theme])[] = THEMES.map((option) => [t.theme[option], option]);

export function ThemeChoice() {
  const chosen = useStore(theme);
  return (
    <Segments legend={t.theme.title} options={OPTIONS} chosen={chosen} onChoose={(one) => theme.set(one)} isQuiet />
  );
}
