/** Reads the events of Discord's gateway. */
import {
  type APIUser,
  type GatewayDispatchEvents,
  type GatewayDispatchPayload,
  type GatewayGuildCreateDispatchData,
  type GatewayGuildDeleteDispatchData,
  type GatewayMessagePollVoteDispatchData,
  type GatewayMessageReactionAddDispatchData,
  type GatewayReadyDispatchData,
  GatewayDispatchEvents as On,
} from "@discordjs/core/http-only";
import type { ChannelContext } from "../../kit/channel.ts";
import type { Inbound } from "../../kit/channel-message.ts";
import { accountId, type Chat, type Peer } from "../../kit/party.ts";
import { readingOf } from "../../kit/rules.ts";
import type { CatchUp } from "./catch-up.ts";
import { isMessage, type Mapper, peerOf } from "./inbound.ts";
import type { Interactions } from "./interactions.ts";
import type { EventResult } from "./link.ts";
import type { Places } from "./places.ts";
import { isId } from "./snowflake.ts";

interface Parts {
  readonly context: ChannelContext;
  readonly self: Peer;
  readonly places: Places;
  readonly mapper: Mapper;
  readonly catchUp: CatchUp;
  readonly interactions: Interactions;
  /** Messages that the account has taken back itself. */
  readonly unsent: Set<string>;
}

const MAX_CHATS = 500;

const LINK: EventResult = { reading: { nobody: "the link itself" } };
const LEARNT: EventResult = { reading: { nobody: "what servers and channels are called" } };
const OWN = { nobody: "what the gateway has done itself" };

/** Events that `handle` reads. */
type Handles =
  | GatewayDispatchEvents.Ready
  | GatewayDispatchEvents.Resumed
  | GatewayDispatchEvents.GuildCreate
  | GatewayDispatchEvents.GuildDelete
  | GatewayDispatchEvents.ChannelCreate
  | GatewayDispatchEvents.ChannelUpdate
  | GatewayDispatchEvents.ChannelDelete
  | GatewayDispatchEvents.ThreadCreate
  | GatewayDispatchEvents.ThreadUpdate
  | GatewayDispatchEvents.ThreadListSync
  | GatewayDispatchEvents.MessageCreate
  | GatewayDispatchEvents.MessageUpdate
  | GatewayDispatchEvents.MessageDelete
  | GatewayDispatchEvents.MessageDeleteBulk
  | GatewayDispatchEvents.MessageReactionAdd
  | GatewayDispatchEvents.MessageReactionRemove
  | GatewayDispatchEvents.MessagePollVoteAdd
  | GatewayDispatchEvents.MessagePollVoteRemove
  | GatewayDispatchEvents.InteractionCreate;

const setUp = "somebody changes how a server is set up; nothing is said by that";
const people = "somebody's profile, presence or membership; nothing is said by that";
const voice = "voice channels, which the gateway does not join";
const shop = "purchases, which the gateway does not sell";

