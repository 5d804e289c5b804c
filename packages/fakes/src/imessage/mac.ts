/** The Mac behind both fakes of iMessage: its people, chats and messages, as the Messages app keeps them. */
import { randomUUID } from "node:crypto";
import {
  type Delivered,
  type FakeFile,
  type GivenReaction,
  type Said,
  type SaysOptions,
  withMentions,
} from "../platform.ts";
import { Changes } from "../watch.ts";

/** Whose Mac it is. */
export const OWNER = "moltbot@example.com";

/** A mention of the owner, as the text shows it. */
const OWN_MENTION = "@moltbot";

/** What a message came by; SMS and RCS show any number that their sender claims. */
export type Service = "iMessage" | "SMS" | "RCS";

/** How somebody says something to a Mac. */
export interface MacSaysOptions extends SaysOptions {
  readonly service?: Service;
  /** What the program or server tells of it beside, or instead of, what it tells of any message. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface MacChat {
  /** The row in Messages' database. */
  readonly id: number;
  readonly guid: string;
  /** The handle of the other side, or the group's own name in the database. */
  readonly identifier: string;
  readonly name: string;
  readonly isGroup: boolean;
  readonly participants: string[];
  readonly service: Service;
}

interface MacMention {
  readonly start: number;
  readonly length: number;
  readonly handle: string;
}

export interface MacMessage {
  /** The row in Messages' database: it only grows. */
  readonly id: number;
  readonly guid: string;
  readonly chat: MacChat;
  /** The handle of the author; undefined for the owner. */
  readonly sender: string | undefined;
  text: string;
  readonly at: number;
  readonly files: readonly FakeFile[];
  readonly replyTo?: string | undefined;
  /** What of the text is a mention, and of whom. */
  readonly mentions?: readonly MacMention[] | undefined;
  readonly tapback?: { readonly target: string; readonly emoji: string; readonly isRemoved: boolean } | undefined;
  readonly clientId?: string | undefined;
  /** What is told of it beside, or instead of, what is told of any message. */
  fields?: Readonly<Record<string, unknown>> | undefined;
  edits: number;
  editedAt?: number;
  unsentAt?: number;
}

type NewMessage = Pick<MacMessage, "chat" | "sender" | "text"> &
  Partial<Pick<MacMessage, "at" | "files" | "replyTo" | "mentions" | "tapback" | "clientId" | "fields">>;

export class Mac {
  readonly changes = new Changes();
  readonly messages: MacMessage[] = [];
  readonly chats: MacChat[] = [];
  readonly typingIn = new Set<string>();
  readonly read: string[] = [];
  typingCount = 0;
  /** Groups that the owner was removed from. */
  readonly left = new Set<string>();
  readonly #handles = new Map<string, string>();

  /** The handle of somebody, who is made up once. */
  handle(name: string): string {
    const known = this.#handles.get(name);
    if (known) return known;
    const handle = /^\+\d+$|@/.test(name) ? name : `+1555010${String(1000 + this.#handles.size)}`;
    this.#handles.set(name, handle);
    return handle;
  }

