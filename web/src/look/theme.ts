import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

const KEY = "refdesk-theme";

/** Kept by the browser; `theme.js` applies it before the first paint. */
export const theme = signal<Theme>(kept());

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  try {
    if (chosen === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // A browser that keeps nothing still shows the choice until the page is left.
  }
}

function kept(): Theme {
  const applied = document.documentElement.dataset["theme"];
  return applied === "light" || applied === "dark" ? applied : "system";
}
