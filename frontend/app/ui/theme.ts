import { Store } from "../sync/store";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** In agreement with `public/theme.js`, which sets it before the first paint. */
const KEY = "tasklane:theme";

export const theme = new Store<Theme>(
  THEMES.find((known) => known === document.documentElement.dataset["theme"]) ?? "system",
);

theme.subscribe(() => {
  const chosen = theme.get();
  if (chosen === "system") {
    delete document.documentElement.dataset["theme"];
    localStorage.removeItem(KEY);
  } else {
    document.documentElement.dataset["theme"] = chosen;
    localStorage.setItem(KEY, chosen);
  }
});
