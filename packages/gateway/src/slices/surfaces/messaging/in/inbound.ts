/**
 * The inbound policy, read from top to bottom. It decides whether a message is answered, its sender gets a code, or it
 * is left alone, and names the rule and the setting. A pure function: all facts are passed in.
 */
import type { ChannelDefinition } from "../../../../kit/channel.ts";
import type { InboundMessage } from "../../../../kit/channel-message.ts";
import { isEmpty } from "../../../../kit/content/content.ts";
import type { Chat, Peer } from "../../../../kit/party.ts";
import { named } from "../../../../kit/text/one-line.ts";
import type { AccountSettings, GroupSettings } from "../accounts/account-settings.ts";
import type { Outcome } from "./inbox/inbox.ts";
import { mentions } from "./mention-patterns.ts";

/** What the policy looks at. */
export interface Facts {
  readonly message: InboundMessage;
  readonly definition: Pick<ChannelDefinition, "label">;
  readonly settings: AccountSettings;
  /** The time by the platform's own clock where it tells one, epoch ms, because messages have its stamps. */
  readonly now: number;
  readonly maxAgeMs: number;
  /** Whether the platform echoes a message that the gateway has sent. */
  readonly isEcho: boolean;
  /** Whether a sender was let in by a code. */
  isPaired(peer: Peer): boolean;
  /** Names that address the agent in groups: its own, and the account's. */
  readonly ownNames: readonly string[];
  /** What `/activation` says for the conversation. */
  readonly activation: "mention" | "always" | undefined;
  /** Bot messages answered in this chat within the last hour. */
  botAnswers(): number;
}

/** The decision about one message. */
export type Decision =
  | {
      readonly kind: "answer";
      /** Whether the sender may use commands that are for people who were let in. */
      readonly isTrusted: boolean;
      readonly group: GroupSettings | undefined;
      readonly rule: string;
      readonly setting: string | undefined;
    }
  | { readonly kind: "pair" }
  | { readonly kind: "leave"; readonly outcome: Outcome };

/** The most bot messages answered in a chat within an hour, so that two bots do not answer each other for ever. */
const MAX_BOT_ANSWERS = 5;

export function decide(facts: Facts): Decision {
  const { message, settings } = facts;
  const { chat, sender } = message;

  if (message.fromSelf && facts.isEcho) return leave("own-echo", "It is a message that the gateway itself has sent.");
  if (message.fromSelf && !chat.isSelf)
    return leave("own-message", "The account's owner wrote it to somebody else, from another device.");
  if (isEmpty(message) && !message.awaitsFiles) return leave("empty", "It holds nothing that can be answered.");
  if (facts.now - message.at > facts.maxAgeMs) {
    const hours = Math.round(facts.maxAgeMs / 3_600_000);
    return leave(
      "too-old",
      `It was more than ${hours} h old when it arrived.`,
      "messages.inboundMaxAgeHours",
      "expired",
    );
  }

  if (sender.isBot && !settings.allowBots) return leave("bot", `${nameOf(sender)} is a bot.`, "allowBots");
  if (sender.isBot && facts.botAnswers() >= MAX_BOT_ANSWERS)
    return leave(
      "bot-loop",
      `${nameOf(sender)} is a bot that has been answered ${MAX_BOT_ANSWERS} times within an hour.`,
    );

  if (isNoteToSelf(message)) return answer("self-chat", true);
  if (chat.kind === "direct") return decideDirect(facts);

  const entry = groupOf(chat, settings);
  const { group, key } = entry;
  if (settings.groupPolicy === "disabled")
    return leave("groups-disabled", "Groups are switched off for this account.", "groupPolicy");
  if (group?.enabled === false) return leave("group-disabled", "This group is switched off.", `groups.${key}.enabled`);
  const isListed = group !== undefined || settings.groupAllowFrom !== undefined;
  if (settings.groupPolicy === "allowlist" && !isListed)
    return leave(
      "group-not-listed",
      `Group ${chat.id} is not in groups; add it, or set groupPolicy to open.`,
      "groups",
    );
  const allowed = group?.allowFrom ?? settings.groupAllowFrom;
  if (allowed !== undefined && !allowed.isEveryone && !allowed.holds(sender)) {
    const setting = group?.allowFrom ? `groups.${key}.allowFrom` : "groupAllowFrom";
    return leave("group-sender-not-allowed", `${nameOf(sender)} is not in ${setting}.`, setting);
  }
  const isTrusted =
    isOwner(facts) ||
    isProven(sender, facts.isPaired(sender) || settings.allowFrom.holds(sender) || allowed?.holds(sender) === true);
  const mentionSetting = group?.requireMention === undefined ? undefined : `groups.${key}.requireMention`;
  const needsMention = facts.activation ? facts.activation === "mention" : (group?.requireMention ?? true);
  if (needsMention && !isAddressed(facts, isTrusted))
    return leave(
      "not-addressed",
      "Nobody addressed us; the agent sees it as context.",
      mentionSetting ?? `groups.${key ?? "*"}.requireMention`,
    );
  return { kind: "answer", isTrusted, group, rule: needsMention ? "addressed" : "group-open", setting: mentionSetting };
}

