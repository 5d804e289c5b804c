// Sentences that name a command: what stands between back-ticks is shown as code.

import { html, type TemplateResult } from "lit";

/** Shows a sentence; every second part between back-ticks is code. */
export function words(sentence: string): (string | TemplateResult)[] {
  return sentence.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}
