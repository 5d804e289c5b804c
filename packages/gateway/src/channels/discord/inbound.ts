/** From Discord's events to what the inbox takes. An event that lacks what it must have is not mapped here. */
import type { APIMessage, APIUser, GatewayMessageCreateDispatchData } from "@discordjs/core/http-only";
import { MessageType } from "@discordjs/core/http-only";
import { type Content, type Inbound, type Origin, ownAndForwarded, type Quote } from "../../kit/channel-message.ts";
import { accountId, type Chat, chosenName, type Peer } from "../../kit/party.ts";
import type { Reading, Rules } from "../../kit/rules.ts";
import { type SenderText, shown } from "../../kit/text/sender-text.ts";
import { itemsIn, pagesIn } from "./cards.ts";
import { mediaOf } from "./media.ts";
import type { Places } from "./places.ts";
import { nameOf, type Readable, readableText } from "./readable.ts";
import { isId, timeOf } from "./snowflake.ts";

/** A message with where it was said: the gateway says it, the REST API does not. */
export type ReceivedMessage = APIMessage &
  Partial<Pick<GatewayMessageCreateDispatchData, "guild_id" | "member">> & { readonly channel_type?: number };

const comes = { unread: "Somebody came into the server or the conversation, or left it." };
const changes = { unread: "Somebody changed the channel or conversation." };
const boost = { unread: "Somebody boosted the server or subscribed to something." };
const stage = { unread: "Somebody began, ended or asked for something on a stage; the gateway takes no calls." };
const incident = { unread: "A moderator switched or reported something that protects the server." };
const machine = { nobody: "Discord itself tells of the server" };

/** Every type of message that Discord has (documentation: Message Types). */
const TYPES: Rules<MessageType, "written"> = {
  [MessageType.Default]: { read: "written" },
  [MessageType.Reply]: { read: "written" },
  [MessageType.ChatInputCommand]: { read: "written" },
  [MessageType.ContextMenuCommand]: { read: "written" },
  [MessageType.PollResult]: { read: "written" },
  [MessageType.RecipientAdd]: comes,
  [MessageType.RecipientRemove]: comes,
  [MessageType.UserJoin]: comes,
  [MessageType.Call]: { unread: "A call; the gateway takes none." },
  [MessageType.ChannelNameChange]: changes,
  [MessageType.ChannelIconChange]: changes,
  [MessageType.ChannelPinnedMessage]: { unread: "Somebody pinned a message." },
  [MessageType.ChannelFollowAdd]: changes,
  [MessageType.ThreadCreated]: { unread: "Somebody began a thread; what is said in it is told there." },
  [MessageType.GuildBoost]: boost,
  [MessageType.GuildBoostTier1]: boost,
  [MessageType.GuildBoostTier2]: boost,
  [MessageType.GuildBoostTier3]: boost,
  [MessageType.RoleSubscriptionPurchase]: boost,
  [MessageType.GuildApplicationPremiumSubscription]: boost,
  [MessageType.PurchaseNotification]: boost,
  [MessageType.StageStart]: stage,
  [MessageType.StageEnd]: stage,
  [MessageType.StageSpeaker]: stage,
  [MessageType.StageRaiseHand]: stage,
  [MessageType.StageTopic]: stage,
  [MessageType.GuildIncidentAlertModeEnabled]: incident,
  [MessageType.GuildIncidentAlertModeDisabled]: incident,
  [MessageType.GuildIncidentReportRaid]: incident,
  [MessageType.GuildIncidentReportFalseAlarm]: incident,
  [MessageType.ThreadStarterMessage]: { nobody: "a thread shows the message that it hangs on once more" },
  [MessageType.AutoModerationAction]: { nobody: "a rule of the server has held a message back" },
  [MessageType.InteractionPremiumUpsell]: machine,
  [MessageType.GuildInviteReminder]: machine,
  [MessageType.GuildDiscoveryDisqualified]: machine,
  [MessageType.GuildDiscoveryRequalified]: machine,
  [MessageType.GuildDiscoveryGracePeriodInitialWarning]: machine,
  [MessageType.GuildDiscoveryGracePeriodFinalWarning]: machine,
};

