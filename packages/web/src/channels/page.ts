// The channels page: who waits to be let in, the accounts, channels to add, messages in doubt, and the newest messages.

import type { OutboxEntry, SenderRequest } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { ask } from "../chat/dialog.ts";
import { PageElement } from "../chat/element.ts";
import { warnIcon } from "../chat/icons.ts";
import { words } from "../chat/words.ts";
import { pageHead } from "../kit/parts.ts";
import { offerNote } from "../kit/undo.ts";
import { openWhy } from "../kit/why.ts";
import { agoOf } from "../time.ts";
import { t } from "../words/t.ts";
import type { AddChannelElement } from "./add.ts";
import { accountLabel, factsOf, labelOf, stateOf } from "./channel-words.ts";
import type { AccountRef, Channels } from "./channels.ts";
import type { LinkAccountElement } from "./link.ts";
import { directText } from "./rules.ts";
import type { Channel, ChannelsState } from "./state.ts";
import "./add.ts";
import "./link.ts";
import "./messages.ts";

/** Messages come without an event of their own: so often the page looks, while somebody does, in milliseconds. */
const LOOK_MS = 5_000;

type Account = Channel["accounts"][number];

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
    return html`<section aria-labelledby="accounts-title">
      <h2 id="accounts-title">Accounts</h2>
      ${
        inUse.length === 0
          ? html`<p class="meta">None yet. Connect a channel below, and write to the agent from your phone.</p>`
          : html`<ul class="cards">
            ${inUse.flatMap((channel) => channel.accounts.map((account) => this.#account(channel, account)))}
          </ul>`
      }
    </section>`;
  }

  #account(channel: Channel, account: Account): TemplateResult {
    const { mood, words: state } = stateOf(account);
    const isUnlinked = account.state === "unconfigured" && account.linked === false;
    const own = accountLabel(account);
    const facts = isUnlinked ? t("Link it with your phone to begin.") : factsOf(account);
    const problem = isUnlinked ? undefined : account.problem;
    return html`<li class="card-row account" aria-label=${`${channel.label} ${own}`.trim()}>
      <div class="grow">
        <h3>
          ${channel.label} ${own === "" ? nothing : html`<span class="meta">${own}</span>`}
          <span class="state ${mood}"><span class="dot"></span>${state}</span>
        </h3>
        ${facts === "" ? nothing : html`<p class="meta">${facts}</p>`}
        ${isUnlinked ? nothing : html`<p class="meta">${directText(account)}</p>`}
        ${problem === undefined ? nothing : html`<p class="failure">${warnIcon} <span>${words(problem.message)}</span></p>`}
      </div>
      ${this.#actions(channel, account)}
    </li>`;
  }

  #actions(channel: Channel, account: Account): TemplateResult {
    const { accountId, enabled, running, linked } = account;
    const ref: AccountRef = { channel: channel.id, accountId };
    const name = `${channel.label} ${accountLabel(account)}`.trim();
    const mayLink = channel.hasLogin && linked !== true;
    const button = (label: string, action: () => unknown, kind = "") =>
      html`<button type="button" class="button small ${kind}" aria-label=${`${label} ${name}`} @click=${action}>${label}</button>`;
    const why = button(t("Why"), () => this.#why(channel, account), "quiet");
    if (!this.service.may("admin")) return html`<div class="card-actions">${why}</div>`;
    return html`<div class="card-actions">
      ${button(t("Settings"), () => this.#form?.open(channel, accountId), "quiet")}
      ${channel.hasLogin && linked ? button(t("Log out"), () => this.#logout(ref, name), "quiet") : nothing}
      ${button(t("Remove"), () => this.#remove(ref, name), "quiet")}
      ${why}
      ${account.connected ? button(t("Test"), () => this.#test(ref, name), "quiet") : nothing}
      ${running ? button(t("Stop"), () => this.#stop(ref, name)) : nothing}
      ${!running && enabled && !mayLink ? button(t("Start"), () => this.service.start(ref), "primary") : nothing}
      ${mayLink ? button(t("Link"), () => this.#link(channel, ref), "primary") : nothing}
    </div>`;
  }

  #why({ id, label }: Channel, account: Account): void {
    const { accountId, problem, dmPolicy, allowFrom = [], absent = {} } = account;
    const own = accountId === "default" ? "" : `.accounts.${accountId}`;
    openWhy(this.service.host, {
      title: `${label} ${accountLabel(account)}`.trim(),
      because: `${stateOf(account).words}. ${problem?.message ?? directText(account)}`,
      facts: [
        [t("Who may write"), directText(account)],
        [t("On the list"), allowFrom.join(", ")],
        [t("Last connected"), account.lastConnectedAt && agoOf(account.lastConnectedAt)],
        [t("Failed attempts"), account.reconnectAttempts || undefined],
        ...Object.entries(absent),
      ],
      setting: { path: `channels.${id}${own}.dmPolicy`, value: dmPolicy },
      command: `moltbot channels show ${id}`,
    });
  }

  async #test(ref: AccountRef, name: string): Promise<void> {
    const to = await ask({
      title: t("Send a test message from {0}", name),
      text: t("To whom? As the channel names people and chats: +15550100, @name, a chat id."),
      input: { label: t("To"), value: "", maxLength: 200 },
      confirm: t("Send"),
    });
    if (to === undefined || to.trim() === "") return;
    const said = await this.service.sendTest(ref, to.trim());
    if (said === undefined) return;
    this.done = said;
    offerNote(said);
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

  async #stop(ref: AccountRef, name: string): Promise<void> {
    const answer = await ask({
      title: t("Stop {0}?", name),
      text: t("No message is read or answered there until you start it again."),
      confirm: t("Stop"),
    });
    if (answer !== undefined) await this.service.stop(ref);
  }

  async #logout(ref: AccountRef, name: string): Promise<void> {
    const answer = await ask({
      title: t("Log {0} out?", name),
      text: t("The session ends on the phone too. To use it again you link it anew."),
      confirm: t("Log out"),
      isDanger: true,
    });
    if (answer !== undefined) await this.service.logout(ref);
  }

  async #remove(ref: AccountRef, name: string): Promise<void> {
    const answer = await ask({
      title: t("Remove {0}?", name),
      text: t("Its settings are removed with its token or session. Conversations stay."),
      confirm: t("Remove"),
      isDanger: true,
    });
    if (answer === undefined) return;
    await this.service.remove(ref);
    this.done = t("{0} is removed.", name);
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
    // Whoever comes for an account that was never linked wants that one, and no other.
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
