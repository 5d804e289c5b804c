/** Sends what people and programs ask for over channels (messages, polls, reactions, edits), and tells the result. */

import { defined } from "../../../../base/defined.ts";
import { detailOf, GatewayError, invalidRequest } from "../../../../base/errors.ts";
import type { Caller } from "../../../../kit/access.ts";
import { ChannelError } from "../../../../kit/channel.ts";
import type { OutboundMedia } from "../../../../kit/channel-message.ts";
import { accountId, type MessageRef } from "../../../../kit/party.ts";
import { type Account, toChannelError } from "../accounts/account.ts";
import { Chats } from "../accounts/account-store.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { KnownChannels, Place, Target } from "../accounts/known-channels.ts";
import type { Inbox } from "../in/inbox/inbox.ts";
import type { AccountKey } from "../in/inbox/inbox-rows.ts";
import { sessionKeyOf } from "../in/session-key.ts";
import type { OutboxEntryShape } from "../schema.ts";
import type { MessagingServices } from "../services.ts";
import { MediaOut } from "./media-out.ts";
import type { Outbox } from "./outbox/outbox.ts";
import type { OutboxRow } from "./outbox/outbox-rows.ts";
import { composeParts } from "./render.ts";
import type { Replies } from "./replies.ts";
import { SendWaiters } from "./send-waiters.ts";

type MessageTarget = Target & { readonly messageId: string };

export interface OutgoingOptions {
  readonly services: MessagingServices;
  readonly channels: KnownChannels;
  readonly accounts: Accounts;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly replies: Replies;
  ttlMs(): number;
}

const ACTION_LIMIT_MS = 20_000;
const DAY_MS = 24 * 3_600_000;

