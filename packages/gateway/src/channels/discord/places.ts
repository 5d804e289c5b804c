/** Knows the places of messages: channels, their threads, and the account's roles in a server. */
import type { API, APIChannel } from "@discordjs/core/http-only";
import { ChannelError } from "../../kit/channel.ts";
import { type Chat, chosenName } from "../../kit/party.ts";
import { isId } from "./snowflake.ts";

/** Discord's types of channels (documentation: Channel Types). */
const TEXT = 0;
const DIRECT = 1;
const GROUP_DIRECT = 3;
const THREADS = new Set([10, 11, 12]);

interface Place {
  readonly type: number;
  readonly name?: string | undefined;
  readonly guildId?: string | undefined;
  readonly parentId?: string | undefined;
}

/** Asks until there is an answer; throws `ChannelError`. */
type Patiently = <T>(ask: () => Promise<T>) => Promise<T>;

/** What the gateway tells of servers, and what is asked for once when it was not told. */
export class Places {
  readonly #api: API;
  readonly #selfId: string;
  readonly #patiently: Patiently;
  readonly #known = new Map<string, Place>();
  readonly #roles = new Map<string, ReadonlySet<string>>();

  constructor(api: API, selfId: string, patiently: Patiently) {
    this.#api = api;
    this.#selfId = selfId;
    this.#patiently = patiently;
  }

  learn(channel: Pick<APIChannel, "id" | "type">, guildId?: string): void {
    const { id, type, name, guild_id, parent_id } = channel as APIChannel & {
      name?: string | null;
      guild_id?: string;
      parent_id?: string | null;
    };
    this.#known.set(id, {
      type,
      name: name ?? undefined,
      guildId: guild_id ?? guildId,
      parentId: THREADS.has(type) && isId(parent_id) ? parent_id : undefined,
    });
  }

  learnRoles(guildId: string, roles: readonly string[]): void {
    this.#roles.set(guildId, new Set(roles));
  }

  nameOf(channelId: string): string | undefined {
    return this.#known.get(channelId)?.name;
  }

  /** The chat of a channel: a thread is a topic of the channel it hangs on. Throws `ChannelError`. */
  async chat(channelId: string, hint: { type?: number | undefined; guildId?: string | undefined }): Promise<Chat> {
    // Asking for something that is no channel is answered by an error of the server, which looks like an outage.
    if (!isId(channelId)) throw new TypeError("a channel without an id");
    const isDirect = hint.type === DIRECT || hint.type === GROUP_DIRECT;
    if (isDirect) return { id: channelId, kind: hint.type === DIRECT ? "direct" : "group" };
    const place = this.#known.get(channelId) ?? (await this.#ask(channelId));
    if (place.type === DIRECT) return { id: channelId, kind: "direct" };
    if (place.type === GROUP_DIRECT) return { id: channelId, kind: "group", title: chosenName(place.name) };
    const spaceId = place.guildId ?? hint.guildId;
    if (place.parentId === undefined) return { id: channelId, kind: "channel", title: chosenName(place.name), spaceId };
    const parent = this.#known.get(place.parentId) ?? (await this.#ask(place.parentId));
    return {
      ...{ id: place.parentId, threadId: channelId, kind: "channel", title: chosenName(parent.name), spaceId },
      ...(place.name !== undefined && { threadTitle: chosenName(place.name) }),
    };
  }

  /** Whether one of these roles is the account's. */
  async hasRole(guildId: string, roles: readonly string[]): Promise<boolean> {
    if (!isId(guildId)) return false;
    if (!this.#roles.has(guildId)) {
      const member = await this.#unlessRefused(() => this.#api.guilds.getMember(guildId, this.#selfId));
      this.learnRoles(guildId, member?.roles ?? []);
    }
    return roles.some((role) => this.#roles.get(guildId)?.has(role));
  }

  async #ask(channelId: string): Promise<Place> {
    const channel = await this.#unlessRefused(() => this.#api.channels.get(channelId));
    if (channel) this.learn(channel);
    // A refusal is remembered: Discord bans addresses from which too many requests are refused.
    else this.#known.set(channelId, { type: TEXT });
    return this.#known.get(channelId) ?? { type: TEXT };
  }

  /** Undefined where the account may not look: what is said there is read all the same. */
  async #unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#patiently(ask);
    } catch (error) {
      if (error instanceof ChannelError && error.kind === "rejected") return undefined;
      throw error;
    }
  }
}