  /** Each service has a conversation of its own with somebody; undefined is the one that they wrote by last. */
  directChat(handle: string, service?: Service): MacChat {
    const known = this.chats.filter(({ isGroup, identifier }) => !isGroup && identifier === handle);
    const wanted = service ?? this.messages.findLast(({ chat }) => known.includes(chat))?.chat.service ?? "iMessage";
    return (
      known.find((chat) => chat.service === wanted) ??
      this.#newChat({
        guid: `${wanted};-;${handle}`,
        identifier: handle,
        name: "",
        isGroup: false,
        participants: [handle],
        service: wanted,
      })
    );
  }

  group(name: string): MacChat {
    const identifier = `chat${4_000_000 + this.chats.length}`;
    return (
      this.chats.find((chat) => chat.isGroup && chat.name === name) ??
      this.#newChat({
        guid: `iMessage;+;${identifier}`,
        identifier,
        name,
        isGroup: true,
        participants: [],
        service: "iMessage",
      })
    );
  }

  chatByGuid(guid: string): MacChat | undefined {
    return this.chats.find((chat) => chat.guid === guid);
  }

  message(guid: string): MacMessage | undefined {
    return this.messages.find((message) => message.guid === guid);
  }

  add(message: NewMessage): MacMessage {
    const added: MacMessage = {
      files: [],
      at: Date.now(),
      ...message,
      id: this.messages.length + 1,
      guid: randomUUID().toUpperCase(),
      edits: 0,
    };
    this.messages.push(added);
    return added;
  }

  /** What somebody says, one message for each file but the first. */
  says(text: string, options: MacSaysOptions): MacMessage {
    const sender = this.handle(options.from ?? "alice");
    const { service = "iMessage" } = options;
    const chat = typeof options.in === "object" ? this.group(options.in.group) : this.directChat(sender, service);
    if (!chat.participants.includes(sender)) chat.participants.push(sender);
    const { files = [], at, replyTo } = options;
    const start = options.mentionsBot ? `${OWN_MENTION} ` : "";
    const { text: written, mentions: others } = withMentions(start + text, options.mentions, (name) => `@${name}`);
    const mentions = [
      ...(options.mentionsBot ? [{ start: 0, length: OWN_MENTION.length, handle: OWNER }] : []),
      ...others.map(({ name, ...stretch }) => ({ ...stretch, handle: this.handle(name) })),
    ];
    return this.add({
      chat,
      sender,
      text: written,
      mentions,
      files,
      replyTo,
      fields: options.fields,
      ...(at !== undefined && { at }),
    });
  }

  /** Somebody, or the owner, gives or takes back a tapback. */
  tapback(target: string, emoji: string, sender: string | undefined, isRemoved = false): MacMessage {
    const chat = this.message(target)?.chat ?? this.directChat(sender ?? this.handle("alice"));
    return this.add({ chat, sender, text: "", tapback: { target, emoji, isRemoved } });
  }

  get delivered(): readonly Delivered[] {
    return this.messages.filter(({ sender, tapback }) => sender === undefined && !tapback).map(deliveredOf);
  }

  get reactions(): readonly GivenReaction[] {
    const given: GivenReaction[] = [];
    for (const { sender, tapback } of this.messages) {
      if (sender !== undefined || !tapback) continue;
      const at = given.findIndex(({ messageId, emoji }) => messageId === tapback.target && emoji === tapback.emoji);
      if (at >= 0) given.splice(at, 1);
      if (!tapback.isRemoved) given.push({ messageId: tapback.target, emoji: tapback.emoji });
    }
    return given;
  }

  #newChat(chat: Omit<MacChat, "id">): MacChat {
    const added = { id: this.chats.length + 1, ...chat };
    this.chats.push(added);
    return added;
  }
}

/** A conversation as the gateway names it: a person's handle with its service, or a group's guid. */
export function chatIdOf({ isGroup, guid, identifier, service }: MacChat): string {
  return isGroup ? guid : served(identifier, service);
}

export function saidOf({ guid, chat, sender }: MacMessage): Said {
  return { id: guid, chatId: chatIdOf(chat), senderId: sender === undefined ? OWNER : served(sender, chat.service) };
}

function served(handle: string, service: Service): string {
  return service === "iMessage" ? handle : `${service.toLowerCase()}:${handle}`;
}

function deliveredOf(message: MacMessage): Delivered {
  return {
    id: message.guid,
    chatId: chatIdOf(message.chat),
    text: message.text,
    raw: message.text,
    replyTo: message.replyTo,
    files: message.files,
    edits: message.edits,
    isUnsent: message.unsentAt !== undefined,
    clientId: message.clientId,
    at: message.at,
  };
}
