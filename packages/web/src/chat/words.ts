// Sentences that name a command: what stands between back-ticks is shown as code.

import { html, type TemplateResult } from "lit";

/**
 * Shows a sentence; every second part between back-ticks is code. It has a direction of its own: what the gateway says is
 * English in a page from right to left too.
 */
export function words(sentence: string): TemplateResult {
  const parts = sentence.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
  return html`<bdi>${parts}</bdi>`;
}
