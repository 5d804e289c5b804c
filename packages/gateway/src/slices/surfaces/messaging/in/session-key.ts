/** Which conversation an inbound message belongs to (protocol: session keys). */
import type { ChannelDefinition } from "../../../../kit/channel.ts";
import type { Chat, Peer } from "../../../../kit/party.ts";
import type { SessionSettings } from "../../../core/sessions/settings.ts";
import { identitiesOf } from "../peer-list.ts";

export interface KeyFacts {
  readonly channel: string;
  readonly account: string;
  readonly chat: Chat;
  readonly sender: Peer;
  readonly agentId: string;
  readonly session: Pick<SessionSettings, "scope" | "dmScope" | "identityLinks">;
  readonly mainKey: string;
  readonly definition: Pick<ChannelDefinition, "normalPeer" | "threadWord">;
}

/** The canonical session key, lower case. */
export function sessionKeyOf({
  channel,
  account,
  chat,
  sender,
  agentId,
  session,
  mainKey,
  definition,
}: KeyFacts): string {
  if (session.scope === "global") return "global";
  const agent = `agent:${agentId}`;
  const thread = chat.threadId === undefined ? "" : `:${definition.threadWord ?? "thread"}:${chat.threadId}`;
  if (chat.kind !== "direct") return `${agent}:${channel}:${chat.kind}:${chat.id}${thread}`.toLowerCase();
  if (session.dmScope === "main") return `${mainKey}${thread}`.toLowerCase();
  const peer = linkedName(session.identityLinks, channel, sender, definition) ?? sender.id;
  const scope = {
    "per-peer": `dm:${peer}`,
    "per-channel-peer": `${channel}:dm:${peer}`,
    "per-account-channel-peer": `${channel}:${account}:dm:${peer}`,
  }[session.dmScope];
  return `${agent}:${scope}${thread}`.toLowerCase();
}

/** The name of a person who has several ids: `{ alice: ["telegram:123", "whatsapp:+1555"] }`. */
function linkedName(
  links: Readonly<Record<string, readonly string[]>> | undefined,
  channel: string,
  sender: Peer,
  { normalPeer }: Pick<ChannelDefinition, "normalPeer">,
): string | undefined {
  const ids = new Set(identitiesOf(sender).map((id) => `${channel}:${normalPeer(id)}`));
  for (const [name, members] of Object.entries(links ?? {})) {
    const isMember = members.some((member) => {
      const [prefix, ...rest] = member.trim().split(":");
      return prefix?.toLowerCase() === channel && ids.has(`${channel}:${normalPeer(rest.join(":"))}`);
    });
    if (isMember) return name;
  }
  return undefined;
}
