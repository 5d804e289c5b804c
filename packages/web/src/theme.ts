// Light or dark: the system's choice until the person makes another, which is remembered.

import { recall, remember } from "./storage.ts";

const system = matchMedia("(prefers-color-scheme: dark)");

/** Applies the remembered choice; call it once, before anything is shown. */
export function applyTheme(): void {
  const choice = recall("theme");
  if (choice === undefined) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

/** True when the page is dark now. */
export function isDark(): boolean {
  const choice = recall("theme");
  return choice === undefined ? system.matches : choice === "dark";
}

/** Switches to the other one. Choosing what the system has means following the system again. */
export function toggleTheme(): void {
  const wanted = isDark() ? "light" : "dark";
  remember("theme", (wanted === "dark") === system.matches ? undefined : wanted);
  applyTheme();
}
