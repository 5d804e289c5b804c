// Shows what would change in a text.

import { html, type TemplateResult } from "lit";
import { changesOnly, diffLines } from "./diff.ts";

const SIGNS = { same: " ", added: "+", removed: "−" } as const;
const WORDS = { same: "", added: "Added: ", removed: "Removed: " } as const;

/** The changed lines of a text with a few around them. */
export function diffView(before: string, after: string): TemplateResult {
  const lines = changesOnly(diffLines(before, after));
  return html`<div class="diff" role="group" aria-label="What changes" tabindex="0" dir="ltr">
    ${lines.map((line) =>
      line === undefined
        ? html`<div class="gap">⋯</div>`
        : html`<div class=${line.kind}><span aria-hidden="true">${SIGNS[line.kind]}</span><span class="visually-hidden">${WORDS[line.kind]}</span><bdi>${line.text}</bdi></div>`,
    )}
  </div>`;
}
