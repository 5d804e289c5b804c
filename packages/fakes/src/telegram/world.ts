/** What Telegram holds: people, chats, messages, files. It knows nothing of HTTP. */
import type { FakeFile, GivenReaction } from "../platform.ts";
import { Changes } from "../watch.ts";
import type { Entity } from "./html.ts";

export interface User {
  readonly id: number;
  readonly is_bot: boolean;
  readonly first_name: string;
  readonly username: string;
}

export interface Chat {
  readonly id: number;
  readonly type: "private" | "group" | "supergroup" | "channel";
  readonly title?: string;
  readonly first_name?: string;
  readonly username?: string;
  readonly is_forum?: boolean;
}

/** A group as the platform keeps it. */
export interface Group {
  chat: Chat;
  readonly topics: Map<string, number>;
  isBotMember: boolean;
}

/** A message of either side. */
export interface Message {
  readonly id: number;
  readonly chat: Chat;
  readonly from: User;
  readonly at: number;
  readonly thread: number | undefined;
  readonly replyTo: number | undefined;
  readonly files: readonly FakeFile[];
  readonly poll: { readonly question: string; readonly options: readonly string[] } | undefined;
  /** The fields of the wire's message object that hold its content. */
  content: Readonly<Record<string, unknown>>;
  text: string;
  raw: string;
  buttons: readonly { readonly label: string; readonly data: string }[] | undefined;
  edits: number;
  isUnsent: boolean;
  /** Telegram fetches what a link leads to unless it is told not to, at each edit anew (Bot API: LinkPreviewOptions). */
  showsPreviews?: boolean;
}

/** How long clients show "typing" after a chat action (Bot API: sendChatAction). */
const TYPING_MS = 5000;

export class World {
  readonly changes = new Changes();
  readonly bot: User;
  readonly messages: Message[] = [];
  readonly reactions: GivenReaction[] = [];
  readonly callbacks = new Set<string>();
  readonly files = new Map<string, FakeFile>();
  menu: readonly string[] = [];
  typingCount = 0;
  readonly #people = new Map<string, User>();
  readonly #groups = new Map<string, Group>();
  /** Old id of a group that became a supergroup → new id. */
  readonly #moved = new Map<number, number>();
  readonly #typing = new Map<number, NodeJS.Timeout>();
  #nextMessageId = 100;

  constructor(botId = 123456789) {
    this.bot = { id: botId, is_bot: true, first_name: "Moltbot", username: "moltbot_fake_bot" };
  }

