/** What people post: texts, files and albums, in chats and topics that are made when they are first named. */
import { type Said, type SaysOptions, withMentions } from "../platform.ts";
import type { Update, Updates } from "./updates.ts";
import { type Chat, fileContent, type Message, onWire, textContent, type User, type World } from "./world.ts";

/** A message of a person, or the service message that their action leaves. */
interface NewMessage {
  readonly text: string;
  /** The fields of the Bot API's `Message` that say what kind it is. */
  readonly content: Readonly<Record<string, unknown>>;
  readonly options?: SaysOptions;
  readonly files?: Message["files"];
  /** Alice, unless said. */
  readonly from?: User | undefined;
}

export class UserMessages {
  readonly #world: World;
  readonly #updates: Updates;
  #last: Update | undefined;

  constructor(world: World, updates: Updates) {
    this.#world = world;
    this.#updates = updates;
  }

  /** Somebody says something; several files are an album. Returns its first message. */
  says(text: string, options: SaysOptions): Message {
    const start = options.mentionsBot ? `@${this.#world.bot.username} ` : "";
    const { text: said, mentions } = withMentions(start + text, options.mentions, (name) => name);
    const entities = [...mentions.map((each) => this.#mentionOf(each)), ...entitiesOf(said)].sort(
      (a, b) => a.offset - b.offset,
    );
    const { files = [] } = options;
    const isAlbum = files.length > 1;
    const album = isAlbum ? { media_group_id: `album-${this.#world.nextId()}` } : {};
    const captioned = { caption: said, ...(entities.length > 0 && { caption_entities: entities }) };
    const contents: Readonly<Record<string, unknown>>[] =
      files.length === 0
        ? [textContent(said, entities)]
        : files.map((file, index) => ({
            ...fileContent(file, this.#world),
            ...album,
            ...(index === 0 && said !== "" && captioned),
          }));
    const messages = contents.map((content, index) =>
      this.add(index === 0 ? said : "", content, options, files.slice(index, index + 1)),
    );
    return messages[0]!;
  }

  /** Of somebody without a user name, the text shows the name that they chose. */
  #mentionOf({ name, start: offset, length }: { name: string; start: number; length: number }) {
    return { type: "text_mention", offset, length, user: this.#world.person(name) };
  }

  /** A message of somebody, which the account is told of. */
  add(
    text: string,
    content: Readonly<Record<string, unknown>>,
    options: SaysOptions,
    files: Message["files"],
  ): Message {
    const from = this.#world.person(options.from ?? "alice", options.asBot);
    const place = options.in ?? "direct";
    const chat = place === "direct" ? this.#world.direct(from) : this.#world.group(place.group).chat;
    const message = this.keep(chat, { text, content, options, files, from });
    this.#last = this.#updates.push("message", onWire(message, this.#world));
    return message;
  }

  /** A message that the account is told of in another way. */
  keep(
    chat: Chat,
    { text, content, options = {}, files = [], from = this.#world.person("alice") }: NewMessage,
  ): Message {
    const topic = options.thread === undefined ? undefined : this.#topic(chat, options.thread, from);
    return this.#world.add({
      id: this.#world.nextId(),
      chat: topic?.chat ?? chat,
      from,
      at: options.at ?? Date.now(),
      thread: topic?.id,
      replyTo: options.replyTo === undefined ? undefined : Number(options.replyTo),
      files,
      poll: undefined,
      buttons: undefined,
      content: { ...content, ...this.#originOf(options) },
      text,
      raw: text,
    });
  }

  #originOf({ forwardedFrom }: SaysOptions): Record<string, unknown> {
    if (forwardedFrom === undefined) return {};
    return { forward_origin: { type: "user", sender_user: this.#world.person(forwardedFrom), date: seconds() } };
  }

  /** A new topic announces itself in a message of the service, as on the platform. */
  #topic(chat: Chat, name: string, from: User): { id: number; chat: Chat } {
    const topic = this.#world.topic(chat, name);
    if (topic.isNew)
      this.#updates.push("message", {
        message_id: topic.id,
        from,
        chat: topic.chat,
        date: seconds(),
        message_thread_id: topic.id,
        is_topic_message: true,
        forum_topic_created: { name, icon_color: 7322096 },
      });
    return topic;
  }

  /** The last one in a new update: after a long pause Telegram gives out new update ids. */
  repeat(): void {
    if (!this.#last) throw new Error("nobody has said anything yet");
    this.#updates.push("message", this.#last.message);
  }
}

export function saidOf(message: Message): Said {
  return { id: String(message.id), chatId: String(message.chat.id), senderId: String(message.from.id) };
}

/** The entities that Telegram's apps find while one types. */
export function entitiesOf(text: string): { type: string; offset: number; length: number }[] {
  const commands = [...text.matchAll(/(?<=^|\s)\/[a-z0-9_]+(?:@\w+)?/gi)].map(({ index, 0: found }) => ({
    type: "bot_command",
    offset: index,
    length: found.length,
  }));
  const mentions = [...text.matchAll(/(?<=^|\s)@\w+/g)].map(({ index, 0: found }) => ({
    type: "mention",
    offset: index,
    length: found.length,
  }));
  return [...commands, ...mentions];
}

/** The time as the Bot API writes it. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
