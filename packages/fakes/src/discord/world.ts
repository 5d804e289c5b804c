/** What Discord keeps: people, servers with their channels and threads, and messages; each as it stands on the wire. */
import type { FakeFile, SaysOptions } from "../platform.ts";
import { Snowflakes } from "./snowflake.ts";

export interface User {
  readonly id: string;
  readonly username: string;
  readonly global_name: string | null;
  readonly discriminator: string;
  readonly avatar: null;
  readonly bot?: boolean;
}

export const CHANNEL_TYPE = { text: 0, direct: 1, publicThread: 11 } as const;

export interface Channel {
  readonly id: string;
  readonly type: number;
  readonly name?: string;
  readonly guild_id?: string;
  /** Of a thread: the channel that it hangs on. */
  readonly parent_id?: string;
  readonly recipients?: readonly User[];
  last_message_id: string | null;
}

export interface Guild {
  readonly id: string;
  readonly name: string;
  readonly joinedAt: string;
  /** Whether the account is in it. */
  isJoined: boolean;
}

export interface Attachment {
  readonly id: string;
  readonly file: FakeFile;
}

export interface Message {
  readonly id: string;
  readonly channelId: string;
  readonly author: User;
  readonly at: number;
  readonly type: number;
  content: string;
  editedAt?: string;
  readonly mentions: readonly User[];
  readonly attachments: Attachment[];
  readonly replyTo?: string | undefined;
  /** A forwarded message holds a copy of another one, and nothing else. */
  readonly copy?: { readonly channelId: string; readonly id: string; readonly content: string } | undefined;
  readonly nonce?: string | undefined;
  components?: readonly unknown[] | undefined;
  readonly poll?: { readonly question: string; readonly options: readonly string[] } | undefined;
  /** An answer to a command that says "thinking" until it is edited. */
  isLoading: boolean;
  edits: number;
  isDeleted: boolean;
  /** Discord adds what links lead to unless SUPPRESS_EMBEDS is set (documentation: Message Flags). */
  showsPreviews?: boolean;
}

type NewMessage = Partial<Omit<Message, "id" | "edits" | "isDeleted">> & Pick<Message, "channelId" | "author">;

/** How long the address of a file works. */
const LINK_LIFE_MS = 86_400_000;

export class World {
  readonly ids = new Snowflakes();
  readonly bot: User;
  readonly botRoleId = this.ids.next();
  readonly people = new Map<string, User>();
  readonly guilds = new Map<string, Guild>();
  readonly channels = new Map<string, Channel>();
  readonly messages = new Map<string, Message>();
  /** Addresses of files made before this no longer work. */
  linksValidFrom = 0;
  /** Where files are served; set when the server listens. */
  cdn = "";

  constructor() {
    this.bot = this.#user("molty", true);
  }

  person(name: string, isBot = false): User {
    const known = this.people.get(name);
    if (known) return known;
    const user = this.#user(name, isBot);
    this.people.set(name, user);
    return user;
  }

  /** The direct chat of a person and the account. */
  directWith(user: User): Channel {
    for (const channel of this.channels.values()) {
      if (channel.type === CHANNEL_TYPE.direct && channel.recipients?.[0]?.id === user.id) return channel;
    }
    return this.#addChannel({ type: CHANNEL_TYPE.direct, recipients: [user] });
  }