/** Whether an event has what every message has. */
export function isMessage(data: unknown): data is ReceivedMessage {
  const { id, channel_id, author, content } = (data ?? {}) as Partial<ReceivedMessage>;
  return isId(id) && isId(channel_id) && isId(author?.id) && typeof content === "string";
}

/** What must be told of a message for a record of it. */
type Unreadable = Pick<ReceivedMessage, "id" | "channel_id" | "channel_type"> & {
  readonly guild_id?: string | undefined;
  readonly author?: Pick<APIUser, "id">;
};

export class Mapper {
  readonly #places: Places;
  readonly #selfId: string;

  constructor(places: Places, selfId: string) {
    this.#places = places;
    this.#selfId = selfId;
  }

  /** What a message says. One that is not as Discord describes messages takes no other of its page with it. */
  async message(message: ReceivedMessage): Promise<Reading> {
    try {
      return await this.#read(message);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return await this.unreadable(message);
    }
  }

  async #read(message: ReceivedMessage): Promise<Reading> {
    const rule = Object.hasOwn(TYPES, message.type) ? TYPES[message.type] : undefined;
    if (rule && "nobody" in rule) return rule;
    const base = { ...(await this.#base(message)), keys: [`message:${message.id}`] as const };
    const why =
      rule && "unread" in rule ? rule.unread : "Discord sent a message of a kind that this version does not know.";
    if (!rule || "unread" in rule) return { ...base, kind: "unread", what: `message type ${message.type}`, why };
    return { ...base, kind: "message", ...(await this.#contentOf(message)) };
  }

  /** What the author has made of a message. */
  async edit(message: ReceivedMessage): Promise<Reading> {
    if (!message.edited_timestamp) return { nobody: "Discord has added a preview or a pin" };
    const rule = Object.hasOwn(TYPES, message.type) ? TYPES[message.type] : undefined;
    if (!rule || !("read" in rule)) return { nobody: "a message that nobody wrote has changed" };
    const base = await this.#base(message);
    return {
      ...base,
      kind: "edit",
      keys: [`edit:${message.id}:${message.edited_timestamp}`],
      at: Date.parse(message.edited_timestamp),
      messageKeys: [`message:${message.id}`],
      writtenAt: base.at,
      ...(await this.#contentOf(message)),
    };
  }

  /** A message that has an id and a channel and cannot be read. */
  async unreadable({ id, channel_id, channel_type, guild_id, author }: Unreadable): Promise<Inbound> {
    return {
      kind: "unreadable",
      keys: [`message:${id}`],
      at: timeOf(id),
      chat: await this.#places.chat(channel_id, { type: channel_type, guildId: guild_id }),
      sender: { id: accountId(author?.id ?? "unknown") },
      messageId: id,
      fromSelf: false,
      why: "Discord sent a message that is not as it describes messages.",
    };
  }

  chat(channelId: string, hint: { type?: number | undefined; guildId?: string | undefined }): Promise<Chat> {
    return this.#places.chat(channelId, hint);
  }

  async #base(message: ReceivedMessage) {
    return {
      at: Date.parse(message.timestamp) || timeOf(message.id),
      chat: await this.#places.chat(message.channel_id, { type: message.channel_type, guildId: message.guild_id }),
      sender: peerOf(message.author, {
        nick: message.member?.nick ?? undefined,
        isWebhook: message.webhook_id !== undefined,
      }),
      messageId: message.id,
      fromSelf: message.author.id === this.#selfId,
    };
  }

  async #contentOf(message: ReceivedMessage): Promise<Content> {
    const replyTo = this.#quoteOf(message);
    const held = this.#heldBy(message);
    return {
      ...held,
      replyTo,
      mentionsSelf: replyTo?.fromSelf === true || (await this.#isMentioned(message)),
    };
  }

  /** What a message holds. A forwarded one has nothing of its own, and its copies have no author. */
  #heldBy(message: APIMessage): Omit<Content, "mentionsSelf"> {
    const isProgram = message.author.bot === true || message.webhook_id !== undefined;
    const [snapshot, ...more] = (message.message_snapshots ?? []).map((each) => each.message);
    const shownParts = snapshot ? [snapshot, ...more] : [message];
    const items = shownParts.flatMap((part) =>
      itemsIn(part as Partial<APIMessage>, { isProgram: isProgram || snapshot !== undefined, read: this.#readText }),
    );
    const held = { media: mediaOf(message), ...(items.length > 0 && { items }) };
    if (!snapshot)
      return {
        ...ownAndForwarded(this.#saidIn(message), isProgram ? [] : pagesIn(message.embeds ?? [], this.#readText)),
        ...held,
      };
    const texts = shownParts.map((part) => this.#shown(part as Readable)).filter((text) => text !== "");
    return { text: texts.join("\n\n"), forwardedFrom: this.#originOf(message, snapshot.timestamp), ...held };
  }

  #saidIn(message: Readable): SenderText {
    return readableText(message, this.#readable);
  }

  /** Discord does not say who wrote a forwarded message, only where it is. */
  #originOf({ message_reference: of }: APIMessage, timestamp: string | undefined): Origin {
    const at = Date.parse(timestamp ?? "");
    return { ...(of && { where: this.#placeOf(of.channel_id) }), ...(Number.isFinite(at) && { at }) };
  }

  #placeOf(channelId: string): string {
    const name = this.#places.nameOf(channelId);
    return name === undefined ? `channel ${channelId}` : `#${name} (${channelId})`;
  }

  /** Words of others, as they are read. */
  #shown(content: Readable): string {
    return shown(readableText(content, this.#readable), "discord");
  }

  readonly #readText = (content: string): string => this.#shown({ content });

  get #readable() {
    return { selfId: this.#selfId, channelName: (id: string) => this.#places.nameOf(id) };
  }

  #quoteOf(message: APIMessage): Quote | undefined {
    const { message_id: messageId, channel_id } = message.message_reference ?? {};
    if (message.type !== MessageType.Reply || messageId === undefined) return undefined;
    const answered = message.referenced_message;
    const isElsewhere = channel_id !== undefined && channel_id !== message.channel_id;
    return {
      messageId,
      fromSelf: answered?.author.id === this.#selfId,
      ...(answered && {
        ...this.#shownIn(answered),
        senderId: answered.author.id,
        senderName: chosenName(nameOf(answered.author)),
      }),
      ...(isElsewhere && { elsewhere: { where: this.#placeOf(channel_id) } }),
    };
  }

  #shownIn(message: APIMessage): Pick<Quote, "text" | "media" | "items"> {
    const { text, others, media, items } = this.#heldBy(message);
    const said = shown({ text, others }, "discord");
    return { ...(said !== "" && { text: said }), ...(media.length > 0 && { media }), ...(items && { items }) };
  }

  async #isMentioned(message: ReceivedMessage): Promise<boolean> {
    if (message.mentions?.some(({ id }) => id === this.#selfId)) return true;
    const { guild_id: guildId, mention_roles: roles = [] } = message;
    return guildId !== undefined && roles.length > 0 && (await this.#places.hasRole(guildId, roles));
  }
}

/** A person or bot. Allowlists name them by id: a user name can be any text, a number too. */
export function peerOf(user: APIUser, more: { nick?: string | undefined; isWebhook?: boolean } = {}): Peer {
  const isBot = user.bot === true || more.isWebhook === true;
  return {
    id: accountId(user.id),
    name: chosenName(more.nick ?? nameOf(user)),
    username: chosenName(user.username),
    ...(isBot && { isBot }),
  };
}
