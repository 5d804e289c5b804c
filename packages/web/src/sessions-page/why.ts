// Why a session is as it is: its model, where replies go, and what decided about its last message; and the model to change.

import type { InboxEntry, InboxWhyResult } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { openWhy, type Setting } from "../kit/why.ts";
import { clockTime } from "../time.ts";
import type { PageHost } from "../view.ts";
import { t } from "../words/t.ts";
import type { AllSessions } from "./all-sessions.ts";
import type { Row } from "./rows.ts";

/** Inbound messages that are looked through for the session's last. */
const LOOK_THROUGH = 300;

/** Opens the drawer about a session. */
export async function explain(host: PageHost, sessions: AllSessions, row: Row): Promise<void> {
  const { listed } = row;
  const [why, models] = await Promise.all([lastDecision(host, row), modelsOf(host)]);
  const reply = listed.deliveryContext;
  openWhy(host, {
    title: row.title,
    because: why?.entry.detail ?? becauseOf(row),
    facts: [
      [t("Rule"), why?.entry.rule],
      [
        t("Last message"),
        why === undefined
          ? undefined
          : `${why.entry.senderName ?? why.entry.sender}, ${clockTime(why.entry.receivedAt)}`,
      ],
      [t("Agent"), row.agentId],
      [t("Model"), row.model === undefined ? t("the default, {0}", sessions.defaultModel ?? t("none yet")) : row.model],
      [
        t("Tokens"),
        row.tokens === 0
          ? undefined
          : `${row.tokens}${row.fill === undefined ? "" : t(", {0} % of what the model can read", Math.round(row.fill * 100))}`,
      ],
      [
        t("Replies go to"),
        reply === undefined ? t("this page") : [reply.channel, reply.accountId, reply.to].filter(Boolean).join(" "),
      ],
      [t("Key"), html`<code dir="ltr">${row.key}</code>`],
    ],
    setting: settingOf(why),
    command: why === undefined ? `moltbot sessions show ${row.key}` : `moltbot why ${why.entry.id}`,
    more: host.may("admin") ? modelChoice(sessions, row, models) : nothing,
  });
}

/** The last message that came for a session over a channel, with what was decided about it. */
async function lastDecision(host: PageHost, { key, channel }: Row): Promise<InboxWhyResult | undefined> {
  if (channel === undefined || channel === "webchat" || !host.offers("inbox.why")) return undefined;
  const answer = await host.ask("inbox.list", { channel, limit: LOOK_THROUGH });
  const last: InboxEntry | undefined = answer?.entries.find(({ sessionKey }) => sessionKey === key);
  return last && (await host.ask("inbox.why", { message: `#${last.id}` }));
}

async function modelsOf(host: PageHost): Promise<readonly string[]> {
  const answer = await host.ask("models.list");
  return answer?.models.map(({ id, provider }) => `${provider}/${id}`) ?? [];
}

function becauseOf({ channel, isMain }: Row): string {
  if (isMain)
    return t("It is its agent’s main conversation: it always exists, and what has no place of its own goes there.");
  return channel === undefined || channel === "webchat"
    ? t("Somebody began it on this page or in a program.")
    : t("A message came over its channel; its last one is no longer in the inbox.");
}

function settingOf(why: InboxWhyResult | undefined): Setting | undefined {
  return why?.config && { ...why.config };
}

function modelChoice(
  sessions: AllSessions,
  { key, model }: Row,
  models: readonly string[],
): TemplateResult | typeof nothing {
  if (models.length === 0) return nothing;
  const all = model === undefined || models.includes(model) ? models : [model, ...models];
  return html`<label class="text-field"><span>Model that answers here</span>
    <select @change=${(event: Event) => sessions.choose(key, (event.target as HTMLSelectElement).value)}>
      <option value="">Default${sessions.defaultModel === undefined ? "" : ` (${sessions.defaultModel})`}</option>
      ${all.map((each) => html`<option value=${each} ?selected=${each === model}>${each}</option>`)}
    </select>
  </label>`;
}