  /** The person or bot of that name, made up once. */
  person(name: string, isBot = false): User {
    const known = this.#people.get(name);
    if (known) return known;
    const username = name.toLowerCase().replace(/[^a-z0-9]+/g, "_") + (isBot ? "_bot" : "");
    const user = { id: 5_000_001 + this.#people.size, is_bot: isBot, first_name: name, username };
    this.#people.set(name, user);
    return user;
  }

  direct(user: User): Chat {
    return { id: user.id, type: "private", first_name: user.first_name, username: user.username };
  }

  /** The group of that name; a new one is a supergroup unless `type` says otherwise. */
  group(name: string, type: Chat["type"] = "supergroup"): Group {
    const known = this.#groups.get(name);
    if (known) return known;
    const number = this.#groups.size + 1;
    const id = type === "group" ? -(4_000_000 + number) : -(1_001_000_000_000 + number);
    const group: Group = { chat: { id, type, title: name }, topics: new Map(), isBotMember: true };
    this.#groups.set(name, group);
    return group;
  }

  /** The id of a topic of a chat by its name; the group becomes a forum with its first topic. */
  topic(chat: Chat, name: string): { id: number; isNew: boolean; chat: Chat } {
    const group = this.#groupOf(chat.id) ?? this.#privateTopics(chat);
    const known = group.topics.get(name);
    if (known !== undefined) return { id: known, isNew: false, chat: group.chat };
    const id = this.nextId();
    group.topics.set(name, id);
    if (group.chat.type !== "private") group.chat = { ...group.chat, is_forum: true };
    return { id, isNew: true, chat: group.chat };
  }

  /** The name by which a topic was made up, or its id. */
  topicName(chatId: number, id: number | undefined): string | undefined {
    if (id === undefined) return undefined;
    const topics = (this.#groupOf(chatId) ?? this.#private.get(chatId))?.topics ?? new Map<string, number>();
    return [...topics].find(([, each]) => each === id)?.[0] ?? String(id);
  }

  /** Makes a group a supergroup; it gets a new id. */
  migrate(name: string): { from: Chat; to: Chat } {
    const group = this.group(name, "group");
    const from = group.chat;
    const to: Chat = { id: -(1_002_000_000_000 + this.#groups.size), type: "supergroup", title: name };
    this.#moved.set(from.id, to.id);
    group.chat = to;
    return { from, to };
  }

  movedTo(chatId: number): number | undefined {
    return this.#moved.get(chatId);
  }

  /** A chat that the bot may know, by id or @username. */
  find(id: string): { chat: Chat; isMember: boolean } | undefined {
    const user = [...this.#people.values()].find((each) => String(each.id) === id || `@${each.username}` === id);
    if (user) return { chat: this.direct(user), isMember: true };
    const group = this.#groupOf(Number(id));
    return group && { chat: group.chat, isMember: group.isBotMember };
  }

  nextId(): number {
    return this.#nextMessageId++;
  }

  add(message: Omit<Message, "edits" | "isUnsent">): Message {
    const kept = { ...message, edits: 0, isUnsent: false };
    this.messages.push(kept);
    if (kept.from === this.bot) this.#endTyping(kept.chat.id);
    this.changes.tell();
    return kept;
  }

  message(id: number | string): Message | undefined {
    return this.messages.find((each) => String(each.id) === String(id) && !each.isUnsent);
  }

  type(chatId: number): void {
    this.typingCount += 1;
    clearTimeout(this.#typing.get(chatId));
    this.#typing.set(chatId, setTimeout(() => this.#endTyping(chatId), TYPING_MS).unref());
    this.changes.tell();
  }

  get typingIn(): readonly string[] {
    return [...this.#typing.keys()].map(String);
  }

  readonly #private = new Map<number, Group>();

  /** Since Bot API 9.3 a bot's direct chats may have topics too. */
  #privateTopics(chat: Chat): Group {
    const known = this.#private.get(chat.id) ?? { chat, topics: new Map(), isBotMember: true };
    this.#private.set(chat.id, known);
    return known;
  }

  #groupOf(chatId: number): Group | undefined {
    return [...this.#groups.values()].find(({ chat }) => chat.id === chatId);
  }

  #endTyping(chatId: number): void {
    clearTimeout(this.#typing.get(chatId));
    if (this.#typing.delete(chatId)) this.changes.tell();
  }
}

/** A message as it stands on the wire. */
export function onWire(message: Message, world: World): Record<string, unknown> {
  const answered = message.replyTo === undefined ? undefined : world.message(message.replyTo);
  const isTopic = message.thread !== undefined;
  return {
    message_id: message.id,
    from: message.from,
    chat: message.chat,
    date: Math.floor(message.at / 1000),
    ...(isTopic && { message_thread_id: message.thread, is_topic_message: true }),
    ...(answered && { reply_to_message: onWire({ ...answered, replyTo: undefined }, world) }),
    ...(message.edits > 0 && { edit_date: Math.floor(Date.now() / 1000) }),
    ...message.content,
  };
}

/** The content fields of a text, plain or with entities. */
export function textContent(text: string, entities: readonly Entity[] = []): Record<string, unknown> {
  return { text, ...(entities.length > 0 && { entities }) };
}

/** The content fields of a file, as the Bot API describes each kind. */
export function fileContent(file: FakeFile, world: World): Record<string, unknown> {
  const file_id = `file-${world.files.size + 1}-${file.kind}`;
  world.files.set(file_id, file);
  const common = { file_id, file_unique_id: `u-${file_id}`, file_size: file.bytes.length };
  const named = { ...common, file_name: file.fileName, mime_type: file.mimeType };
  switch (file.kind) {
    case "image": {
      const small_id = `${file_id}-small`;
      world.files.set(small_id, { ...file, bytes: file.bytes.slice(0, 1) });
      const small = { file_id: small_id, file_unique_id: `u-${small_id}`, file_size: 1, width: 90, height: 90 };
      return { photo: [small, { ...common, width: 1280, height: 1280 }] };
    }
    case "video":
      return { video: { ...named, width: 640, height: 480, duration: 3 } };
    case "audio":
      return { audio: { ...named, duration: 3 } };
    case "voice":
      return { voice: { ...common, mime_type: file.mimeType, duration: 3 } };
    case "sticker":
      return {
        sticker: {
          ...common,
          type: "regular",
          width: 512,
          height: 512,
          is_animated: false,
          is_video: false,
          emoji: "🦞",
        },
      };
    case "document":
      return { document: named };
  }
}
