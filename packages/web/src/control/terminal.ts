// The command that does on a terminal what stands above it: to read, and to copy.

import { html, type TemplateResult } from "lit";
import { copyIcon } from "../chat/icons.ts";

/** A command with its button to copy. */
export function inTerminal(command: string): TemplateResult {
  return html`<p class="in-terminal">
    <span class="meta">In the terminal</span>
    <code dir="ltr">${command}</code>
    <button type="button" class="icon-button" aria-label=${`Copy: ${command}`} title="Copy" @click=${copy(command)}>
      ${copyIcon}
    </button>
  </p>`;
}

/** A word for a shell, in quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[\w./:@=,+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function copy(text: string): (event: Event) => Promise<void> {
  return async ({ currentTarget }) => {
    const button = currentTarget as HTMLElement;
    await navigator.clipboard.writeText(text);
    button.setAttribute("aria-label", "Copied");
    button.classList.add("copied");
  };
}
