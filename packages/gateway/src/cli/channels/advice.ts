/** What to change so that a message like this one fares otherwise, by the rule that decided it. */

import type { InboxEntry } from "@moltbot/protocol";

type Advice = (entry: InboxEntry, setting: string) => string;

/** For each rule of the inbound policy that somebody may want otherwise. */
const ADVICE: Readonly<Record<string, Advice>> = {
  "pairing-known": ({ channel }) =>
    `Let the sender in: \`moltbot pairing list ${channel}\` shows the code, \`moltbot pairing approve ${channel} CODE\` takes it.`,
  "direct-disabled": (_, setting) => `Allow direct messages: \`moltbot config set ${setting} pairing\`.`,
  "not-in-allow-from": ({ sender }, setting) => `Add ${sender} to ${setting}.`,
  "open-without-star": (_, setting) => `Let everyone in on purpose: \`moltbot config set ${setting} '["*"]'\`.`,
  "groups-disabled": (_, setting) => `Allow groups: \`moltbot config set ${setting} allowlist\`, and list them.`,
  "group-disabled": (_, setting) => `Answer in this group: \`moltbot config set ${pathOf(setting)} true\`.`,
  "group-not-listed": ({ chatId }, setting) =>
    `Answer in this group: \`moltbot config set '${setting}["${chatId}"]' '{}'\`, or set groupPolicy to open.`,
  "group-sender-not-allowed": ({ sender }, setting) => `Add ${sender} to ${setting}.`,
  "not-addressed": (_, setting) =>
    `Answer everything said there: \`moltbot config set ${pathOf(setting)} false\`. Else mention the agent, or reply to it.`,
  bot: (_, setting) => `Answer bots too: \`moltbot config set ${setting} true\`.`,
  "bot-loop": () => "Nothing to change: two bots that answer each other are stopped for an hour.",
  "too-old": (_, setting) => `Answer older messages too: \`moltbot config set ${setting} 48\`.`,
  "delivery-unknown": () =>
    "See what is in doubt with `moltbot message list --state unknown`, and send it again or give it up.",
  "delivery-failed": () => "Send it again with `moltbot message resend ID`.",
  "delivery-expired": () => "Send it again with `moltbot message resend ID`, or raise messages.outboundTtlMinutes.",
  "agent-error": () => "See `moltbot models test` and `moltbot logs`.",
  "queue-full": () => "Let more messages wait with messages.queue.cap.",
  interrupted: () => "Answer both: `moltbot config set messages.queue.mode collect`, or `/queue collect` in that chat.",
  "agent-timeout": () => "Allow longer runs with agents.defaults.timeoutSeconds.",
};

/** The sentence, or undefined where the rule did what it is there for. */
export function adviceFor(entry: InboxEntry): string | undefined {
  return entry.rule === undefined ? undefined : ADVICE[entry.rule]?.(entry, entry.setting ?? "the setting");
}

/** A path as `moltbot config set` and a shell take it: "*" and ids with dots are in brackets. */
function pathOf(setting: string): string {
  const [, before, key, after] = /^(channels\..*?\.groups)\.(.+)\.(\w+)$/.exec(setting) ?? [];
  return key === undefined ? setting : `'${before}["${key}"].${after}'`;
}
