/**
 * Reads what was said while no session was open. Each channel's last message is known; with a new session, direct chats
 * are asked for what came after it, and channels of servers where Discord names a newer message.
 *
 * | state | holds |
 * |---|---|
 * | `last` | the newest message of all |
 * | `last:CHANNEL` | the newest message of a channel or thread |
 * | `floor` | `last` as it was before the gap, while it is being caught up on |
 * | `pending` | what is still to be asked: "direct" and servers |
 */
import type { API, APIMessage, GatewayGuildCreateDispatchData } from "@discordjs/core/http-only";
import { type ChannelContext, ChannelError, type StateChanges } from "../../kit/channel.ts";
import { isMessage, type Mapper } from "./inbound.ts";
import { journal } from "./journal.ts";
import { retryRead } from "./retry-reads.ts";
import { idAt, isId, newer } from "./snowflake.ts";

/** The most messages of one request (documentation: Get Channel Messages). */
const PAGE = 100;
const MAX_CHATS = 200;

export class CatchUp {
  readonly #context: ChannelContext;
  readonly #api: API;
  readonly #mapper: Mapper;

  constructor(context: ChannelContext, api: API, mapper: Mapper) {
    this.#context = context;
    this.#api = api;
    this.#mapper = mapper;
  }

  /** The changes of state that go with a message. */
  seen(channelId: string, messageId: string): StateChanges {
    const { state } = this.#context;
    const last = newer(state.get(`last:${channelId}`), messageId);
    if (this.#pending.length > 0) return { [`last:${channelId}`]: last };
    return { [`last:${channelId}`]: last, last: newer(state.get("last"), messageId) };
  }

  /** Begins after a new session: messages between the last one and now must be read. */
  begin(guildIds: readonly string[]): void {
    const { state, clock } = this.#context;
    const floor = state.get("floor") ?? state.get("last");
    // In the very first session, earlier messages are not read.
    if (floor === undefined) return state.write({ last: idAt(clock.now()) });
    state.write({ floor, pending: JSON.stringify(["direct", ...guildIds]) });
  }

  /** Reads direct chats, unless that was done. */
  async direct(): Promise<void> {
    if (!this.#pending.includes("direct")) return;
    for (const chat of this.#context.knownChats(MAX_CHATS)) {
      if (chat.kind === "channel" || !/^\d+$/.test(chat.id)) continue;
      await this.#channel(chat.id, { after: this.#lastOf(chat.id), channel_type: chat.kind === "direct" ? 1 : 3 });
    }
    this.#done("direct");
  }

  /** Reads the channels and threads of a server that have something new. */
  async guild(guild: Pick<GatewayGuildCreateDispatchData, "id" | "joined_at" | "channels" | "threads">): Promise<void> {
    const joined = idAt(Date.parse(guild.joined_at) || 0);
    for (const channel of [...guild.channels, ...guild.threads]) {
      const newest = (channel as { last_message_id?: string | null }).last_message_id ?? undefined;
      const stored = this.#context.state.get(`last:${channel.id}`);
      const after = stored ?? newer(this.#lastOf(channel.id), joined);
      if (newest === undefined || after === undefined || newer(newest, after) === after) continue;
      await this.#channel(channel.id, { after, channel_type: channel.type, guild_id: guild.id });
    }
    this.#done(guild.id);
  }

  /** Marks a place as read. */
  #done(what: string): void {
    const before = this.#pending;
    if (!before.includes(what)) return;
    const { state } = this.#context;
    const pending = before.filter((each) => each !== what);
    if (pending.length > 0) return state.write({ pending: JSON.stringify(pending) });
    const newest = state.entries("last:").map(([, id]) => id);
    const last = newest.reduce((a, b) => newer(a, b) ?? a, state.get("last") ?? "0");
    state.write({ pending: undefined, floor: undefined, last });
  }

  /** A server that is gone is not waited for. */
  forget(guildId: string): void {
    this.#done(guildId);
  }

  async #channel(
    channelId: string,
    options: { after: string | undefined; channel_type: number; guild_id?: string },
  ): Promise<void> {
    const { after: start, ...where } = options;
    let after = start;
    while (after !== undefined) {
      const page = await this.#page(channelId, after);
      const readings = await Promise.all(
        page.filter(isMessage).map((message) => this.#mapper.message({ ...message, ...where })),
      );
      const last = page.flatMap(idOf).reduce<string | undefined>((one, other) => newer(one, other), undefined);
      journal(this.#context, readings, last === undefined ? {} : this.seen(channelId, last));
      // A page without anything newer would be asked for again and again.
      const goesOn = page.length >= PAGE && last !== undefined && last !== after && newer(after, last) === last;
      after = goesOn ? last : undefined;
    }
  }

  /** Oldest first; nothing when the account may not read there any more. */
  async #page(channelId: string, after: string): Promise<readonly unknown[]> {
    try {
      const newestFirst: unknown = await retryRead(this.#context, () =>
        this.#api.channels.getMessages(channelId, { after, limit: PAGE }),
      );
      return Array.isArray(newestFirst) ? newestFirst.reverse() : [];
    } catch (error) {
      if (!(error instanceof ChannelError) || error.kind !== "rejected") throw error;
      this.#context.log.debug("discord channel cannot be caught up on", { channelId, reason: error.message });
      return [];
    }
  }

  #lastOf(channelId: string): string | undefined {
    const { state } = this.#context;
    return state.get(`last:${channelId}`) ?? state.get("floor") ?? state.get("last");
  }

  get #pending(): readonly string[] {
    return JSON.parse(this.#context.state.get("pending") ?? "[]") as string[];
  }
}

/** The id of a message; none where it is no id. */
function idOf(message: unknown): string[] {
  const id: unknown = (message as Partial<APIMessage> | null | undefined)?.id;
  return isId(id) ? [id] : [];
}