/** All others, each with the reason why it is no message of a person. */
const LEFT_OUT: Readonly<Record<Exclude<GatewayDispatchEvents, Handles>, string>> = {
  [On.ApplicationCommandPermissionsUpdate]: setUp,
  [On.AutoModerationActionExecution]: "a rule of a server has acted",
  [On.AutoModerationRuleCreate]: setUp,
  [On.AutoModerationRuleDelete]: setUp,
  [On.AutoModerationRuleUpdate]: setUp,
  [On.ChannelInfo]: setUp,
  [On.ChannelPinsUpdate]: "pins are told as messages",
  [On.EntitlementCreate]: shop,
  [On.EntitlementDelete]: shop,
  [On.EntitlementUpdate]: shop,
  [On.SubscriptionCreate]: shop,
  [On.SubscriptionDelete]: shop,
  [On.SubscriptionUpdate]: shop,
  [On.GuildAuditLogEntryCreate]: "an entry of a server's log",
  [On.GuildBanAdd]: people,
  [On.GuildBanRemove]: people,
  [On.GuildEmojisUpdate]: setUp,
  [On.GuildIntegrationsUpdate]: setUp,
  [On.GuildMemberAdd]: people,
  [On.GuildMemberRemove]: people,
  [On.GuildMembersChunk]: people,
  [On.GuildMemberUpdate]: people,
  [On.GuildRoleCreate]: setUp,
  [On.GuildRoleDelete]: setUp,
  [On.GuildRoleUpdate]: setUp,
  [On.GuildScheduledEventCreate]: setUp,
  [On.GuildScheduledEventDelete]: setUp,
  [On.GuildScheduledEventUpdate]: setUp,
  [On.GuildScheduledEventUserAdd]: people,
  [On.GuildScheduledEventUserRemove]: people,
  [On.GuildSoundboardSoundCreate]: setUp,
  [On.GuildSoundboardSoundDelete]: setUp,
  [On.GuildSoundboardSoundsUpdate]: setUp,
  [On.GuildSoundboardSoundUpdate]: setUp,
  [On.SoundboardSounds]: setUp,
  [On.GuildStickersUpdate]: setUp,
  [On.GuildUpdate]: setUp,
  [On.IntegrationCreate]: setUp,
  [On.IntegrationDelete]: setUp,
  [On.IntegrationUpdate]: setUp,
  [On.InviteCreate]: setUp,
  [On.InviteDelete]: setUp,
  [On.MessageReactionRemoveAll]: "a moderator cleared reactions; nobody says whose",
  [On.MessageReactionRemoveEmoji]: "a moderator cleared reactions; nobody says whose",
  [On.PresenceUpdate]: people,
  [On.RateLimited]: "Discord's own limits",
  [On.StageInstanceCreate]: voice,
  [On.StageInstanceDelete]: voice,
  [On.StageInstanceUpdate]: voice,
  [On.ThreadDelete]: setUp,
  [On.ThreadMembersUpdate]: people,
  [On.ThreadMemberUpdate]: people,
  [On.TypingStart]: "somebody types, and has said nothing yet",
  [On.UserUpdate]: people,
  [On.VoiceChannelEffectSend]: voice,
  [On.VoiceChannelStartTimeUpdate]: voice,
  [On.VoiceChannelStatusUpdate]: voice,
  [On.VoiceServerUpdate]: voice,
  [On.VoiceStateUpdate]: voice,
  [On.WebhooksUpdate]: setUp,
};

export class Events {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async handle(event: GatewayDispatchPayload, key: string): Promise<EventResult> {
    const { places, catchUp, interactions } = this.#parts;
    switch (event.t) {
      case On.Ready:
        await this.#onReady(event.d);
        return LINK;
      case On.Resumed:
        await catchUp.direct();
        return LINK;
      case On.GuildCreate:
        await this.#onGuild(event.d);
        return LEARNT;
      case On.GuildDelete:
        return this.#onGuildGone(event.d, key);
      case On.ChannelCreate:
      case On.ChannelUpdate:
      case On.ThreadUpdate:
      case On.ThreadCreate:
        places.learn(event.d);
        return LEARNT;
      case On.ThreadListSync:
        for (const thread of event.d.threads) places.learn(thread, event.d.guild_id);
        return LEARNT;
      case On.ChannelDelete:
        return this.#onChannelGone(event.d.id, key);
      case On.MessageCreate:
        return await this.#onMessage(event.d);
      case On.MessageUpdate:
        return await this.#onEdit(event.d);
      case On.MessageDelete:
        return await this.#onDelete([event.d.id], event.d);
      case On.MessageDeleteBulk:
        return await this.#onDelete(event.d.ids, event.d);
      case On.MessageReactionAdd:
        return await this.#onReaction(event.d, key, false);
      case On.MessageReactionRemove:
        return await this.#onReaction(event.d, key, true);
      case On.MessagePollVoteAdd:
        return await this.#onVote(event.d, key, [event.d.answer_id - 1]);
      case On.MessagePollVoteRemove:
        return await this.#onVote(event.d, key, []);
      case On.InteractionCreate:
        return await interactions.handle(event.d);
      default: {
        const type: Exclude<GatewayDispatchEvents, Handles> = event.t;
        return { reading: { nobody: LEFT_OUT[type] ?? `an event of the unknown kind ${String(type)}` } };
      }
    }
  }