export class Outgoing implements Disposable {
  readonly #options: OutgoingOptions;
  readonly #services: MessagingServices;
  readonly #channels: KnownChannels;
  readonly #accounts: Accounts;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #media: MediaOut;
  readonly #waiters: SendWaiters;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#services = options.services;
    this.#channels = options.channels;
    this.#accounts = options.accounts;
    this.#inbox = options.inbox;
    this.#outbox = options.outbox;
    this.#media = new MediaOut(options.services);
    this.#waiters = new SendWaiters({ ...options, clock: options.services.clock });
  }

  /** Ends all waiting calls. */
  [Symbol.dispose](): void {
    this.#waiters[Symbol.dispose]();
  }

  /** The `send` method. Throws `INVALID_REQUEST` for a bad target, `UNAVAILABLE` when it was not, or not yet, sent. */
  async send(
    params: Target & {
      readonly message: string;
      readonly mediaUrl?: string;
      readonly mediaUrls?: readonly string[];
      readonly sessionKey?: string;
      readonly replyToId?: string;
      readonly silent?: boolean;
      readonly idempotencyKey: string;
      /** The conversation whose transcript has the message already. */
      readonly notKeptIn?: string;
    },
    caller: Pick<Caller, "principal">,
    signal: AbortSignal,
  ) {
    const route = this.#channels.route(this.#targetOf(params, "unsupported channel"));
    const origin = `send:${caller.principal}:${params.idempotencyKey}`;
    const urls = [...(params.mediaUrl === undefined ? [] : [params.mediaUrl]), ...(params.mediaUrls ?? [])];
    if (params.message.trim() === "" && urls.length === 0)
      throw invalidRequest("message holds nothing that can be shown");
    if (!this.#outbox.has(origin)) {
      const { limits } = this.#channels.definition(route.channel);
      const media: OutboundMedia[] = [];
      for (const url of urls) media.push(await this.#media.load(url, { maxBytes: limits.mediaBytes, signal }));
      const replyTo: MessageRef | undefined =
        params.replyToId === undefined ? undefined : this.#refOf(route, params.replyToId);
      this.#services.store.transaction(() => {
        const sessionKey = this.#mirror(params, route);
        this.#outbox.add({
          ...route,
          origin,
          part: -1,
          payload: {
            content: { kind: "markdown", markdown: params.message, ...(media.length > 0 && { media }) },
            ...(replyTo && { replyTo }),
            ...(params.silent && { silent: true }),
          },
          sessionKey,
          ttlMs: this.#options.ttlMs(),
        });
      });
    }
    return await this.#waiters.whenSent(origin, params.idempotencyKey, signal);
  }

  /** The `poll` method. Throws as `send` does. */
  async poll(
    params: Target & {
      readonly question: string;
      readonly options: readonly string[];
      readonly maxSelections?: number;
      readonly durationHours?: number;
      readonly idempotencyKey: string;
    },
    caller: Pick<Caller, "principal">,
    signal: AbortSignal,
  ) {
    const target = this.#targetOf(params, "unsupported poll channel");
    if (!this.#channels.definition(target.channel).capabilities.includes("polls"))
      throw invalidRequest(`unsupported poll channel: ${target.channel}`);
    const route = this.#channels.route(target);
    const { question, options, maxSelections = 1, durationHours, idempotencyKey } = params;
    if (maxSelections > options.length) throw invalidRequest("maxSelections must not exceed the number of options");
    const origin = `poll:${caller.principal}:${idempotencyKey}`;
    this.#outbox.add({
      ...route,
      origin,
      payload: {
        content: {
          kind: "poll",
          question,
          options: [...options],
          maxSelections,
          ...defined({ durationHours }),
        },
      },
      ttlMs: this.#options.ttlMs(),
    });
    const sent = await this.#waiters.whenSent(origin, idempotencyKey, signal);
    const { content } = this.#outbox.of(origin)[0]!.payload;
    return { ...sent, pollId: (content.kind === "poll" ? content.pollId : undefined) ?? sent.messageId };
  }

  /** Reacts to a message. Throws `INVALID_REQUEST` where the channel has no reactions. */
  async react(params: MessageTarget & { readonly emoji: string; readonly remove?: boolean }, signal: AbortSignal) {
    return await this.#act(params, "reactionOut", signal, async (connection, ref, within) => {
      await connection.react?.(ref, params.emoji, { remove: params.remove ?? false }, within);
    });
  }

  /**
   * Edits a message of the account. Throws `INVALID_REQUEST` where the channel cannot, or the message is not the
   * account's.
   */
  async edit(params: MessageTarget & { readonly message: string }, signal: AbortSignal) {
    return await this.#act(params, "editOut", signal, async (connection, ref, within, account) => {
      const { definition } = account;
      const payload = { content: { kind: "markdown", markdown: params.message } } as const;
      const [part, ...rest] = await composeParts({ payload }, account);
      if (part?.content.kind !== "part") throw new ChannelError("rejected", "message holds nothing that can be shown");
      if (rest.length > 0)
        throw new ChannelError("rejected", `the text is longer than one message of ${definition.label}`);
      await connection.edit?.({ ...ref, isOwn: true }, part.content.text, within);
    });
  }

  /** Deletes a message of the account. */
  async unsend(params: MessageTarget, signal: AbortSignal) {
    return await this.#act(params, "unsendOut", signal, async (connection, ref, within) => {
      await connection.unsend?.({ ...ref, isOwn: true }, within);
    });
  }

  /**
   * The channel for a call: the one named, else the only one in use, else WhatsApp (protocol: send). Throws
   * `INVALID_REQUEST` when there is no channel of that name.
   */
  channelOf(channel: string | undefined, problem = "unsupported channel"): string {
    const named = channel?.trim().toLowerCase();
    if (named) {
      if (!this.#channels.definitions.some(({ id }) => id === named))
        throw invalidRequest(`${problem}: ${named.slice(0, 64)}`);
      return named;
    }
    const inUse = [...new Set(this.#accounts.all().map(({ account }) => account.key.channel))];
    return inUse.length === 1 && inUse[0] ? inUse[0] : this.#channels.usual;
  }

  /** Sends a failed or doubtful message again, as new. */
  resend(id: number): OutboxEntryShape {
    const row = this.#outbox.requeue(id, this.#options.ttlMs());
    this.#accounts.find(row)?.sender.kick();
    return this.#outbox.entries.entry(row);
  }

  /** Discards a message. */
  discard(id: number): OutboxEntryShape {
    const row = this.#outbox.require(id);
    if (row.state === "sent" || row.state === "sending") throw invalidRequest(`message ${id} is ${row.state}`);
    return this.#services.store.transaction(() => {
      const ended = this.#outbox.end(id, "failed", "given up by hand");
      this.settled(ended);
      return this.#outbox.entries.entry(ended);
    });
  }

  /** Sends a text to a person, in the direct chat where they have written. */
  tell(key: AccountKey, peerId: string, markdown: string): void {
    try {
      const chat =
        this.#inbox.people.directChatOf(key, peerId) ?? this.#channels.definition(key.channel).target(peerId);
      const payload = { content: { kind: "markdown" as const, markdown } };
      this.#outbox.add({
        ...key,
        chat,
        origin: `tell:${peerId}:${this.#services.clock.now()}`,
        payload,
        ttlMs: DAY_MS,
      });
      this.#accounts.find(key)?.sender.kick();
    } catch (error) {
      this.#services.log.warn("a sender cannot be told that they were let in", { ...key, problem: detailOf(error) });
    }
  }

  /** Handles the end of a message, in the transaction that records it. */
  settled(row: OutboxRow): void {
    this.#options.replies.settled(row);
    this.#waiters.settled(row);
  }

  /** Runs an action on a message through the open link. */
  async #act(
    params: MessageTarget,
    capability: "reactionOut" | "editOut" | "unsendOut",
    signal: AbortSignal,
    act: (
      connection: NonNullable<Account["connection"]>,
      ref: MessageRef,
      signal: AbortSignal,
      account: Account,
    ) => Promise<void>,
  ): Promise<{ ok: true }> {
    const route = this.#channels.route(this.#targetOf(params, "unsupported channel"));
    const { label } = this.#channels.definition(route.channel);
    const account = this.#accounts.find(route)?.account;
    const connection = account?.connection;
    if (!account || !connection)
      throw new GatewayError("UNAVAILABLE", account?.problem?.message ?? `${label} is not connected`, {
        retryable: true,
      });
    const verb = { reactionOut: "react", editOut: "edit", unsendOut: "unsend" } as const;
    const absent = connection.absent?.[capability];
    if (absent !== undefined || !connection[verb[capability]])
      throw invalidRequest(absent ?? `${label} cannot ${verb[capability]} messages`);
    const within = AbortSignal.any([signal, AbortSignal.timeout(ACTION_LIMIT_MS)]);
    try {
      await act(connection, this.#refOf(route, params.messageId), within, account);
      return { ok: true };
    } catch (error) {
      const problem = toChannelError(error, label);
      if (problem.kind === "rejected") throw invalidRequest(problem.message);
      throw new GatewayError("UNAVAILABLE", problem.message, {
        retryable: problem.kind === "rate-limited",
        ...defined({ retryAfterMs: problem.retryAfterMs }),
      });
    }
  }

  /** The message with the platform's id that a caller names: one of the account's, or an inbound one. */
  #refOf(route: Place, id: string): MessageRef {
    const isOwn = this.#outbox.byProviderId(route, id) !== undefined;
    const senderId = isOwn ? undefined : this.#inbox.people.senderOf(route, route.chat.id, id);
    return { chat: route.chat, id, isOwn, ...defined({ senderId }) };
  }

  #targetOf({ channel, ...rest }: Target, problem: string): Target & { channel: string } {
    return { ...rest, channel: this.channelOf(channel, problem) };
  }

  /** Adds what was sent to the transcript of its conversation; returns the key. */
  #mirror(
    { sessionKey, message: text, notKeptIn }: { sessionKey?: string; message: string; notKeptIn?: string },
    route: Place,
  ): string {
    const { sessions } = this.#services;
    const key = sessionKey?.trim() ? sessions.canonical(sessionKey) : this.#keyOfTarget(route);
    if (key === notKeptIn) return key;
    const session = sessions.ensure(key);
    sessions.transcript.append(session, { role: "assistant", content: [{ type: "text", text }], stopReason: "sent" });
    return key;
  }

  #keyOfTarget({ channel, account, chat }: Place): string {
    const { agents, sessions } = this.#services;
    const known = new Chats(this.#services, { channel, account }).find(chat.id);
    const agentId = agents.defaultId;
    return sessionKeyOf({
      ...{ channel, account, agentId },
      chat: { kind: "direct", ...known, ...chat },
      sender: { id: accountId(chat.id) },
      session: sessions.settings,
      mainKey: sessions.mainKey(agentId),
      definition: this.#channels.definition(channel),
    });
  }
}
