// The question about one call. Escape means no. No button has the focus at first: whoever types something else when it
// appears allows nothing by Enter.

import { html, nothing, type TemplateResult } from "lit";
import { t } from "../../words/t.ts";
import type { Asking } from "../calls/asking.ts";
import type { Answer } from "../calls/consent.ts";

export function question(asking: Asking): TemplateResult | typeof nothing {
  const { first } = asking;
  if (first === undefined) return nothing;
  const { consent, what, askedBy } = first;
  const answer = (words: string, value: Answer, look = "button") =>
    html`<button type="button" class=${look} @click=${() => asking.answer(value)}>${words}</button>`;
  const refuse = (event: Event) => {
    event.preventDefault();
    asking.answer("no");
  };
  return html`<dialog class="question" aria-labelledby="asks" aria-describedby="asks-what" @cancel=${refuse}>
    <h2 id="asks" tabindex="-1" autofocus>${askedBy} asks for ${what}</h2>
    <p id="asks-what">${t(consent.title)}: ${t(consent.meaning)}</p>
    <div class="answers">
      ${answer(t("Once"), "once", "button primary")}
      ${consent.onlyOnce ? nothing : [answer(t("Ten minutes"), "ten-minutes"), answer(t("Always"), "always")]}
      ${answer(t("No"), "no")}
    </div>
  </dialog>`;
}