  /** The server of that name, made with one text channel of the same name when there is none. */
  guildNamed(name: string): { guild: Guild; channel: Channel; isNew: boolean } {
    for (const guild of this.guilds.values()) {
      const channel = [...this.channels.values()].find(({ guild_id, type }) => guild_id === guild.id && type === 0);
      if (guild.name === name && channel) return { guild, channel, isNew: false };
    }
    const guild = { id: this.ids.next(), name, joinedAt: new Date(Date.now() - 60_000).toISOString(), isJoined: true };
    this.guilds.set(guild.id, guild);
    return { guild, channel: this.#addChannel({ type: 0, name, guild_id: guild.id }), isNew: true };
  }

  threadNamed(name: string, parent: Channel): { thread: Channel; isNew: boolean } {
    const known = [...this.channels.values()].find((each) => each.parent_id === parent.id && each.name === name);
    return known ? { thread: known, isNew: false } : { thread: this.addThread(name, parent), isNew: true };
  }

  addThread(name: string, parent: Channel): Channel {
    const guild = parent.guild_id === undefined ? {} : { guild_id: parent.guild_id };
    return this.#addChannel({ type: CHANNEL_TYPE.publicThread, name, parent_id: parent.id, ...guild });
  }

  /** Where somebody speaks, and what of it is new. */
  place(user: User, options: Pick<SaysOptions, "in" | "thread">) {
    if (options.in === undefined || options.in === "direct") return { channel: this.directWith(user) };
    const { guild, channel, isNew } = this.guildNamed(options.in.group);
    const newGuild = isNew ? guild : undefined;
    if (options.thread === undefined) return { channel, newGuild };
    const { thread, isNew: isNewThread } = this.threadNamed(options.thread, channel);
    return { channel: thread, newGuild, newThread: isNewThread ? thread : undefined };
  }

  add(message: NewMessage): Message {
    const at = message.at ?? Date.now();
    const added: Message = {
      type: 0,
      content: "",
      mentions: [],
      attachments: [],
      isLoading: false,
      ...message,
      at,
      id: this.ids.next(at),
      edits: 0,
      isDeleted: false,
    };
    this.messages.set(added.id, added);
    const channel = this.channels.get(added.channelId);
    if (channel) channel.last_message_id = added.id;
    return added;
  }

  attach(files: readonly FakeFile[]): Attachment[] {
    return files.map((file) => ({ id: this.ids.next(), file }));
  }

  /** Whether the account may see a channel. */
  isVisible(channel: Channel): boolean {
    return channel.guild_id === undefined || this.guilds.get(channel.guild_id)?.isJoined === true;
  }

  /** The conversation of a channel: of a thread, the channel it hangs on. */
  chatIdOf(channelId: string): string {
    return this.channels.get(channelId)?.parent_id ?? channelId;
  }

  /** A message as the API and the gateway show it. */
  shown(message: Message): Record<string, unknown> {
    const answered = message.replyTo === undefined ? undefined : this.messages.get(message.replyTo);
    return {
      id: message.id,
      channel_id: message.channelId,
      author: message.author,
      content: message.content,
      timestamp: new Date(message.at).toISOString(),
      edited_timestamp: message.editedAt ?? null,
      tts: false,
      mention_everyone: false,
      mentions: message.mentions,
      mention_roles: [...message.content.matchAll(/<@&(\d+)>/g)].map(([, role]) => role),
      attachments: message.attachments.map((each) => this.#shownAttachment(message.channelId, each)),
      embeds: [],
      pinned: false,
      type: message.type,
      flags: message.attachments.some(({ file }) => file.kind === "voice") ? 8192 : message.isLoading ? 128 : 0,
      ...(message.nonce !== undefined && { nonce: message.nonce }),
      ...(message.components && { components: message.components }),
      ...(message.poll && {
        poll: {
          question: { text: message.poll.question },
          answers: message.poll.options.map((text, index) => ({ answer_id: index + 1, poll_media: { text } })),
        },
      }),
      ...(message.copy && {
        message_reference: { type: 1, message_id: message.copy.id, channel_id: message.copy.channelId },
        message_snapshots: [
          {
            message: {
              ...{ content: message.copy.content, timestamp: new Date(message.at).toISOString(), type: 0 },
              ...{ edited_timestamp: null, mentions: [], attachments: [], embeds: [], components: [], flags: 0 },
            },
          },
        ],
      }),
      ...(message.replyTo !== undefined && {
        message_reference: { type: 0, message_id: message.replyTo, channel_id: message.channelId },
        referenced_message: answered && !answered.isDeleted ? this.shown({ ...answered, replyTo: undefined }) : null,
      }),
    };
  }

  /** A message as MESSAGE_CREATE brings it: with where it was said. */
  dispatched(message: Message): Record<string, unknown> {
    const channel = this.channels.get(message.channelId);
    return {
      ...this.shown(message),
      channel_type: channel?.type ?? 0,
      ...(channel?.guild_id !== undefined && {
        guild_id: channel.guild_id,
        member: { roles: [], nick: null, joined_at: "2020-01-01T00:00:00.000Z", deaf: false, mute: false, flags: 0 },
      }),
    };
  }

  shownGuild(guild: Guild): Record<string, unknown> {
    const channels = [...this.channels.values()].filter(({ guild_id }) => guild_id === guild.id);
    return {
      id: guild.id,
      name: guild.name,
      owner_id: "1",
      joined_at: guild.joinedAt,
      unavailable: false,
      large: false,
      member_count: 2,
      members: [this.botMember()],
      roles: [
        { id: guild.id, name: "@everyone", permissions: "0" },
        { id: this.botRoleId, name: "molty", permissions: "0", managed: true, tags: { bot_id: this.bot.id } },
      ],
      channels: channels.filter(({ parent_id }) => parent_id === undefined),
      threads: channels.filter(({ parent_id }) => parent_id !== undefined),
    };
  }

  botMember(): Record<string, unknown> {
    return { user: this.bot, roles: [this.botRoleId], joined_at: "2020-01-01T00:00:00.000Z", deaf: false, mute: false };
  }

  #shownAttachment(channelId: string, { id, file }: Attachment): Record<string, unknown> {
    const made = Date.now().toString(16);
    const expires = (Date.now() + LINK_LIFE_MS).toString(16);
    return {
      id,
      filename: file.fileName,
      size: file.bytes.length,
      content_type: file.mimeType,
      url: `${this.cdn}/attachments/${channelId}/${id}/${encodeURIComponent(file.fileName)}?ex=${expires}&is=${made}`,
      ...(file.kind === "voice" && { duration_secs: 1, waveform: "AAAA" }),
    };
  }

  #user(name: string, isBot: boolean): User {
    const username = name.toLowerCase().replaceAll(/[^a-z0-9._]/g, "");
    const bot = isBot ? { bot: true } : {};
    return { id: this.ids.next(), username, global_name: name, discriminator: "0", avatar: null, ...bot };
  }

  #addChannel(channel: Omit<Channel, "id" | "last_message_id">): Channel {
    const added = { ...channel, id: this.ids.next(), last_message_id: null };
    this.channels.set(added.id, added);
    return added;
  }
}
