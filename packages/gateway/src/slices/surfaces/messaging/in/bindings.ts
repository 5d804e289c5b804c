/** Chooses the agent for a place: the first matching binding of the most specific kind (protocol: routing). */
import type { ChannelDefinition } from "../../../../kit/channel.ts";
import type { Chat, Peer } from "../../../../kit/party.ts";
import { identitiesOf } from "../peer-list.ts";
import type { Binding } from "../settings.ts";

/** Where a message came from. */
export interface Place {
  readonly channel: string;
  readonly account: string;
  readonly chat: Chat;
  readonly sender: Peer;
  readonly definition: Pick<ChannelDefinition, "normalPeer">;
}

/** A binding by its index, and the part of it that decided. */
export interface MatchedBinding {
  readonly index: number;
  readonly agentId: string;
  readonly by: (typeof RANKS)[number];
}

/** From the most specific kind to the least. */
const RANKS = ["peer", "guild", "team", "account", "channel"] as const;
/** The account of a binding that names none (protocol: routing). */
const DEFAULT_ACCOUNT = "default";

/** The binding that decides for a place; of several of one kind, the first. */
export function findBinding(bindings: readonly Binding[], place: Place): MatchedBinding | undefined {
  const fitting = bindings.flatMap((binding, index) =>
    fits(binding, place) ? [{ index, agentId: binding.agentId, by: rankOf(binding) }] : [],
  );
  return fitting.sort((a, b) => RANKS.indexOf(a.by) - RANKS.indexOf(b.by))[0];
}

function rankOf({ match: { peer, guildId, teamId, accountId } }: Binding): MatchedBinding["by"] {
  if (peer) return "peer";
  if (guildId !== undefined) return "guild";
  if (teamId !== undefined) return "team";
  return accountId === "*" ? "channel" : "account";
}

function fits({ match }: Binding, { channel, account, chat, sender, definition }: Place): boolean {
  const { accountId = DEFAULT_ACCOUNT, peer, guildId, teamId } = match;
  const isSpace = (id: string | undefined) => id === undefined || isSame(id, chat.spaceId);
  return (
    isSame(match.channel, channel) &&
    (accountId === "*" || isSame(accountId, account)) &&
    isSpace(guildId) &&
    isSpace(teamId) &&
    (peer === undefined || isPeer(peer, chat, sender, definition))
  );
}

/** A person in a direct chat under any of their ids, or a group under its id; "*" is every one of that kind. */
function isPeer(
  { kind, id }: NonNullable<Binding["match"]["peer"]>,
  chat: Chat,
  sender: Peer,
  { normalPeer }: Place["definition"],
): boolean {
  if ((kind === "dm" ? "direct" : kind) !== chat.kind) return false;
  if (id === "*" || isSame(id, chat.id)) return true;
  if (chat.kind !== "direct") return false;
  return identitiesOf(sender).some((each) => normalPeer(each) === normalPeer(id));
}

function isSame(wanted: string, given: string | undefined): boolean {
  return wanted.trim().toLowerCase() === given?.toLowerCase();
}
