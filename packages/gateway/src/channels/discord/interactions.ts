/** Commands and buttons: Discord wants each answered within 3 seconds, the reply itself within 15 minutes. */
import type { API, APIInteraction } from "@discordjs/core/http-only";
import type { Log } from "../../base/log.ts";
import type { Inbound } from "../../kit/channel-message.ts";
import { discordCode, requestError } from "./errors.ts";
import type { Mapper } from "./inbound.ts";
import { peerOf } from "./inbound.ts";
import type { EventResult } from "./link.ts";
import { timeOf } from "./snowflake.ts";

const PING = 1;
const AUTOCOMPLETE = 4;
const COMMAND = 2;
const COMPONENT = 3;
/** Of a reply: the interaction is unknown, its token has ended, or it was never answered. */
const GONE = new Set([10008, 10015, 10062, 50027]);

/** What `via` holds: where the reply to a command goes. */
export interface ReplyAddress {
  readonly applicationId: string;
  readonly token: string;
}

export class Interactions {
  readonly #api: API;
  readonly #mapper: Mapper;
  readonly #log: Log;
  /** Answers on their way: a reply must not overtake them. */
  readonly #answers = new Map<string, Promise<void>>();

  constructor(api: API, mapper: Mapper, log: Log) {
    this.#api = api;
    this.#mapper = mapper;
    this.#log = log;
  }

  async handle(interaction: APIInteraction): Promise<EventResult> {
    if (interaction.type === AUTOCOMPLETE || interaction.type === PING)
      return { reading: { nobody: "the app asks while somebody types; nothing was sent" } };
    const user = interaction.member?.user ?? interaction.user;
    const { id, token, channel } = interaction;
    const channelId = channel?.id ?? interaction.channel_id;
    if (!user || channelId === undefined)
      return { reading: { nobody: "an interaction without anybody who made it, or a place" } };
    const base = {
      keys: [`interaction:${id}`] as [string],
      at: timeOf(id),
      chat: await this.#mapper.chat(channelId, { type: channel?.type, guildId: interaction.guild_id }),
      sender: peerOf(user, { nick: interaction.member?.nick ?? undefined }),
      fromSelf: false,
    };
    if (interaction.type !== COMMAND && interaction.type !== COMPONENT) {
      const why = "A form of the app; the gateway has none.";
      return { reading: { ...base, kind: "unread", what: "form", messageId: id, why } };
    }
    if (interaction.type === COMPONENT) {
      const inbound: Inbound = {
        ...base,
        kind: "button",
        messageId: interaction.message.id,
        data: interaction.data.custom_id,
      };
      return {
        reading: inbound,
        after: () => this.#answer(token, this.#api.interactions.deferMessageUpdate(id, token)),
      };
    }
    const via: ReplyAddress = { applicationId: interaction.application_id, token };
    const inbound: Inbound = {
      ...base,
      kind: "message",
      messageId: id,
      text: commandText(interaction.data),
      media: [],
      mentionsSelf: true,
      isCommand: true,
      via: JSON.stringify(via),
    };
    return { reading: inbound, after: () => this.#answer(token, this.#api.interactions.defer(id, token)) };
  }

  /** Where a reply goes, when it can still go there. */
  async address(via: string): Promise<ReplyAddress> {
    const address = JSON.parse(via) as ReplyAddress;
    await this.#answers.get(address.token);
    return address;
  }

  #answer(token: string, request: Promise<unknown>): void {
    const answered = request
      .then(
        () => undefined,
        // Too late, or answered before the restart: the reply finds another way.
        (error) => this.#log.debug("discord interaction was not answered", { reason: requestError(error).message }),
      )
      .finally(() => this.#answers.delete(token));
    this.#answers.set(token, answered);
  }
}

/** Whether a refusal says that a reply must go to the channel instead. */
export function isGone(error: unknown): boolean {
  return GONE.has(discordCode(error) ?? 0);
}

/** A command as somebody would type it. */
function commandText(data: { readonly name: string; readonly options?: unknown }): string {
  const options = (data.options ?? []) as readonly { readonly value?: unknown }[];
  const values = options.map(({ value }) => String(value ?? "")).filter((value) => value !== "");
  return [`/${data.name}`, ...values].join(" ");
}
