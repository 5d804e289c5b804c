/** Messages by way of `imsg rpc`: a child process on this Mac, or on another one over ssh. */

import { ignore, messageOf } from "../../../base/errors.ts";
import type { Log } from "../../../base/log.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { within } from "../../../base/time/deadline.ts";
import {
  type Capability,
  type ChannelContext,
  ChannelError,
  type Connection,
  type ProbeContext,
  type StateChanges,
} from "../../../kit/channel.ts";
import type { MediaRef, Outbound, Sent } from "../../../kit/channel-message.ts";
import type { Peer } from "../../../kit/party.ts";
import { chatGuidKey, chatIdOf, handleOf, partsOf, servedHandle } from "../addresses.ts";
import { CLAIMED_KEY, type Echo, Echoes, type Expected, readClaimed, SETTLE_MS, SKEW_MS } from "../echoes.ts";
import { openAttachment } from "./attachments.ts";
import { Cursor } from "./cursor.ts";
import { type ImsgMessage, type Reader, readMessage, rowOf, SELF } from "./inbound.ts";
import { refusedSend } from "./problems.ts";
import { ImsgRefusal, Program } from "./program.ts";

/** The settings of an account with this backend. */
export interface ImsgSettings {
  readonly cliPath?: string;
  readonly remoteHost?: string;
  readonly attachmentsRoot?: string;
  readonly mentionName?: string;
}

/** How long a send waits to learn its id. */
const ECHO_MS = 3_000;
/** The first answer may have to wait for a Mac to wake up. */
const START_MS = 30_000;

const NOT_IN_IMSG = "imsg cannot do this; BlueBubbles can (channels.imessage.backend).";
const ABSENT: Partial<Record<Capability, string>> = {
  reply: "imsg sends no replies to a certain message; BlueBubbles does (channels.imessage.backend).",
  voice: "imsg sends recordings as files; BlueBubbles sends voice messages (channels.imessage.backend).",
  reactionOut: NOT_IN_IMSG,
  editIn: "imsg does not tell of edits; BlueBubbles does (channels.imessage.backend).",
  editOut: NOT_IN_IMSG,
  unsendIn: "imsg does not tell of messages taken back; BlueBubbles does (channels.imessage.backend).",
  unsendOut: NOT_IN_IMSG,
  typing: NOT_IN_IMSG,
  readReceipts: NOT_IN_IMSG,
};

const NO_FILES_OVER_SSH =
  "Files cannot be sent by a Mac that is reached over ssh; BlueBubbles can (channels.imessage.backend).";

/** Starts the program and takes in what has come meanwhile. Throws `ChannelError`. */
export async function connect(context: ChannelContext<ImsgSettings>): Promise<Connection> {
  const connection = new ImsgConnection(context);
  try {
    await connection.watch();
    return connection;
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error instanceof ImsgRefusal ? startRefusal(error) : error;
  }
}

/** Whether the program runs and may read the messages. Throws `ChannelError`. */
export async function probe(context: ProbeContext<ImsgSettings>): Promise<Peer> {
  await using program = programOf(context, () => {});
  const limit = AbortSignal.any([context.signal, AbortSignal.timeout(START_MS)]);
  await answered(program, program.call("chats.list", { limit: 1 }, limit)).catch((error: unknown) => {
    throw error instanceof ImsgRefusal ? startRefusal(error) : error;
  });
  return SELF;
}

function programOf(
  {
    settings,
    env,
    folder,
    clock,
    log,
  }: { settings: ImsgSettings; env: ProbeContext["env"]; folder: string; clock: Clock; log: Log },
  told: (method: string, params: unknown) => void,
): Program {
  const { cliPath = "imsg", remoteHost } = settings;
  return new Program({ cliPath, remoteHost, env, cwd: folder, clock, log, told });
}

/** The answer, or why the program has ended: that says more than that there is no answer. */
async function answered<T>(program: Program, answer: Promise<T>): Promise<T> {
  const ended = program.closed.then((problem) => Promise.reject(problem));
  return await Promise.race([ended, answer]);
}

function startRefusal({ message }: ImsgRefusal): ChannelError {
  return new ChannelError("unavailable", `imsg cannot read the messages: ${message.slice(0, 200)}.`);
}

