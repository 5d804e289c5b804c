/**
 * A channel: one messaging platform, as a value. The functions of its connection show what it can do. Policy, queueing,
 * retries, splitting and the refresh of "typing" are done by messaging.
 */

import { type Static, type TObject, type TProperties, Type } from "@sinclair/typebox";
import { TellableError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/time/clock.ts";
import type { MediaRef, Outbound, Poll, Sent } from "./channel-message.ts";
import type { Chat, ChatRef, MessageRef, Peer } from "./party.ts";
import type { Reading } from "./rules.ts";
import type { Dialect, Rendered } from "./text/dialect.ts";

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

/** Bounds of the waits that platforms name, ms. After the longest one the platform is asked again. */
const SHORTEST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 3_600_000;

/** An error of a platform; the message is one sentence that says what to do. */
export class ChannelError extends TellableError {
  readonly kind: ChannelErrorKind;
  /** How long the platform wants to be left alone, within bounds; undefined when it names no time. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: ChannelErrorKind, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ChannelError";
    this.kind = kind;
    this.retryAfterMs = waitIn(options.retryAfterMs);
  }
}

/** Platforms and the proxies before them also name waits that are none: zero, negative, years, words. */
function waitIn(ms: number | undefined): number | undefined {
  return ms !== undefined && ms > 0 ? Math.min(Math.max(Math.ceil(ms), SHORTEST_WAIT_MS), LONGEST_WAIT_MS) : undefined;
}

/** The platform takes no more for now. `retryAfterMs` is its own word; where that is no time, it is `usualMs`. */
export function rateLimited(
  label: string,
  retryAfterMs: number,
  { usualMs = 1_000, how = "" }: { readonly usualMs?: number; readonly how?: string } = {},
): ChannelError {
  const waitMs = waitIn(retryAfterMs) ?? usualMs;
  const sentence = `${label} takes no more messages for ${Math.ceil(waitMs / 1000)} s${how}.`;
  return new ChannelError("rate-limited", sentence, { retryAfterMs: waitMs });
}

/**
 * The wait that an answer's Retry-After names (RFC 9110: seconds, or a date), ms; `NaN` when it names none. A date is read
 * by the clock of who answers.
 */
export function retryAfterIn({ headers }: { readonly headers: { get(name: string): string | null } }): number {
  const said = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(?:\.\d+)?$/.test(said)) return Number(said) * 1000;
  return Date.parse(said) - Date.parse(headers.get("date") ?? "");
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

/** A sender's or chat's id in the usual way: without a "telegram:" prefix, in lower case. */
export function plainPeer(channel: string, text: string): string {
  const id = text.trim().toLowerCase();
  return id.startsWith(`${channel}:`) ? id.slice(channel.length + 1).trim() : id;
}