/** Whether the owner wrote it. */
export function isOwner({ message, settings }: Pick<Facts, "message" | "settings">): boolean {
  if (isNoteToSelf(message)) return true;
  const { sender } = message;
  return !sender.isBot && isProven(sender, settings.owners.holds(sender));
}

/** Whether the account wrote to itself. A chat in which somebody else writes does not count. */
function isNoteToSelf({ chat, fromSelf }: InboundMessage): boolean {
  return chat.isSelf === true && fromSelf;
}

/** Whether a person's rights count: only where the platform proves who writes. */
function isProven({ isUnproven }: Peer, isHeld: boolean): boolean {
  return isHeld && !isUnproven;
}

function decideDirect(facts: Facts): Decision {
  const { settings, isPaired } = facts;
  const { sender } = facts.message;
  if (settings.dmPolicy === "disabled")
    return leave("direct-disabled", "Direct messages are switched off for this account.", "dmPolicy");
  if (isOwner(facts)) return answer("owner", true, "owners");
  if (settings.allowFrom.holds(sender)) return answer("allow-from", isProven(sender, true), "allowFrom");
  if (settings.dmPolicy === "open") {
    if (settings.allowFrom.isEveryone) return answer("open", isProven(sender, isPaired(sender)), "dmPolicy");
    return leave("open-without-star", 'dmPolicy is open, but allowFrom does not hold "*".', "allowFrom");
  }
  if (settings.dmPolicy === "allowlist")
    return leave("not-in-allow-from", `${nameOf(sender)} is not in allowFrom.`, "allowFrom");
  if (isPaired(sender)) return answer("paired", isProven(sender, true), "dmPolicy");
  return { kind: "pair" };
}

/** Whether a group message is addressed to the agent: by a mention, a reply, a command, or one of its names. */
function isAddressed({ message, settings, ownNames }: Facts, isTrusted: boolean): boolean {
  if (message.mentionsSelf || message.isCommand || message.replyTo?.fromSelf) return true;
  if (isTrusted && message.forwardedFrom === undefined && /^\/[a-z]+\b/i.test(message.text.trim())) return true;
  const names = ownNames.filter((name) => name.length >= 2).map((name) => RegExp.escape(name));
  const named =
    names.length === 0
      ? undefined
      : new RegExp(`(?:^|[^\\p{L}\\p{N}])@?(?:${names.join("|")})(?![\\p{L}\\p{N}])`, "iu");
  if (named?.test(message.text)) return true;
  return mentions(settings.mentionPatterns, message.text);
}

/** The settings of a group by its id, its space's id, or "*". Its title is not used, because anybody can choose it. */
export function groupOf(
  chat: Pick<Chat, "id" | "spaceId">,
  { groups }: Pick<AccountSettings, "groups">,
): {
  group: GroupSettings | undefined;
  key: string | undefined;
} {
  const keys = [chat.id, chat.spaceId, "*"].filter((key) => key !== undefined).map((key) => key.toLowerCase());
  const key = keys.find((each) => Object.hasOwn(groups, each));
  return { group: key === undefined ? undefined : groups[key], key };
}

function answer(rule: string, isTrusted: boolean, setting?: string): Decision {
  return { kind: "answer", isTrusted, group: undefined, rule, setting };
}

function leave(rule: string, detail: string, setting?: string, kind: Outcome["kind"] = "suppressed"): Decision {
  return { kind: "leave", outcome: { kind, rule, detail, setting } };
}

function nameOf({ name, id }: Peer): string {
  const called = named(name ?? "");
  return called === "" ? id : `${called} (${id})`;
}