  async #onReady(ready: GatewayReadyDispatchData): Promise<void> {
    this.#parts.catchUp.begin(ready.guilds.map(({ id }) => id));
    await this.#parts.catchUp.direct();
  }

  async #onGuild(guild: GatewayGuildCreateDispatchData): Promise<void> {
    if (guild.unavailable) return;
    const { places, self, catchUp } = this.#parts;
    for (const channel of [...guild.channels, ...guild.threads]) places.learn(channel, guild.id);
    const member = guild.members.find(({ user }) => user.id === self.id);
    if (member) places.learnRoles(guild.id, member.roles);
    await catchUp.guild(guild);
  }

  /** An outage of a server is not the end of a membership: it says "unavailable". */
  #onGuildGone(guild: GatewayGuildDeleteDispatchData, key: string): EventResult {
    if (guild.unavailable) return { reading: { nobody: "an outage of a server" } };
    const { context, catchUp } = this.#parts;
    catchUp.forget(guild.id);
    return this.#leftAll(
      context.knownChats(MAX_CHATS).filter(({ spaceId }) => spaceId === guild.id),
      key,
    );
  }

  #onChannelGone(channelId: string, key: string): EventResult {
    return this.#leftAll(
      this.#parts.context.knownChats(MAX_CHATS).filter(({ id }) => id === channelId),
      key,
    );
  }

  #leftAll(chats: readonly Chat[], key: string): EventResult {
    const left = chats.map((chat) => this.#left(chat, key));
    return { reading: readingOf(left, "a place is gone in which nothing was ever said to the account") };
  }

  #left(chat: Inbound["chat"], key: string): Inbound {
    const { self, context } = this.#parts;
    const keys = [`left:${key}:${chat.id}:${chat.threadId ?? ""}`] as const;
    const at = context.clock.now();
    return { kind: "membership", keys, at, chat, sender: self, messageId: chat.id, fromSelf: true, isMember: false };
  }

  async #onMessage(data: unknown): Promise<EventResult> {
    const { mapper, catchUp } = this.#parts;
    if (isMessage(data)) {
      const reading = await mapper.message(data);
      return { reading, state: catchUp.seen(data.channel_id, data.id) };
    }
    const { id, channel_id, guild_id } = (data ?? {}) as { id?: unknown; channel_id?: unknown; guild_id?: string };
    if (isId(id) && isId(channel_id)) return { reading: await mapper.unreadable({ id, channel_id, guild_id }) };
    this.#parts.context.log.warn("discord sent a message without an id", { type: On.MessageCreate });
    return { reading: { nobody: "a message without an id" } };
  }

  /** The account's own edits are what it has just sent. */
  async #onEdit(data: unknown): Promise<EventResult> {
    const { mapper, self } = this.#parts;
    if (!isMessage(data)) return { reading: { nobody: "Discord has added a preview or a pin" } };
    return { reading: data.author.id === self.id ? OWN : await mapper.edit(data) };
  }

  /** Discord does not say who took a message back. */
  async #onDelete(
    ids: readonly string[],
    { channel_id, guild_id }: { channel_id: string; guild_id?: string },
  ): Promise<EventResult> {
    const { context, mapper, unsent } = this.#parts;
    const others = ids.filter((id) => !unsent.delete(id));
    if (others.length === 0) return { reading: OWN };
    const chat = await mapper.chat(channel_id, { guildId: guild_id });
    const at = context.clock.now();
    const sender = { id: accountId("unknown") };
    const gone = others.map((messageId) => ({
      ...{ kind: "unsend" as const, keys: [`unsend:${messageId}`] as [string] },
      ...{ at, chat, sender, messageId, fromSelf: false, isVouched: true },
    }));
    return { reading: readingOf(gone, "nothing was deleted") };
  }

  async #onReaction(
    data: Omit<GatewayMessageReactionAddDispatchData, "burst" | "type">,
    key: string,
    isRemoved: boolean,
  ): Promise<EventResult> {
    const { context, mapper, self } = this.#parts;
    if (!isId(data.user_id) || data.user_id === self.id) return { reading: OWN };
    const { id, name } = data.emoji;
    const user: APIUser | undefined = data.member?.user;
    return {
      reading: {
        kind: "reaction",
        keys: [`reaction:${key}`],
        at: context.clock.now(),
        chat: await mapper.chat(data.channel_id, { guildId: data.guild_id }),
        sender: user ? peerOf(user, { nick: data.member?.nick ?? undefined }) : { id: accountId(data.user_id) },
        messageId: data.message_id,
        fromSelf: false,
        emoji: id === null ? (name ?? "") : `${name}:${id}`,
        isRemoved,
      },
    };
  }

  /** Discord tells the number of an answer, counted from 1. */
  async #onVote(
    { channel_id, guild_id, message_id, user_id }: GatewayMessagePollVoteDispatchData,
    key: string,
    answers: readonly number[],
  ): Promise<EventResult> {
    const { context, mapper, self } = this.#parts;
    if (user_id === self.id) return { reading: OWN };
    const chat = await mapper.chat(channel_id, { guildId: guild_id });
    const base = { at: context.clock.now(), chat, sender: { id: accountId(user_id) }, messageId: message_id };
    return { reading: { ...base, kind: "vote", keys: [`vote:${key}`], fromSelf: false, answers } };
  }
}
