// The channels page: who waits to be let in, the accounts, channels to add, messages in doubt, and the newest messages.

import type { OutboxEntry, SenderRequest } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../chat/element.ts";
import { pageHead } from "../kit/parts.ts";
import { openWhy } from "../kit/why.ts";
import { agoOf } from "../time.ts";
import { t } from "../words/t.ts";
import { type AccountPage, accountCard } from "./account-card.ts";
import type { AddChannelElement } from "./add.ts";
import { labelOf } from "./channel-words.ts";
import type { AccountRef, Channels } from "./channels.ts";
import type { LinkAccountElement } from "./link.ts";
import type { Channel, ChannelsState } from "./state.ts";
import "./add.ts";
import "./link.ts";
import "./messages.ts";

/** Messages come without an event of their own: so often the page looks, while somebody does, in milliseconds. */
const LOOK_MS = 5_000;

/** `<moltbot-channels>`: shows `state` and does what is asked through `service`. */
export class ChannelsElement extends PageElement {
  static override properties = { state: { attribute: false }, service: { attribute: false }, done: { state: true } };
  declare state: ChannelsState;
  declare service: Channels;
  /** The last thing that was done, for everyone and for screen readers. */
  declare done: string;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.done = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.service.refreshAll();
    this.#timer = setInterval(() => document.hidden || void this.service.refreshAll(), LOOK_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override render(): TemplateResult {
    const { isLoaded, channels, pending, doubtful, messages } = this.state;
    return html`<div class="scroller" tabindex="0" role="region" aria-label="Channels">
        <div class="column channels-page">
          <p class="visually-hidden" role="status">${this.done}</p>
          ${pageHead({ intro: t("Which account is up, and who may write to the agent there."), command: "moltbot channels status" })}
          ${isLoaded ? nothing : html`<p class="meta loading" role="status">Asking the gateway…</p>`}
          ${pending.length > 0 ? this.#senders() : nothing} ${isLoaded ? this.#accounts() : nothing}
          ${doubtful.length > 0 ? this.#doubtful() : nothing} ${this.#groups()}
          ${
            messages.length > 0
              ? html`<moltbot-messages .messages=${messages} .known=${channels} .channels=${this.service}></moltbot-messages>`
              : nothing
          }
          ${isLoaded && this.service.may("admin") ? this.#catalogue() : nothing}
          ${this.#approved()}
        </div>
      </div>
      <moltbot-add-channel .channels=${this.service} @added=${this.#onAdded}></moltbot-add-channel>
      <moltbot-link-account .channels=${this.service}></moltbot-link-account>`;
  }

  // — senders —

  #senders(): TemplateResult {
    return html`<section aria-labelledby="senders-title">
      <h2 id="senders-title">Waiting to be let in</h2>
      <ul class="cards">
        ${repeat(
          this.state.pending,
          ({ code }) => code,
          (sender) => this.#sender(sender),
        )}
      </ul>
    </section>`;
  }

  #sender(sender: SenderRequest): TemplateResult {
    const { channel, id, name, code, lastSeenAt } = sender;
    return html`<li class="card-row">
      <div class="grow">
        <h3>${name ?? id} <span class="chip">${labelOf(this.state.channels, channel)}</span></h3>
        <p class="meta">${name === undefined ? nothing : html`${id} · `}wrote ${agoOf(lastSeenAt)} · code ${code}</p>
      </div>
      <div class="card-actions">
        <button type="button" class="button small" aria-label=${t("Turn away {0}", name ?? id)} @click=${() => this.#turnAway(sender)}>Turn away</button>
        <button type="button" class="button small primary" aria-label=${t("Approve {0}", name ?? id)} @click=${() => this.#approve(sender)}>Approve</button>
      </div>
    </li>`;
  }

  async #approve(sender: SenderRequest): Promise<void> {
    await this.service.approve(sender);
    this.done = t("{0} may write to the agent now.", sender.name ?? sender.id);
  }

  async #turnAway(sender: SenderRequest): Promise<void> {
    await this.service.revoke(sender);
    this.done = t("{0} was turned away.", sender.name ?? sender.id);
  }

  #approved(): TemplateResult | typeof nothing {
    const { approved, channels } = this.state;
    if (approved.length === 0) return nothing;
    return html`<section aria-labelledby="approved-title">
      <h2 id="approved-title">Let in by a code</h2>
      <ul class="rows">
        ${approved.map(
          (sender) => html`<li class="plain-row">
            <span class="grow">${sender.name ?? sender.id} <span class="chip">${labelOf(channels, sender.channel)}</span></span>
            <button type="button" class="text-button" aria-label=${t("Shut out {0}", sender.name ?? sender.id)} @click=${() => this.service.revoke(sender)}>Shut out</button>
          </li>`,
        )}
      </ul>
    </section>`;
  }

  // — accounts —

  #accounts(): TemplateResult {
    const inUse = this.state.channels.filter(({ accounts }) => accounts.length > 0);
    const page: AccountPage = {
      service: this.service,
      openSettings: (channel, accountId) => this.#form?.open(channel, accountId),
      link: (channel, ref) => this.#link(channel, ref),
      say: (done) => {
        this.done = done;
      },
    };
    return html`<section aria-labelledby="accounts-title">
      <h2 id="accounts-title">Accounts</h2>
      ${
        inUse.length === 0
          ? html`<p class="meta">None yet. Connect a channel below, and write to the agent from your phone.</p>`
          : html`<ul class="cards">
            ${inUse.flatMap((channel) => channel.accounts.map((account) => accountCard(page, channel, account)))}
          </ul>`
      }
    </section>`;
  }

  /** What holds in groups, in words. */
  #groups(): TemplateResult | typeof nothing {
    const { groups, channels } = this.state;
    if (groups.length === 0) return nothing;
    return html`<section aria-labelledby="groups-title">
      <h2 id="groups-title">Groups</h2>
      <ul class="rows">
        ${groups.map((rule) => {
          const { channel, accountId, group, text, path } = rule;
          const name = group === undefined ? t("All groups") : group === "*" ? t("Every other group") : group;
          return html`<li class="plain-row">
            <span class="grow"><bdi>${name}</bdi> <span class="chip">${labelOf(channels, channel)}${accountId === undefined ? "" : ` ${accountId}`}</span> <span class="meta">${text}</span></span>
            <button type="button" class="text-button" aria-label=${t("Why: {0} on {1}", name, labelOf(channels, channel))} @click=${() =>
              openWhy(this.service.host, {
                title: name,
                because: text,
                setting: { path },
                command: `moltbot config get ${path}`,
              })}>Why</button>
          </li>`;
        })}
      </ul>
    </section>`;
  }

  #link(channel: Channel, ref: AccountRef): void {
    this.querySelector<LinkAccountElement>("moltbot-link-account")?.open(channel, ref);
  }

  // — adding —

  #catalogue(): TemplateResult {
    return html`<section aria-labelledby="add-title">
      <h2 id="add-title">Connect a channel</h2>
      <div class="tiles">
        ${this.state.channels.map(
          (channel) => html`<button type="button" @click=${() => this.#add(channel)}>
            <strong>${channel.label}</strong><span><bdi>${channel.summary}</bdi></span>
          </button>`,
        )}
      </div>
    </section>`;
  }

  #add(channel: Channel): void {
    // One that is linked needs no settings: its first account goes straight to the code.
    const isFirst = channel.accounts.length === 0;
    if (isFirst && channel.hasLogin) return this.#link(channel, { channel: channel.id, accountId: "default" });
    // A person who comes for an account that was never linked wants to link that one.
    const unlinked = channel.accounts.find(({ linked }) => channel.hasLogin && linked === false);
    if (unlinked !== undefined) return this.#link(channel, { channel: channel.id, accountId: unlinked.accountId });
    void this.#form?.open(channel);
  }

  get #form(): AddChannelElement | null {
    return this.querySelector("moltbot-add-channel");
  }

  #onAdded(event: CustomEvent<{ channel: Channel; ref: AccountRef; mustLink: boolean; says: string }>): void {
    const { channel, ref, mustLink, says } = event.detail;
    this.done = says;
    if (mustLink) this.#link(channel, ref);
  }

  // — doubt —

  #doubtful(): TemplateResult {
    return html`<section aria-labelledby="doubt-title">
      <h2 id="doubt-title">Perhaps not sent</h2>
      <p class="meta">The connection broke while these were on their way. Look on your phone, then decide.</p>
      <ul class="cards">
        ${repeat(
          this.state.doubtful,
          ({ id }) => id,
          (entry) => this.#doubt(entry),
        )}
      </ul>
    </section>`;
  }

  #doubt({ id, channel, chatId, text, queuedAt }: OutboxEntry): TemplateResult {
    return html`<li class="card-row">
      <div class="grow">
        <p class="clip">${text === "" ? t("A file") : text}</p>
        <p class="meta">${labelOf(this.state.channels, channel)} · to ${chatId} · ${agoOf(queuedAt)}</p>
      </div>
      ${
        this.service.may("write")
          ? html`<div class="card-actions">
            <button type="button" class="button small" aria-label=${t("Discard message {0}", id)} @click=${() => this.service.discard(id)}>Discard</button>
            <button type="button" class="button small primary" aria-label=${t("Send again message {0}", id)} @click=${() => this.service.resend(id)}>Send again</button>
          </div>`
          : nothing
      }
    </li>`;
  }
}

customElements.define("moltbot-channels", ChannelsElement);
