// An account of a channel: its state in words, and what can be done with it.

import { html, nothing, type TemplateResult } from "lit";
import { ask } from "../chat/dialog.ts";
import { warnIcon } from "../chat/icons.ts";
import { words } from "../chat/words.ts";
import { offerNote } from "../kit/undo.ts";
import { openWhy } from "../kit/why.ts";
import { agoOf } from "../time.ts";
import { t } from "../words/t.ts";
import { accountLabel, factsOf, stateOf } from "./channel-words.ts";
import type { AccountRef, Channels } from "./channels.ts";
import { directText } from "./rules.ts";
import type { Channel } from "./state.ts";

type Account = Channel["accounts"][number];

/** What a card needs of its page. */
export interface AccountPage {
  readonly service: Channels;
  openSettings(channel: Channel, accountId: string): void;
  link(channel: Channel, ref: AccountRef): void;
  /** Says what was done, for everyone and for screen readers. */
  say(done: string): void;
}

/** The card. */
export function accountCard(page: AccountPage, channel: Channel, account: Account): TemplateResult {
  const { tone, words: state } = stateOf(account);
  const isUnlinked = account.state === "unconfigured" && account.linked === false;
  const own = accountLabel(account);
  const facts = isUnlinked ? t("Link it with your phone to begin.") : factsOf(account);
  const problem = isUnlinked ? undefined : account.problem;
  return html`<li class="card-row account" aria-label=${nameOf(channel, account)}>
    <div class="grow">
      <h3>
        ${channel.label} ${own === "" ? nothing : html`<span class="meta">${own}</span>`}
        <span class="state ${tone}"><span class="dot"></span>${state}</span>
      </h3>
      ${facts === "" ? nothing : html`<p class="meta">${facts}</p>`}
      ${isUnlinked ? nothing : html`<p class="meta">${directText(account)}</p>`}
      ${problem === undefined ? nothing : html`<p class="failure">${warnIcon} <span>${words(problem.message)}</span></p>`}
    </div>
    ${actions(page, channel, account)}
  </li>`;
}

function actions(page: AccountPage, channel: Channel, account: Account): TemplateResult {
  const { service } = page;
  const { accountId, enabled, running, linked } = account;
  const ref: AccountRef = { channel: channel.id, accountId };
  const name = nameOf(channel, account);
  const mayLink = channel.hasLogin && linked !== true;
  const button = (label: string, action: () => unknown, kind = "") =>
    html`<button type="button" class="button small ${kind}" aria-label=${`${label} ${name}`} @click=${action}>${label}</button>`;
  const whyButton = button(t("Why"), () => why(service, channel, account), "quiet");
  if (!service.may("admin")) return html`<div class="card-actions">${whyButton}</div>`;
  return html`<div class="card-actions">
    ${button(t("Settings"), () => page.openSettings(channel, accountId), "quiet")}
    ${channel.hasLogin && linked ? button(t("Log out"), () => logout(page, ref, name), "quiet") : nothing}
    ${button(t("Remove"), () => remove(page, ref, name), "quiet")}
    ${whyButton}
    ${account.connected ? button(t("Test"), () => test(page, ref, name), "quiet") : nothing}
    ${running ? button(t("Stop"), () => stop(page, ref, name)) : nothing}
    ${!running && enabled && !mayLink ? button(t("Start"), () => service.start(ref), "primary") : nothing}
    ${mayLink ? button(t("Link"), () => page.link(channel, ref), "primary") : nothing}
  </div>`;
}

function nameOf({ label }: Channel, account: Account): string {
  return `${label} ${accountLabel(account)}`.trim();
}

function why({ host }: Channels, channel: Channel, account: Account): void {
  const { accountId, problem, dmPolicy, allowFrom = [], absent = {} } = account;
  const own = accountId === "default" ? "" : `.accounts.${accountId}`;
  openWhy(host, {
    title: nameOf(channel, account),
    because: `${stateOf(account).words}. ${problem?.message ?? directText(account)}`,
    facts: [
      [t("Who may write"), directText(account)],
      [t("On the list"), allowFrom.join(", ")],
      [t("Last connected"), account.lastConnectedAt && agoOf(account.lastConnectedAt)],
      [t("Failed attempts"), account.reconnectAttempts || undefined],
      ...Object.entries(absent),
    ],
    setting: { path: `channels.${channel.id}${own}.dmPolicy`, value: dmPolicy },
    command: `moltbot channels show ${channel.id}`,
  });
}

async function test({ service, say }: AccountPage, ref: AccountRef, name: string): Promise<void> {
  const to = await ask({
    title: t("Send a test message from {0}", name),
    text: t("To whom? As the channel names people and chats: +15550100, @name, a chat id."),
    input: { label: t("To"), value: "", maxLength: 200 },
    confirm: t("Send"),
  });
  if (to === undefined || to.trim() === "") return;
  const said = await service.sendTest(ref, to.trim());
  if (said === undefined) return;
  say(said);
  offerNote(said);
}

async function stop({ service }: AccountPage, ref: AccountRef, name: string): Promise<void> {
  const answer = await ask({
    title: t("Stop {0}?", name),
    text: t("No message is read or answered there until you start it again."),
    confirm: t("Stop"),
  });
  if (answer !== undefined) await service.stop(ref);
}

async function logout({ service }: AccountPage, ref: AccountRef, name: string): Promise<void> {
  const answer = await ask({
    title: t("Log {0} out?", name),
    text: t("The session ends on the phone too. To use it again you link it anew."),
    confirm: t("Log out"),
    isDanger: true,
  });
  if (answer !== undefined) await service.logout(ref);
}

async function remove({ service, say }: AccountPage, ref: AccountRef, name: string): Promise<void> {
  const answer = await ask({
    title: t("Remove {0}?", name),
    text: t("Its settings are removed with its token or session. Conversations stay."),
    confirm: t("Remove"),
    isDanger: true,
  });
  if (answer === undefined) return;
  await service.remove(ref);
  say(t("{0} is removed.", name));
}