class ImsgConnection implements Connection {
  readonly self = SELF;
  readonly absent: Partial<Record<Capability, string>>;
  readonly closed: Promise<ChannelError>;
  readonly #context: ChannelContext<ImsgSettings>;
  readonly #program: Program;
  readonly #cursor: Cursor;
  readonly #echoes: Echoes;
  /** Sends that nobody waits for any more, by the client's id. */
  readonly #unanswered = new Map<string, Promise<unknown>>();
  readonly #failed = Promise.withResolvers<ChannelError>();
  readonly #abort: () => void;
  #isOver = false;

  constructor(context: ChannelContext<ImsgSettings>) {
    const { state, clock, signal } = context;
    this.#context = context;
    this.absent = context.settings.remoteHost === undefined ? ABSENT : { ...ABSENT, mediaOut: NO_FILES_OVER_SSH };
    this.#cursor = new Cursor(state);
    this.#echoes = new Echoes(clock, readClaimed(state.get(CLAIMED_KEY)), (claimed) =>
      state.write({ [CLAIMED_KEY]: JSON.stringify(claimed) }),
    );
    this.#program = programOf(context, (method, params) => this.#told(method, params));
    this.closed = Promise.race([this.#program.closed, this.#failed.promise]);
    this.#abort = () => void this[Symbol.asyncDispose]();
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  /** Asks for everything after the last message that was taken in. */
  async watch(): Promise<void> {
    const { log, signal } = this.#context;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(START_MS)]);
    const call = (method: string, params: Readonly<Record<string, unknown>>) =>
      answered(this.#program, this.#program.call(method, params, limit));
    const { missed, sinceRow } = await this.#cursor.begin(call, this.#reader());
    if (missed.length > 0)
      log.info("messages were numbered anew; those missed are taken by their time", { messages: missed.length });
    for (const message of missed) this.#receive(message);
    await call("watch.subscribe", {
      since_rowid: sinceRow,
      attachments: true,
      participants: true,
      include_reactions: true,
    });
  }

  async send(message: Outbound, signal: AbortSignal): Promise<Sent> {
    const { chat, text, media, clientId } = message;
    const expected = expectedOf(message);
    using echo = this.#echoes.expect(expected);
    const content = { ...(text.text !== "" && { text: text.text }), ...(media && { file: media.path }) };
    const answer = await this.#send({ ...this.#address(chat.id), ...content }, message, signal);
    const told = answer as { guid?: unknown } | null;
    if (typeof told?.guid === "string") {
      this.#echoes.claim(told.guid);
      return { id: told.guid };
    }
    return { id: (await echo.found(ECHO_MS)) ?? `sent:${clientId}` };
  }

  async findSent(message: Outbound, signal: AbortSignal): Promise<Sent | "absent" | "unknown"> {
    const { clock } = this.#context;
    const expected = expectedOf(message);
    const answer = this.#unanswered.get(message.clientId);
    if (answer) await orLate(answer, signal).catch((error: unknown) => ignore(error, "looked for all the same"));
    if (this.#unanswered.has(message.clientId)) return "unknown";
    const giveUpAt = clock.monotonic() + SETTLE_MS;
    for (;;) {
      const own = await this.#ownMessages(message, signal);
      if (own === undefined) return "unknown";
      const guid = this.#echoes.find(expected, own);
      if (guid !== undefined) return { id: guid };
      if (clock.monotonic() >= giveUpAt) return "absent";
      await clock.sleep(500, signal);
    }
  }

  async fetchMedia({ ref }: MediaRef, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { settings, env } = this.#context;
    const { attachmentsRoot: root = "~/Library/Messages/Attachments", remoteHost } = settings;
    return openAttachment(ref, { root, remoteHost, env }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#context.signal.removeEventListener("abort", this.#abort);
    await this.#program[Symbol.asyncDispose]();
  }

  async #send(params: Readonly<Record<string, unknown>>, message: Outbound, signal: AbortSignal): Promise<unknown> {
    if (this.#context.settings.remoteHost !== undefined && params.file !== undefined)
      throw new ChannelError("rejected", NO_FILES_OVER_SSH);
    // Not with the signal: an answer that comes late still tells what became of the message.
    const answer = this.#program.call("send", params);
    this.#unanswered.set(message.clientId, answer);
    const forget = () => void this.#unanswered.delete(message.clientId);
    answer.then(forget, forget);
    try {
      return await orLate(answer, signal);
    } catch (error) {
      if (!(error instanceof ImsgRefusal)) throw error;
      this.#context.log.warn("imsg refused a message", { why: error.message });
      throw refusedSend(error.message, message.chat.id);
    }
  }

  /** How `imsg` names a conversation. A person is written to by the service that they have written by. */
  #address(chatId: string): Readonly<Record<string, unknown>> {
    const [, row] = /^chat_id:(\d+)$/.exec(chatId) ?? [];
    if (row) return { chat_id: Number(row) };
    if (partsOf(chatId)) return { chat_guid: chatId };
    const { service, handle } = servedHandle(chatId);
    const kept = partsOf(this.#context.state.get(chatGuidKey(chatId)) ?? "")?.service.toLowerCase();
    return { to: handle, service: service === "sms" || kept === "sms" ? "sms" : "auto" };
  }

  /** What the account has sent to a conversation since a message was queued; undefined when that cannot be told. */
  async #ownMessages({ chat, queuedAt }: Outbound, signal: AbortSignal): Promise<Echo[] | undefined> {
    const row = await this.#rowOfChat(chat.id, signal);
    if (row === undefined) return [];
    const start = new Date(queuedAt - SKEW_MS).toISOString();
    const answer = await this.#program
      .call("messages.history", { chat_id: row, limit: 200, start, attachments: true }, signal)
      .catch((error: unknown) => ignore(error, "it stays in doubt"));
    const { messages } = (answer ?? {}) as { messages?: unknown };
    if (!Array.isArray(messages)) return undefined;
    return messages
      .map((message) => readMessage(message, { now: queuedAt }))
      .filter((message) => message?.inbound.fromSelf && message.inbound.at >= queuedAt - SKEW_MS)
      .map((message) => ({ ...(message as ImsgMessage).echo, chatIds: [chat.id] }));
  }

  async #rowOfChat(chatId: string, signal: AbortSignal): Promise<number | undefined> {
    const [, row] = /^chat_id:(\d+)$/.exec(chatId) ?? [];
    if (row) return Number(row);
    const { chats } = (await this.#program.call("chats.list", { limit: 1000 }, signal)) as {
      chats: { id: number; guid?: string; identifier?: string }[];
    };
    return chats.find(({ guid = "", identifier = "" }) => chatIdOf(guid) === chatId || handleOf(identifier) === chatId)
      ?.id;
  }

  #told(method: string, params: unknown): void {
    const { log } = this.#context;
    if (this.#isOver) return;
    if (method !== "message") return log.debug("imsg told of something unknown", { method });
    const value = (params as { message?: unknown } | null)?.message;
    const message = readMessage(value, this.#reader());
    if (message) return this.#receive(message);
    log.warn("imsg told of a message that cannot be read", { row: rowOf(value) });
  }

  #receive(message: ImsgMessage): void {
    const { inbound, echo, rowid } = message;
    const { fromSelf, chat } = inbound;
    const isOwn = fromSelf || (chat.kind === "direct" && this.#echoes.isCopy(echo));
    try {
      void this.#context.receive([{ ...inbound, fromSelf: isOwn }], {
        ...this.#cursor.past(rowid, Math.min(inbound.at, this.#reader().now)),
        ...this.#forgottenService(message),
      });
    } catch (error) {
      this.#isOver = true;
      this.#failed.resolve(
        new ChannelError("unavailable", `A message could not be kept: ${messageOf(error)}.`, { cause: error }),
      );
      return;
    }
    // After it is in the inbox, so that whoever waits for the id finds it there.
    if (fromSelf && inbound.kind === "message") this.#echoes.sent(echo);
  }

  #reader(): Reader {
    const { clock, settings, ownMessage } = this.#context;
    const isOwn = (guid: string) => this.#echoes.isOwn(guid) || ownMessage(guid) !== undefined;
    return { now: clock.now(), mentionName: settings.mentionName, isOwn };
  }

  /** Somebody who was once written to by SMS writes by iMessage now. */
  #forgottenService({ inbound: { chat } }: ImsgMessage): StateChanges {
    const key = chatGuidKey(chat.id);
    return this.#context.state.get(key) === undefined ? {} : { [key]: undefined };
  }
}

/** The answer; or, when the signal aborts first, that it is not known. */
async function orLate<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await within(answer, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new ChannelError("unknown", "imsg did not answer in time; the message may have been sent.");
  }
}

function expectedOf({ chat, text, media }: Outbound): Expected {
  return { chatId: chat.id, text: text.text, hasFile: media !== undefined };
}
