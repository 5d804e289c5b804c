// Light or dark: the system's choice until the person makes another, which is remembered.

import { recall, remember } from "./storage.ts";

/** Applies the remembered choice; call it once, before anything is shown. */
export function applyTheme(): void {
  const choice = recall("theme");
  if (choice === undefined) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

/** What somebody chose: the system's colours, or one of the two. */
export type ThemeChoice = "system" | "light" | "dark";

/** The choice of now. */
export function themeChoice(): ThemeChoice {
  const choice = recall("theme");
  return choice === "light" || choice === "dark" ? choice : "system";
}

/** Chooses, and remembers it. */
export function chooseTheme(choice: ThemeChoice): void {
  remember("theme", choice === "system" ? undefined : choice);
  applyTheme();
}
