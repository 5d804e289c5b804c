/** What a Slack workspace holds: people, conversations, messages, files. It knows nothing of HTTP or sockets. */
import type { Delivered, FakeFile, GivenReaction } from "../platform.ts";
import { Changes } from "../watch.ts";
import { readMrkdwn } from "./mrkdwn.ts";

export const TEAM_ID = "T0FAKE";
export const APP_ID = "A0FAKE";

export interface User {
  readonly id: string;
  readonly name: string;
  readonly real_name: string;
  readonly isBot: boolean;
}

export interface Conversation {
  readonly id: string;
  readonly name: string | undefined;
  readonly kind: "im" | "channel";
  /** The person on the other side of a direct conversation. */
  readonly userId: string | undefined;
  readonly threads: Map<string, string>;
  isMember: boolean;
}

export interface StoredFile {
  readonly id: string;
  readonly file: FakeFile;
  /** Where it was shared: conversation → ts of the message. */
  readonly shares: Map<string, string>;
}

export interface Message {
  readonly ts: string;
  readonly channel: Conversation;
  readonly user: User;
  readonly threadTs: string | undefined;
  readonly at: number;
  readonly files: readonly StoredFile[];
  /** Who wrote first what this message shares; the text is then theirs. */
  readonly sharedFrom: User | undefined;
  readonly metadata: { readonly event_type: string; readonly event_payload: Record<string, unknown> } | undefined;
  /** Only the person who used a command sees it; it has no place in the history. */
  readonly isEphemeral: boolean;
  text: string;
  buttons: readonly { readonly label: string; readonly data: string }[] | undefined;
  edits: number;
  isDeleted: boolean;
  /** Apps' links are unfurled as media unless the message says otherwise (Slack: unfurling links in messages). */
  showsPreviews?: boolean;
}

export class World {
  readonly changes = new Changes();
  readonly bot: User = { id: "U0BOT", name: "moltbot", real_name: "Moltbot", isBot: true };
  readonly botId = "B0BOT";
  readonly messages: Message[] = [];
  readonly reactions: GivenReaction[] = [];
  readonly files = new Map<string, StoredFile>();
  /** Conversations in which the app shows a status. */
  readonly statuses = new Map<string, string>();
  typingCount = 0;
  readonly #people = new Map<string, User>([["moltbot", this.bot]]);
  readonly #conversations = new Map<string, Conversation>();
  #counter = 0;
  #lastTs = 0;

  /** The person or bot of that name, made up once. */
  person(name: string, isBot = false): User {
    const known = this.#people.get(name);
    if (known) return known;
    const id = `U0${String(this.#people.size).padStart(3, "0")}`;
    const user = { id, name: name.toLowerCase().replace(/\s+/g, "."), real_name: name, isBot };
    this.#people.set(name, user);
    return user;
  }

  user(id: string): User | undefined {
    return [...this.#people.values()].find((user) => user.id === id);
  }

  direct(user: User): Conversation {
    return this.#conversation(`im:${user.id}`, {
      id: `D${user.id.slice(1)}`,
      name: undefined,
      kind: "im",
      userId: user.id,
    });
  }

  channel(name: string): Conversation {
    const id = `C0${String(this.#conversations.size).padStart(3, "0")}`;
    const slug = name.toLowerCase().replace(/\s+/g, "-");
    return this.#conversation(`channel:${name}`, { id, name: slug, kind: "channel", userId: undefined });
  }

  get conversations(): readonly Conversation[] {
    return [...this.#conversations.values()];
  }

  conversation(id: string): Conversation | undefined {
    return this.conversations.find((each) => each.id === id);
  }

  /** The ts of the thread that has that name; its first message is older than anything that is said. */
  thread(conversation: Conversation, name: string, user: User): string {
    const known = conversation.threads.get(name);
    if (known) return known;
    const at = Date.now() - 86_400_000 + this.#counter++;
    const root = this.add({ channel: conversation, user, text: name, at });
    conversation.threads.set(name, root.ts);
    return root.ts;
  }

  threadName(conversation: Conversation, threadTs: string | undefined): string | undefined {
    if (threadTs === undefined) return undefined;
    return [...conversation.threads].find(([, ts]) => ts === threadTs)?.[0] ?? threadTs;
  }

  add(
    said: Pick<Message, "channel" | "user" | "text"> &
      Partial<Pick<Message, "at" | "threadTs" | "files" | "sharedFrom" | "metadata" | "buttons" | "isEphemeral">>,
  ): Message {
    const at = said.at ?? Date.now();
    const message: Message = {
      threadTs: undefined,
      files: [],
      sharedFrom: undefined,
      metadata: undefined,
      buttons: undefined,
      isEphemeral: false,
      ...said,
      at,
      ts: this.#tsFor(at, said.at !== undefined),
      edits: 0,
      isDeleted: false,
    };
    for (const { shares } of message.files) shares.set(message.channel.id, message.ts);
    this.messages.push(message);
    this.changes.tell();
    return message;
  }

  /** Every ts is one message; messages of now are in the order in which they came. */
  #tsFor(at: number, isGiven: boolean): string {
    let micros = at * 1000;
    if (!isGiven) micros = Math.max(micros, this.#lastTs + 1);
    while (this.messages.some(({ ts }) => ts === tsOf(micros))) micros += 1;
    if (!isGiven) this.#lastTs = micros;
    return tsOf(micros);
  }

  message(channelId: string, ts: string): Message | undefined {
    return this.messages.find((each) => each.channel.id === channelId && each.ts === ts && !each.isDeleted);
  }

  store(file: FakeFile): StoredFile {
    const stored = { id: `F0${String(this.files.size).padStart(3, "0")}`, file, shares: new Map<string, string>() };
    this.files.set(stored.id, stored);
    return stored;
  }

  #conversation(key: string, made: Pick<Conversation, "id" | "name" | "kind" | "userId">): Conversation {
    const known = this.#conversations.get(key) ?? { ...made, threads: new Map(), isMember: true };
    this.#conversations.set(key, known);
    return known;
  }
}

