/**
 * A channel: one messaging platform, as a value. The functions of its connection show what it can do. Policy, queueing,
 * retries, splitting and the refresh of "typing" are done by messaging.
 */

import { type Static, type TObject, type TProperties, Type } from "@sinclair/typebox";
import { TellableError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/time/clock.ts";
import type { Item } from "./item.ts";
import type { Reading } from "./rules.ts";
import type { Dialect, Rendered } from "./text/dialect.ts";
import type { Said } from "./text/said.ts";

/** Everything a platform may offer; a channel lists what it does, an account may lack some of it. */
export type Capability =
  | "direct"
  | "group"
  | "thread"
  | "reply"
  | "mediaIn"
  | "mediaOut"
  | "voice"
  | "reactionIn"
  | "reactionOut"
  | "editIn"
  | "editOut"
  | "unsendIn"
  | "unsendOut"
  | "business"
  | "typing"
  | "readReceipts"
  | "polls"
  | "commands"
  | "buttons"
  | "streaming";

/** A place to send to: a conversation, and a topic within it. The id is the channel's own and is a valid target. */
export interface ChatRef {
  readonly id: string;
  readonly threadId?: string | undefined;
}

export type ChatKind = "direct" | "group" | "channel";

/** A conversation as an inbound message names it. */
export interface Chat extends ChatRef {
  readonly kind: ChatKind;
  readonly title?: ChosenName | undefined;
  /** The title of the topic or thread. */
  readonly threadTitle?: ChosenName | undefined;
  /** The server, guild or team that the chat belongs to. */
  readonly spaceId?: string | undefined;
  /** The account's conversation with itself ("note to self"). */
  readonly isSelf?: boolean | undefined;
}

declare const kindOfName: unique symbol;

/** An id that the platform assigns and nobody can choose. Rights are given to these. */
export type AccountId = string & { readonly [kindOfName]: "account id" };
/**
 * Another id of one account, where the platform proves that they belong together: a WhatsApp LID beside a number. It
 * gives the same rights as the id.
 */
export type ProvenAlias = string & { readonly [kindOfName]: "proven alias" };
/**
 * A name that its holder chose and can change: a user name, a display name, a title. Somebody else can take it, so it is
 * shown, and never compared with a list that gives rights.
 */
export type ChosenName = string & { readonly [kindOfName]: "chosen name" };

/**
 * Marks a text as an id that the platform assigned. Called in `channels/` only, where the platform's answers are read.
 */
export function accountId(text: string): AccountId {
  return text as AccountId;
}

/** Marks a text as an id that the platform proves to belong to the same account. Called in `channels/` only. */
export function provenAlias(text: string): ProvenAlias {
  return text as ProvenAlias;
}

/** Marks a text as a name that people chose. */
export function chosenName(text: string): ChosenName;
export function chosenName(text: string | undefined): ChosenName | undefined;
export function chosenName(text: string | undefined): ChosenName | undefined {
  return text as ChosenName | undefined;
}

/** A person or bot. */
export interface Peer {
  readonly id: AccountId;
  /** Further ids; lists may hold one of these in place of `id`. */
  readonly aliases?: readonly ProvenAlias[] | undefined;
  readonly name?: ChosenName | undefined;
  readonly username?: ChosenName | undefined;
  readonly isBot?: boolean | undefined;
  /**
   * The transport does not authenticate its senders (SMS), so this sender has a stranger's rights whoever it seems to
   * be.
   */
  readonly isUnproven?: boolean | undefined;
}

/** Names a message on the platform. `senderId` is set where the platform needs it (WhatsApp groups, Signal). */
export interface MessageRef {
  readonly chat: ChatRef;
  readonly id: string;
  readonly senderId?: string | undefined;
  /** Whether the account itself sent it. */
  readonly isOwn?: boolean | undefined;
}

export type MediaKind = "image" | "video" | "audio" | "voice" | "document" | "sticker";

/** A file of an inbound message. `ref` is the channel's own and is handed back to `fetchMedia`, also after a restart. */
export interface MediaRef {
  readonly ref: string;
  readonly kind: MediaKind;
  readonly mimeType?: string | undefined;
  readonly fileName?: string | undefined;
  readonly sizeBytes?: number | undefined;
}

/** The quoted message of an inbound one. Without text, its files and items describe it. */
export interface Quote {
  readonly messageId: string;
  readonly fromSelf: boolean;
  readonly text?: string | undefined;
  readonly media?: readonly MediaRef[] | undefined;
  readonly items?: readonly Item[] | undefined;
  /** The id of whoever wrote it. */
  readonly senderId?: string | undefined;
  /** The platform passes on what the sender claims (Signal, WhatsApp): text and author may be made up. */
  readonly isClaimed?: boolean | undefined;
  readonly senderName?: ChosenName | undefined;
  /** The chat of a quote from another chat, as far as the platform names it. */
  readonly elsewhere?: Origin | undefined;
}

/** The origin of a forwarded message, as far as the platform names it; `{}` when it names nothing. */
export interface Origin {
  /** A name, with the id where there is one. */
  readonly who?: string | undefined;
  /** A chat, a channel, a page. */
  readonly where?: string | undefined;
  /** Epoch ms. */
  readonly at?: number | undefined;
}

/** A text of somebody else that came with a message: passed on, shared, or shown of a page. */
export interface Forwarded {
  readonly text: string;
  readonly origin: Origin;
}

/** The content of a message. */
export interface Content extends Said {
  /** Set when text, files and items are not the sender's own. Such a text is never a command. */
  readonly forwardedFrom?: Origin | undefined;
  /** Texts of others beside the sender's own one. */
  readonly forwarded?: readonly Forwarded[] | undefined;
  readonly media: readonly MediaRef[];
  readonly items?: readonly Item[] | undefined;
  readonly replyTo?: Quote | undefined;
  readonly mentionsSelf: boolean;
}

interface InboundBase {
  /**
   * The keys that tell a redelivery apart, most telling first. The event is dropped when any of them is known already;
   * unique within the account.
   */
  readonly keys: readonly [string, ...string[]];
  /** When the platform says it happened, epoch ms. */
  readonly at: number;
  readonly chat: Chat;
  readonly sender: Peer;
  /** The platform's id of the message that this is, or is about. */
  readonly messageId: string;
  /** The account itself wrote it: an echo of what we sent, or the owner on another device. */
  readonly fromSelf: boolean;
}

/** Something that happened on the platform. */
export type Inbound =
  | (InboundBase &
      Content & {
        readonly kind: "message";
        /** Parts of one album arrive as several messages with the same id. */
        readonly albumId?: string | undefined;
        /** Whether the platform sends its files later, as `files`. */
        readonly awaitsFiles?: boolean | undefined;
        /** Passed back with the first part of the answer, for example to answer a native command. */
        readonly via?: string | undefined;
        /** A native command or menu: it is addressed to us wherever it was typed. */
        readonly isCommand?: boolean | undefined;
      })
  /** Files of a message that was first sent without them. */
  | (InboundBase & { readonly kind: "files"; readonly media: readonly MediaRef[] })
  /**
   * `sender` edited the message; it has effect if the message is theirs. The content is complete. `messageKeys` are the
   * keys of the message itself: an edit that addresses the agent is taken as the message when that was never received.
   * `writtenAt` is the time of the first version, where it is known.
   */
  | (InboundBase &
      Content & {
        readonly kind: "edit";
        readonly messageKeys: readonly [string, ...string[]];
        readonly writtenAt?: number | undefined;
      })
  /**
   * `sender` took the message back; it has effect if the message is theirs. `isVouched`: the platform itself says that
   * the message is gone, whoever removed it (Discord does not say who).
   */
  | (InboundBase & { readonly kind: "unsend"; readonly isVouched?: boolean | undefined })
  | (InboundBase & { readonly kind: "reaction"; readonly emoji: string; readonly isRemoved: boolean })
  /**
   * `sender` voted in the poll `messageId`. Answers are texts, or indexes of the poll's answers from 0. No answers: the
   * vote was taken back, or `isSecret`.
   */
  | (InboundBase & {
      readonly kind: "vote";
      readonly answers: readonly (string | number)[];
      /** Whether the platform reports the vote without its answer. */
      readonly isSecret?: boolean | undefined;
    })
  | (InboundBase & { readonly kind: "button"; readonly data: string; readonly via?: string | undefined })
  /** The account was added to a chat or removed from it. */
  | (InboundBase & { readonly kind: "membership"; readonly isMember: boolean })
  /** The chat has a new id. */
  | (InboundBase & { readonly kind: "moved"; readonly toChatId: string })
  /** A person made something that the channel cannot show: `what` is the platform's name of it, `why` a sentence. */
  | (InboundBase & { readonly kind: "unread"; readonly what: string; readonly why: string })
  /** The platform sent something that cannot be read; `why` is a sentence without content. */
  | (InboundBase & { readonly kind: "unreadable"; readonly why: string });

export type InboundMessage = Extract<Inbound, { kind: "message" }>;

/** A file to send. It is private, complete and within the channel's limit. */
export interface OutboundMedia {
  readonly path: string;
  readonly kind: MediaKind;
  readonly mimeType: string;
  readonly fileName: string;
  readonly sizeBytes: number;
}

export interface Button {
  readonly label: string;
  /** Is sent back as `data` when the button is pressed; at most 64 bytes. */
  readonly data: string;
}

/** One message to send: a text, or a file with a text under it. Text is rendered and within the channel's limit. */
export interface Outbound {
  /**
   * 20 lower-case hexadecimal digits, unchanged when a doubtful message is sent again. A channel whose platform takes a
   * client's id derives it from this.
   */
  readonly clientId: string;
  readonly chat: ChatRef;
  readonly text: Rendered;
  readonly media?: OutboundMedia | undefined;
  readonly replyTo?: MessageRef | undefined;
  readonly via?: string | undefined;
  readonly buttons?: readonly (readonly Button[])[] | undefined;
  readonly silent?: boolean | undefined;
  /** When it was queued, epoch ms. */
  readonly queuedAt: number;
}

/** A question with answers to choose from. */
export interface Poll {
  readonly clientId: string;
  readonly chat: ChatRef;
  readonly question: string;
  readonly options: readonly string[];
  readonly maxSelections: number;
  readonly durationHours?: number | undefined;
}

/** What the platform says of a message it took. */
export interface Sent {
  readonly id: string;
  readonly pollId?: string | undefined;
  /** The chat it went to, when the platform named another id than the target's. */
  readonly chatId?: string | undefined;
}

/**
 * What went wrong, as far as anyone above must know it.
 *
 * | kind | means | what messaging does |
 * |---|---|---|
 * | rate-limited | refused, the server said how long | waits `retryAfterMs`, sends again |
 * | not-sent | certainly not taken: no connection, refused before the body | sends again with back-off |
 * | unknown | may have been taken: time-out, cut, 5xx after the body | repeats only where that is harmless |
 * | rejected | refused for good: no such chat, removed, too long, forbidden | fails that message |
 * | bad-format | the platform cannot read the markup | sends it again as plain text |
 * | network | the link is gone or cannot be made | connects again with back-off |
 * | logged-out | the session was ended on the phone or by the platform | stops the account until a login |
 * | bad-credentials | the token or password is wrong or revoked | stops the account until the settings change |
 * | replaced | another instance took the session | stops the account; it does not fight |
 * | banned | the platform has blocked the account | stops the account |
 * | unavailable | something on this machine is missing (a program, a package) | tries again slowly |
 */
export type ChannelErrorKind =
  | "rate-limited"
  | "not-sent"
  | "unknown"
  | "rejected"
  | "bad-format"
  | "network"
  | "logged-out"
  | "bad-credentials"
  | "replaced"
  | "banned"
  | "unavailable";

/** An error of a platform; the message is one sentence that says what to do. */
export class ChannelError extends TellableError {
  readonly kind: ChannelErrorKind;
  readonly retryAfterMs: number | undefined;

  constructor(kind: ChannelErrorKind, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ChannelError";
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What an account keeps between starts: credentials, cursors, journals. Writes are on disk when they return. */
export interface ChannelState {
  get(key: string): string | undefined;
  /** All entries whose key begins with `prefix`, in the order of their keys. */
  entries(prefix: string): readonly (readonly [key: string, value: string])[];
  /** Writes all or nothing; `undefined` removes. */
  write(changes: StateChanges): void;
}

export type StateChanges = Readonly<Record<string, string | undefined>>;

/** A request of a platform that calls us. The body is read only after `authorized` has agreed. */
export interface WebhookRequest {
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Webhook {
  authorized(request: WebhookRequest): boolean;
  /** Returns the HTTP status. */
  handle(body: Uint8Array, request: WebhookRequest): number | Promise<number>;
}

/** What a channel can see while it is asked whether credentials work. */
export interface ProbeContext<Settings = Record<string, unknown>> {
  readonly settings: Settings;
  readonly accountId: string;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
  readonly state: ChannelState;
  /** Variables of the environment: for child processes. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A private folder of this account, for what must be files. */
  readonly folder: string;
}

/** What an account's connection is given. */
export interface ChannelContext<Settings = Record<string, unknown>> extends ProbeContext<Settings> {
  /** The commands there are, for platforms that show menus. */
  readonly commands: readonly {
    readonly name: string;
    readonly summary: string;
    readonly usage?: string | undefined;
    /** Words that may follow. */
    readonly choices?: readonly string[];
  }[];
  /**
   * Stores events, and the changes of state that belong to them, in one transaction. When it returns, all of it is on
   * disk. Known events are dropped, and events that no person made are logged. Throws at once when the disk refuses. The
   * platform may be told that they have come when the promise resolves; it never rejects.
   */
  receive(readings: readonly Reading[], state?: StateChanges): Promise<void>;
  /**
   * The platform's own clock says that it is `at`, epoch ms. Called whenever it tells: the age of messages is judged by it,
   * since the clock of this machine may be wrong. `NaN` and undefined tell nothing.
   */
  heardTime(at: number | undefined): void;
  /**
   * A message that the account sent, by the platform's id: WhatsApp peers ask for it again when they cannot decrypt it.
   */
  ownMessage(id: string): { readonly chat: ChatRef; readonly text: string } | undefined;
  /** Chats that messages have come from or gone to, newest first, at most `limit`: where to catch up after a gap. */
  knownChats(limit: number): readonly Chat[];
  /** Serves POST requests under this account's path on the gateway's port until disposed. */
  webhook(webhook: Webhook): Disposable & { readonly path: string };
}

/** What a login is given. */
export interface LoginContext<Settings = Record<string, unknown>> extends ProbeContext<Settings> {
  /** Link by a code that is typed on this phone, instead of a QR code. */
  readonly phoneNumber?: string | undefined;
}

/** A step of a login; the last one is `done`. A newer `qr` replaces the one before. Failures are thrown as `ChannelError`. */
export type LoginStep =
  | { readonly kind: "qr"; readonly text: string; readonly expiresAt: number }
  | { readonly kind: "code"; readonly code: string; readonly message: string }
  | { readonly kind: "waiting"; readonly message: string }
  | { readonly kind: "done"; readonly self: Peer };

/** An open link to the platform. All functions but `send` are optional: absent means the platform does not have it. */
export interface Connection extends AsyncDisposable {
  /** Who the account is on the platform. */
  readonly self: Peer;
  /** Resolves once, with the reason, when the link has ended or can no longer be used; never rejects. */
  readonly closed: Promise<ChannelError>;
  /** What this account lacks of its channel's capabilities, each with the reason in a sentence. */
  readonly absent?: Partial<Record<Capability, string>> | undefined;
  /** Sends one message; resolves when the platform has taken it. Throws `ChannelError`. Not called twice at once for a chat. */
  send(message: Outbound, signal: AbortSignal): Promise<Sent>;
  /**
   * Looks whether a message that may have been taken was taken. Resolves with what the platform has, "absent" when it
   * certainly is not there, "unknown" when that cannot be told. Called once, after a start.
   */
  findSent?(message: Outbound, signal: AbortSignal): Promise<Sent | "absent" | "unknown">;
  edit?(target: MessageRef, text: Rendered, signal: AbortSignal): Promise<void>;
  unsend?(target: MessageRef, signal: AbortSignal): Promise<void>;
  react?(target: MessageRef, emoji: string, options: { remove: boolean }, signal: AbortSignal): Promise<void>;
  /** Shows or ends "typing"; called again every `limits.typingEveryMs` while it lasts. Failures do not matter. */
  typing?(chat: ChatRef, isTyping: boolean): Promise<void>;
  /** Tells the senders that their messages were read. */
  markRead?(messages: readonly MessageRef[]): Promise<void>;
  poll?(poll: Poll, signal: AbortSignal): Promise<Sent>;
  /** Opens a file of an inbound message. The caller stops reading at its limit. Throws `ChannelError`. */
  fetchMedia?(media: MediaRef, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export interface ChannelLimits {
  /** The longest text of one message, in the dialect's own measure. */
  readonly textChars: number;
  /** The longest text under a file; the same measure. */
  readonly captionChars: number;
  /** The largest file we send, bytes. */
  readonly mediaBytes: number;
  /** The least time between two edits of a streamed reply in one chat, ms. */
  readonly editEveryMs: number;
  /** How long the platform shows "typing" after one call, less a margin, ms. */
  readonly typingEveryMs: number;
}

/** The forms of a platform's ids. */
export interface IdForms {
  /** A person, as `normalPeer` spells one. */
  readonly peer: RegExp;
  /** A conversation that is no direct one, or the space it belongs to, as `groups` names one. */
  readonly chat: RegExp;
  /** People of a transport that does not prove who writes, as `normalPeer` spells them. */
  readonly unproven?: RegExp;
  /** What an id looks like, for a sentence: "a number such as 123456789". */
  readonly looks: string;
}

/** A channel as messaging, the command line, the docs and the tests read it. It loads no SDK. */
export interface ChannelDefinition {
  readonly id: string;
  readonly label: string;
  /** For settings pages: "Telegram (bot)". */
  readonly detailLabel: string;
  /** A name of Apple's symbol set, for apps. */
  readonly systemImage: string;
  /** One sentence: what a user gets. */
  readonly summary: string;
  /** Settings of one account, beside those that all channels share; all optional, defaults named in the description. */
  readonly settings: TObject;
  /** Environment variables that stand in for settings of the default account. */
  readonly env: Readonly<Record<string, string>>;
  readonly limits: ChannelLimits;
  readonly capabilities: readonly Capability[];
  /** How long after a doubtful send a repeat with the same `clientId` is still harmless, ms; 0 is never. */
  readonly repeatSafeMs: number;
  /** Whether a session is linked by scanning or typing a code, not by a token in the settings. */
  readonly isLinkedByLogin: boolean;
  /**
   * Whether it is the default channel, when none is named and not exactly one is in use (protocol: send,
   * web.login.start).
   */
  readonly isUsual?: boolean;
  /** The word for a thread in session keys; "thread" when absent (protocol: session keys). */
  readonly threadWord?: string;
  /** Further fields about the chat in the answer of `send`, in the platform's words (protocol: send). */
  sentFields?(chat: ChatRef): SentFields;
  /** What an account still needs before it can start, as a sentence that says how to provide it; undefined when nothing. */
  missing(settings: Readonly<Record<string, unknown>>, state: ChannelState): string | undefined;
  /** Where a target as people write it leads. Throws `ChannelError` "rejected" with the accepted forms. */
  target(text: string): ChatRef;
  /** A peer's id as allowlists spell it, in the form of `Peer.id`: "+1 (555) 01" → "+155501". */
  normalPeer(text: string): string;
  /**
   * The form of the ids that the platform assigns. Anything else in a list that gives rights is a name, and gives none.
   */
  readonly ids: IdForms;
  dialect(): Promise<Dialect>;
  /** Connects; resolves when messages flow. Throws `ChannelError`. Everything ends when the signal aborts or on dispose. */
  open(context: ChannelContext<never>): Promise<Connection>;
  /** Asks the platform who the credentials belong to, without starting anything. Throws `ChannelError`. */
  probe?(context: ProbeContext<never>): Promise<Peer>;
  login?(context: LoginContext<never>): AsyncIterable<LoginStep>;
  /** Ends the session on the platform's side; what is stored is removed by the caller afterwards. */
  logout?(context: ProbeContext<never>): Promise<void>;
}

/** Names of a chat that clients read from the answer of `send`. */
export interface SentFields {
  readonly toJid?: string;
  readonly channelId?: string;
}

/** Defines a channel; the functions' `context.settings` has the type that `settings` describes. */
export function defineChannel<const Properties extends TProperties>(
  definition: Omit<
    ChannelDefinition,
    "settings" | "env" | "isLinkedByLogin" | "open" | "probe" | "login" | "logout" | "missing"
  > & {
    readonly settings: Properties;
    readonly env?: Readonly<Record<string, string>>;
    readonly isLinkedByLogin?: boolean;
    missing(settings: Partial<Static<TObject<Properties>>>, state: ChannelState): string | undefined;
    open(context: ChannelContext<Static<TObject<Properties>>>): Promise<Connection>;
    probe?(context: ProbeContext<Static<TObject<Properties>>>): Promise<Peer>;
    login?(context: LoginContext<Static<TObject<Properties>>>): AsyncIterable<LoginStep>;
    logout?(context: ProbeContext<Static<TObject<Properties>>>): Promise<void>;
  },
): ChannelDefinition {
  const { settings, env = {}, isLinkedByLogin = false } = definition;
  const functions = definition as unknown as ChannelDefinition;
  return { ...functions, env, isLinkedByLogin, settings: Type.Object(settings) as unknown as TObject };
}

/** Passes the time that an answer names (RFC 9110: Date) to `heardTime`, and returns the answer unchanged. */
export function withTimeHeard<Answer extends { readonly headers: { get(name: string): string | null } }>(
  answer: Answer,
  { heardTime }: Pick<ChannelContext, "heardTime">,
): Answer {
  heardTime(Date.parse(answer.headers.get("date") ?? ""));
  return answer;
}

/** Separates the sender's own text from forwarded texts. */
export function ownAndForwarded(own: Said, forwarded: readonly Forwarded[]): Said & Pick<Content, "forwarded"> {
  return forwarded.length === 0 ? own : { ...own, forwarded };
}

/** A sender's or chat's id in the usual way: without a "telegram:" prefix, in lower case. */
export function plainPeer(channel: string, text: string): string {
  const id = text.trim().toLowerCase();
  return id.startsWith(`${channel}:`) ? id.slice(channel.length + 1).trim() : id;
}
