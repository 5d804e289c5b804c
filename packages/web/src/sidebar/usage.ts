// The line at the foot of the sidebar: what models took today. Opened: this conversation, the tokens in detail, budgets.

import type { BudgetState, UsageTotals } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import type { State } from "../store/state.ts";
import type { Store } from "../store/store.ts";
import { clockTime } from "../time.ts";
import { BUDGET_LOW, budgetText, tokensText, totalsText } from "../usage.ts";
import { t } from "../words/t.ts";

/** `<moltbot-usage>`: shows `state.usage`; nothing until it is known. */
export class UsageElement extends PageElement {
  static override properties = { state: { attribute: false }, store: { attribute: false } };
  declare state: State;
  declare store: Store;

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("keydown", (event) => event.key === "Escape" && this.#close(event));
    this.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !this.contains(relatedTarget)) this.#details?.removeAttribute("open");
    });
  }

  protected override render(): TemplateResult {
    const { usage, gatewayVersion } = this.state;
    const version = gatewayVersion === undefined ? "" : t("Gateway {0}", gatewayVersion);
    if (usage === undefined) return html`<span class="meta">${version}</span>`;
    const { session, today, budgets } = usage;
    const fullest = budgets.toSorted((one, other) => other.usedPercent - one.usedPercent)[0];
    return html`<details class="usage" @toggle=${this.#onToggle}>
      <summary>
        <span>Today ${totalsText(today)}</span>
        ${fullest === undefined ? html`<span class="meta">${version}</span>` : bar(fullest)}
      </summary>
      <div class="usage-panel" role="group" aria-label="Usage">
        <h3>This conversation</h3>
        ${session === undefined ? html`<p class="meta">No model was asked yet.</p>` : totals(session)}
        <h3>Today, everything</h3>
        ${totals(today)}
        ${budgets.length === 0 ? nothing : html`<h3>Budgets</h3>${budgets.map(budget)}`}
        <p class="meta">${version}</p>
      </div>
    </details>`;
  }

  get #details(): HTMLDetailsElement | null {
    return this.querySelector("details");
  }

  #onToggle(): void {
    if (this.#details?.open) void this.store.facts.loadUsage();
  }

  #close(event: Event): void {
    if (!this.#details?.open) return;
    event.stopPropagation();
    this.#details.open = false;
    this.querySelector("summary")?.focus();
  }
}

customElements.define("moltbot-usage", UsageElement);

function totals(usage: UsageTotals): TemplateResult {
  const { input, output, cacheRead, missingCostEntries, totalCost } = usage;
  const cached = cacheRead === 0 ? "" : t(", {0} from the cache", tokensText(cacheRead));
  return html`<p><strong>${totalsText(usage)}</strong></p>
    <p class="meta">${tokensText(input)} in, ${tokensText(output)} out${cached}</p>
    ${missingCostEntries > 0 && totalCost > 0 ? html`<p class="meta">Without models whose price is not known.</p>` : nothing}`;
}

function budget(state: BudgetState): TemplateResult {
  const { setting, resetAt } = state;
  return html`<div class="budget">
    <p>${budgetText(state)}</p>
    ${bar(state)}
    <p class="meta"><code>${setting}</code>${resetAt === undefined ? nothing : html` · until ${clockTime(resetAt)}`}</p>
  </div>`;
}

function bar({ usedPercent }: BudgetState): TemplateResult {
  const kind = usedPercent >= 100 ? "used-up" : usedPercent >= BUDGET_LOW ? "low" : "";
  const value = Math.min(100, Math.round(usedPercent));
  return html`<progress class=${kind} max="100" value=${value} aria-label="Of the budget used"></progress>`;
}