function tsOf(micros: number): string {
  return `${Math.floor(micros / 1_000_000)}.${String(micros % 1_000_000).padStart(6, "0")}`;
}

/** A message as it stands on the wire. */
export function onWire(message: Message, world: World, baseUrl: string): Record<string, unknown> {
  const { ts, user, threadTs, text, files, sharedFrom, metadata, edits } = message;
  const replies = world.messages.filter((each) => each.threadTs === ts && each.channel === message.channel);
  return {
    type: "message",
    ts,
    text: sharedFrom ? "" : text,
    user: user.id,
    team: TEAM_ID,
    ...(user === world.bot && { bot_id: world.botId, app_id: APP_ID }),
    ...(user !== world.bot &&
      user.isBot && { bot_id: `B${user.id.slice(1)}`, subtype: "bot_message", username: user.name }),
    ...(threadTs && { thread_ts: threadTs, parent_user_id: world.message(message.channel.id, threadTs)?.user.id }),
    ...(replies.length > 0 && { thread_ts: ts, reply_count: replies.length, latest_reply: replies.at(-1)!.ts }),
    ...(files.length > 0 && { subtype: "file_share", files: files.map((file) => fileOnWire(file, baseUrl)) }),
    ...(sharedFrom && {
      attachments: [
        {
          ...{ id: 1, is_share: true, is_msg_unfurl: true, text, fallback: text, mrkdwn_in: ["text"] },
          ...{ author_id: sharedFrom.id, author_name: sharedFrom.real_name, channel_id: "C0ELSEWHERE" },
          from_url: `https://fake.slack.com/archives/C0ELSEWHERE/p${ts.replace(".", "")}`,
        },
      ],
    }),
    ...(metadata && { metadata }),
    ...(edits > 0 && { edited: { user: user.id, ts: tsOf(Date.now() * 1000 + edits) } }),
  };
}

/** A file object. */
export function fileOnWire({ id, file, shares }: StoredFile, baseUrl: string): Record<string, unknown> {
  const url = `${baseUrl}/files-pri/${TEAM_ID}-${id}/${encodeURIComponent(file.fileName)}`;
  return {
    id,
    name: file.fileName,
    title: file.fileName,
    mimetype: file.mimeType,
    size: file.bytes.length,
    mode: "hosted",
    is_external: false,
    url_private: url,
    url_private_download: `${url}?download=1`,
    ...(file.kind === "voice" && { subtype: "slack_audio" }),
    shares: { public: Object.fromEntries([...shares].map(([channel, ts]) => [channel, [{ ts }]])) },
  };
}

/** A message of the account as its readers have it. */
export function asDelivered(message: Message, world: World): Delivered {
  return {
    id: message.ts,
    chatId: message.channel.id,
    thread: world.threadName(message.channel, message.threadTs),
    text: readMrkdwn(message.text, (id) => world.user(id)?.name ?? id),
    raw: message.text,
    files: message.files.map(({ id }) => world.files.get(id)!.file),
    buttons: message.buttons,
    edits: message.edits,
    isUnsent: message.isDeleted,
    showsPreviews: message.showsPreviews,
    clientId: message.metadata && String(message.metadata.event_payload.id),
    at: message.at,
  };
}
