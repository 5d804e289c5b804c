/** What each event of the gateway means. Events that are not in the table mean nothing to us. */
import {
  type APIUser,
  type GatewayDispatchPayload,
  type GatewayGuildCreateDispatchData,
  type GatewayGuildDeleteDispatchData,
  type GatewayMessageReactionAddDispatchData,
  type GatewayReadyDispatchData,
  type GatewayThreadCreateDispatchData,
  type GatewayThreadListSyncDispatchData,
  GatewayDispatchEvents as On,
} from "@discordjs/core/http-only";
import { accountId, type ChannelContext, type Inbound, type Peer } from "../../kit/channel.ts";
import type { CatchUp } from "./catch-up.ts";
import { isMessage, type Mapper, peerOf } from "./inbound.ts";
import type { Interactions } from "./interactions.ts";
import type { Handled } from "./link.ts";
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

export class Events {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async handle(event: GatewayDispatchPayload, key: string): Promise<Handled | undefined> {
    const { places, catchUp, interactions } = this.#parts;
    switch (event.t) {
      case On.Ready:
        return await this.#onReady(event.d);
      case On.Resumed:
        return void (await catchUp.direct());
      case On.GuildCreate:
        return await this.#onGuild(event.d);
      case On.GuildDelete:
        return this.#onGuildGone(event.d, key);
      case On.ChannelCreate:
      case On.ChannelUpdate:
      case On.ThreadUpdate:
        return places.learn(event.d) as undefined;
      case On.ThreadCreate:
        return await this.#onThread(event.d);
      case On.ThreadListSync:
        return this.#onThreads(event.d);
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
      case On.InteractionCreate:
        return await interactions.handle(event.d);
      default:
        this.#parts.context.log.debug("discord event is of no use", { type: event.t });
        return undefined;
    }
  }

  async #onReady(ready: GatewayReadyDispatchData): Promise<undefined> {
    this.#parts.catchUp.begin(ready.guilds.map(({ id }) => id));
    await this.#parts.catchUp.direct();
  }

  async #onGuild(guild: GatewayGuildCreateDispatchData): Promise<undefined> {
    if (guild.unavailable) return undefined;
    const { places, self, catchUp } = this.#parts;
    for (const channel of [...guild.channels, ...guild.threads]) places.learn(channel, guild.id);
    const member = guild.members.find(({ user }) => user.id === self.id);
    if (member) places.learnRoles(guild.id, member.roles);
    await catchUp.guild(guild);
  }

  async #onThread(thread: GatewayThreadCreateDispatchData): Promise<undefined> {
    this.#parts.places.learn(thread);
  }

  #onThreads(sync: GatewayThreadListSyncDispatchData): undefined {
    for (const thread of sync.threads) this.#parts.places.learn(thread, sync.guild_id);
  }

  /** An outage of a server is not the end of a membership: it says "unavailable". */
  #onGuildGone(guild: GatewayGuildDeleteDispatchData, key: string): Handled | undefined {
    if (guild.unavailable) return undefined;
    const { context, catchUp } = this.#parts;
    catchUp.forget(guild.id);
    const chats = context.knownChats(MAX_CHATS).filter(({ spaceId }) => spaceId === guild.id);
    return { inbound: chats.map((chat) => this.#left(chat, key)) };
  }

  #onChannelGone(channelId: string, key: string): Handled {
    const chats = this.#parts.context.knownChats(MAX_CHATS).filter(({ id }) => id === channelId);
    return { inbound: chats.map((chat) => this.#left(chat, key)) };
  }

  #left(chat: Inbound["chat"], key: string): Inbound {
    const { self, context } = this.#parts;
    const keys = [`left:${key}:${chat.id}:${chat.threadId ?? ""}`] as const;
    const at = context.clock.now();
    return { kind: "membership", keys, at, chat, sender: self, messageId: chat.id, fromSelf: true, isMember: false };
  }

  async #onMessage(data: unknown): Promise<Handled | undefined> {
    const { mapper, catchUp } = this.#parts;
    if (isMessage(data)) {
      const inbound = await mapper.message(data);
      return { inbound, state: catchUp.seen(data.channel_id, data.id) };
    }
    const { id, channel_id, guild_id } = (data ?? {}) as { id?: unknown; channel_id?: unknown; guild_id?: string };
    if (isId(id) && isId(channel_id)) return { inbound: await mapper.unreadable(id, channel_id, guild_id) };
    this.#parts.context.log.warn("discord sent a message without an id", { type: On.MessageCreate });
    return undefined;
  }

  /** The account's own edits are what it has just sent. */
  async #onEdit(data: unknown): Promise<Handled | undefined> {
    const { mapper, self } = this.#parts;
    if (!isMessage(data) || data.author.id === self.id) return undefined;
    return { inbound: await mapper.edit(data) };
  }

  /** Discord does not say who took a message back. */
  async #onDelete(
    ids: readonly string[],
    { channel_id, guild_id }: { channel_id: string; guild_id?: string },
  ): Promise<Handled | undefined> {
    const { context, mapper, unsent } = this.#parts;
    const others = ids.filter((id) => !unsent.delete(id));
    if (others.length === 0) return undefined;
    const chat = await mapper.chat(channel_id, { guildId: guild_id });
    const at = context.clock.now();
    const sender = { id: accountId("unknown") };
    return {
      inbound: others.map((messageId) => ({
        ...{ kind: "unsend" as const, keys: [`unsend:${messageId}`] as [string] },
        ...{ at, chat, sender, messageId, fromSelf: false, isVouched: true },
      })),
    };
  }

  async #onReaction(
    data: Omit<GatewayMessageReactionAddDispatchData, "burst" | "type">,
    key: string,
    isRemoved: boolean,
  ): Promise<Handled | undefined> {
    const { context, mapper, self } = this.#parts;
    if (!isId(data.user_id) || data.user_id === self.id) return undefined;
    const { id, name } = data.emoji;
    const user: APIUser | undefined = data.member?.user;
    return {
      inbound: {
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
}
