// The newest inbound messages, each with what became of it; a row opens to tell why.

import type { InboxEntry, InboxWhyResult, OutboxEntry } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../chat/element.ts";
import { words } from "../chat/words.ts";
import { clockTime, shortAge } from "../time.ts";
import { said, t } from "../words/t.ts";
import { labelOf, outcomeOf, type Tone } from "./channel-words.ts";
import type { Channels } from "./channels.ts";
import type { Channel } from "./state.ts";

const PART_TONES: Readonly<Record<OutboxEntry["state"], { tone: Tone; words: string }>> = {
  queued: { tone: "busy", words: said("Waiting to be sent") },
  sending: { tone: "busy", words: said("Being sent") },
  sent: { tone: "good", words: said("Sent") },
  unknown: { tone: "bad", words: said("Perhaps not sent") },
  failed: { tone: "bad", words: said("Not sent") },
};

/** `<moltbot-messages>`: shows `messages`; `known` are the channels, for their names. */
export class MessagesElement extends PageElement {
  static override properties = {
    messages: { attribute: false },
    known: { attribute: false },
    channels: { attribute: false },
    open: { state: true },
    why: { state: true },
  };
  declare messages: readonly InboxEntry[];
  declare known: readonly Channel[];
  declare channels: Channels;
  /** The id of the message that is explained. */
  declare open: number | undefined;
  declare why: InboxWhyResult | undefined;

  protected override render(): TemplateResult {
    return html`<section aria-labelledby="messages-title">
      <h2 id="messages-title">Recent messages</h2>
      <ul class="rows">
        ${repeat(
          this.messages,
          ({ id }) => id,
          (entry) => this.#row(entry),
        )}
      </ul>
    </section>`;
  }

  #row(entry: InboxEntry): TemplateResult {
    const { id, channel, chatKind, chatTitle, sender, senderName, text, kind, receivedAt } = entry;
    const { tone, words: outcome } = outcomeOf(entry);
    const isOpen = this.open === id;
    const where = chatKind === "direct" || chatTitle === undefined ? "" : t(" in {0}", chatTitle);
    return html`<li>
      <button type="button" class="message-row" aria-expanded=${isOpen ? "true" : "false"} @click=${() => this.#toggle(id)}>
        <span class="who">${senderName ?? sender}${where} <span class="chip">${labelOf(this.known, channel)}</span></span>
        <span class="state ${tone}"><span class="dot"></span>${outcome}</span>
        <span class="clip meta">${kind === "message" ? text : `${kind}${text === "" ? "" : `: ${text}`}`}</span>
        <time class="meta" datetime=${new Date(receivedAt).toISOString()}>${shortAge(receivedAt)}</time>
      </button>
      ${isOpen ? this.#explanation(entry) : nothing}
    </li>`;
  }

  #explanation(listed: InboxEntry): TemplateResult {
    const entry = this.why?.entry.id === listed.id ? this.why.entry : listed;
    const { config, parts = [] } = this.why ?? {};
    const fact = (name: string, value: unknown) => (value ? html`<dt>${name}</dt><dd>${value}</dd>` : nothing);
    return html`<div class="why">
      <dl>
        ${fact(t("Received"), clockTime(entry.receivedAt))} ${fact(t("Rule"), entry.rule && html`<code>${entry.rule}</code>`)}
        ${fact(t("Because"), entry.detail && words(entry.detail))}
        ${fact(t("Decided by"), config && settingOf(config))}
        ${fact(t("Session"), entry.sessionKey && html`<code>${entry.sessionKey}</code>`)}
      </dl>
      ${this.why === undefined ? html`<p class="meta" role="status">Asking why…</p>` : nothing}
      ${parts.map(
        ({ state, text, problem }) => html`<div class="part">
          <p class="meta">Reply <span class="state ${PART_TONES[state].tone}"><span class="dot"></span>${t(PART_TONES[state].words)}</span></p>
          <p class="excerpt">${text === "" ? t("A file") : text}</p>
          ${problem === undefined ? nothing : html`<p class="problem">${words(problem)}</p>`}
        </div>`,
      )}
    </div>`;
  }

  async #toggle(id: number): Promise<void> {
    this.why = undefined;
    this.open = this.open === id ? undefined : id;
    if (this.open === undefined) return;
    const answer = await this.channels.why(id);
    if (this.open === id) this.why = answer;
  }
}

customElements.define("moltbot-messages", MessagesElement);

/** The setting behind a decision, its value, and where in the config file it stands. */
function settingOf({ path, line, value, isDefault }: NonNullable<InboxWhyResult["config"]>): TemplateResult {
  const place = isDefault ? t("not in the config, so its default counts") : t("line {0} of the config", line);
  const shown = isDefault ? "" : ` = ${JSON.stringify(value)}`;
  return html`<code>${path}${shown}</code> <span class="meta">${line === undefined && !isDefault ? "" : `(${place})`}</span>`;
}
