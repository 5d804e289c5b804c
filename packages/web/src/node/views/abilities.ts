// The list of what this browser may do, each ability with its own choice.

import { html, nothing, type TemplateResult } from "lit";
import { dates } from "../../words/formatters.ts";
import { said, t } from "../../words/t.ts";
import { type Choice, CONSENTS, type Consent, GROUPS } from "../calls/consent.ts";
import type { NodePage } from "../node-page.ts";

const time = dates({ hour: "2-digit", minute: "2-digit" });

const CHOICES: readonly (readonly [Choice, string])[] = [
  ["ask", said("Ask each time")],
  ["always", said("Always")],
  ["never", said("Never")],
];

export function abilities(page: NodePage, changed: () => void): TemplateResult {
  const offered = CONSENTS.filter(({ id }) => page.offers.has(id));
  const groups = GROUPS.map((group) => ({ group, members: offered.filter((each) => each.group === group.id) }));
  return html`<ul class="abilities">
    ${offered.filter(({ group }) => group === undefined).map((each) => html`<li>${ability(page, each, changed)}</li>`)}
    ${groups
      .filter(({ members }) => members.length > 0)
      .map(
        ({ group, members }) => html`<li>
        ${ability(page, group, changed)}
        <details>
          <summary>${page.consents.differs(group) ? t("Each for itself, not all alike") : t("Each for itself")}</summary>
          <ul class="abilities">${members.map((each) => html`<li>${ability(page, each, changed)}</li>`)}</ul>
        </details>
      </li>`,
      )}
  </ul>`;
}

function ability({ consents }: NodePage, consent: Consent, changed: () => void): TemplateResult {
  const { id, title, meaning, onlyOnce } = consent;
  const until = consents.allowedUntil(consent);
  const chosen = consents.choice(consent);
  const choose = (event: Event) => {
    consents.choose(consent, (event.target as HTMLSelectElement).value as Choice);
    changed();
  };
  return html`<label for="may-${id}"><strong>${t(title)}</strong></label>
    <p class="meta" id="about-${id}">${t(meaning)}${until === undefined ? nothing : t(" Allowed until {0}.", clock(until))}</p>
    <select id="may-${id}" aria-describedby="about-${id}" @change=${choose}>
      ${CHOICES.filter(([choice]) => !(onlyOnce && choice === "always")).map(
        ([choice, words]) => html`<option value=${choice} ?selected=${choice === chosen}>${t(words)}</option>`,
      )}
    </select>`;
}

/** A time of today. */
export function clock(at: number): string {
  return time.format(at);
}
