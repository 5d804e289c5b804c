// A command that waits for a person: what exactly would run, where, why it asks, how long it waits; and the answers.

import { html, nothing, type TemplateResult } from "lit";
import { agentOf } from "../agents.ts";
import type { Approval, Decision } from "../store/approvals.ts";
import type { State } from "../store/state.ts";
import type { Store } from "../store/store.ts";
import { t } from "../words/t.ts";
import { PageElement } from "./element.ts";
import { shieldIcon } from "./icons.ts";

/** A card appears under the pointer of somebody who is about to press something else: so long it takes no answer, in ms. */
const UNARMED_MS = 600;
const SECOND_MS = 1_000;

/** `<moltbot-approval>`: shows `approval`. It never takes the focus by itself. */
export class ApprovalElement extends PageElement {
  static override properties = {
    approval: { attribute: false },
    state: { attribute: false },
    store: { attribute: false },
    isArmed: { state: true },
    answered: { state: true },
  };
  declare approval: Approval;
  declare state: State;
  declare store: Store;
  declare isArmed: boolean;
  declare answered: boolean;
  #clock: ReturnType<typeof setInterval> | undefined;
  #arming: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.isArmed = false;
    this.answered = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#clock = setInterval(() => this.requestUpdate(), SECOND_MS);
    this.#arming = setTimeout(() => {
      this.isArmed = true;
    }, UNARMED_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
    clearTimeout(this.#arming);
  }

  protected override render(): TemplateResult {
    const { command, canRemember } = this.approval;
    return html`<section class="approval ${this.isArmed ? "" : "arming"}" aria-label="A command waits for your approval">
      <p class="approval-head">
        ${shieldIcon}<strong>${this.#who()} wants to run a command</strong>
        <span class="countdown" role="timer">${leftText(this.approval.expiresAt - Date.now())}</span>
      </p>
      <pre tabindex="0" role="group" aria-label="Command"><code>${command}</code></pre>
      <dl>${this.#facts().map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      <div class="card-actions">
        ${this.#button("deny", t("Deny"), "")} ${canRemember ? this.#button("allow-always", t("Always allow"), "") : nothing}
        ${this.#button("allow-once", t("Allow once"), "primary")}
        <span class="meta arming-words" role="status">${this.isArmed ? "" : t("One moment: read it first.")}</span>
      </div>
    </section>`;
  }

  #who(): string {
    const { agentId, sessionKey } = this.approval;
    const agent = agentOf(agentId === undefined ? (sessionKey ?? "") : `agent:${agentId}:`, this.state.agents);
    return this.state.agents.length > 1 && agent !== undefined ? agent.name : t("The agent");
  }

  #facts(): [string, string][] {
    const { cwd, host, agentId, resolvedPath, env, why, canRemember, always, code } = this.approval;
    const known: [string, string | undefined][] = [
      [t("in"), cwd],
      [t("starts"), resolvedPath],
      [t("with"), env.length === 0 ? undefined : env.join(" ")],
      [t("on host"), host === "gateway" ? undefined : host],
      [t("agent"), this.state.agents.length > 1 ? agentId : undefined],
      [t("why"), why.length === 0 ? undefined : why.join("; ")],
      [t("always"), canRemember ? always : undefined],
      [t("code"), code],
    ];
    return known.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  }

  #button(decision: Decision, label: string, kind: string): TemplateResult {
    return html`<button
      type="button"
      class="button small ${kind}"
      ?disabled=${this.answered}
      aria-disabled=${this.isArmed ? nothing : "true"}
      @click=${() => this.#answer(decision)}
    >
      ${label}
    </button>`;
  }

  async #answer(decision: Decision): Promise<void> {
    if (!this.isArmed) return;
    this.answered = true;
    await this.store.approvals.resolve(this.approval, decision);
    this.answered = false;
  }
}

customElements.define("moltbot-approval", ApprovalElement);

function leftText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND_MS));
  const rest = String(seconds % 60).padStart(2, "0");
  return t("{0}:{1} left", Math.floor(seconds / 60), rest);
}
