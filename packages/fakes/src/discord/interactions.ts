/** What people do in a channel with more than words: they press a button, or choose a command. */
import type { Api } from "./routes.ts";
import type { GatewaySessions } from "./sessions.ts";
import type { Message, User, World } from "./world.ts";

/** What a person did in a channel: a pressed button or a command. */
interface Interaction {
  readonly channelId: string;
  readonly user: User;
  readonly data: Record<string, unknown>;
  /** The message that has the button. */
  readonly source?: Message;
}

export class Interactions {
  readonly #world: World;
  readonly #api: Api;
  readonly #gateway: GatewaySessions;

  constructor(world: World, api: Api, gateway: GatewaySessions) {
    this.#world = world;
    this.#api = api;
    this.#gateway = gateway;
  }

  /** Tells the account of it; returns the id by which it can be answered. */
  begin(type: number, { channelId, user, data, source }: Interaction): string {
    const id = this.#world.ids.next();
    const token = `interaction-${crypto.randomUUID()}`;
    const channel = this.#world.channels.get(channelId);
    this.#api.interactions.set(token, { id, token, channelId, source, isAnswered: false });
    this.#gateway.dispatch("INTERACTION_CREATE", {
      id,
      application_id: this.#world.bot.id,
      type,
      token,
      version: 1,
      channel_id: channelId,
      channel: { id: channelId, type: channel?.type, name: channel?.name, parent_id: channel?.parent_id },
      data,
      ...(channel?.guild_id === undefined
        ? { user }
        : { guild_id: channel.guild_id, member: { user, roles: [], nick: null } }),
      ...(source && { message: this.#world.shown(source) }),
    });
    return id;
  }
}
