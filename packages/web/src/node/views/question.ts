// The question about one call. Escape means no. No button has the focus at first: whoever types something else when it
// appears allows nothing by Enter.

import { html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { t } from "../../words/t.ts";
import { type Answer, type Consent, groupOf } from "../calls/consent.ts";
import type { ConsentPrompts } from "../calls/consent-prompts.ts";

export function question(asking: ConsentPrompts): TemplateResult | typeof nothing {
  const { first } = asking;
  if (first === undefined) return nothing;
  const { consent, what, askedBy } = first;
  const group = groupOf(consent);
  const decide = (event: Event, answer: Answer) => {
    const box = (event.target as Element).closest("dialog")?.querySelector<HTMLInputElement>("#asks-all");
    asking.answer({ answer, isForGroup: box?.checked ?? false });
  };
  const answer = (words: string, value: Answer, look = "button") =>
    html`<button type="button" class=${look} @click=${(event: Event) => decide(event, value)}>${words}</button>`;
  const refuse = (event: Event) => {
    event.preventDefault();
    asking.answer({ answer: "no", isForGroup: false });
  };
  return html`<dialog class="question" aria-labelledby="asks" aria-describedby="asks-what" @cancel=${refuse}>
    <h2 id="asks" tabindex="-1" autofocus>${askedBy} asks for ${what}</h2>
    <p id="asks-what">${t(consent.title)}: ${t(consent.meaning)}</p>
    ${keyed(first, group === undefined ? nothing : forAll(group))}
    <div class="answers">
      ${answer(t("Once"), "once", "button primary")}
      ${consent.onlyOnce ? nothing : [answer(t("Ten minutes"), "ten-minutes"), answer(t("Always"), "always")]}
      ${answer(t("No"), "no")}
    </div>
  </dialog>`;
}

/** A box of its own for each question: no tick is left over from the one before. */
function forAll({ title }: Consent): TemplateResult {
  return html`<label class="check">
    <input type="checkbox" id="asks-all" />Ten minutes and always count for all of “${title}”
  </label>`;
}
