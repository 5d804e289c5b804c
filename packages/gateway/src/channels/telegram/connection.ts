/** The link to Telegram: the one place where the client library is loaded. */
import { createReadStream } from "node:fs";
import type { Message, Update } from "grammy/types";
import { Api, InputFile } from "grammy/web";
import { ignore, TellableError } from "../../base/errors.ts";
import type { ChannelContext, ChannelError, Connection, ProbeContext } from "../../kit/channel.ts";
import type { MediaRef, Outbound, Poll, Sent } from "../../kit/channel-message.ts";
import { accountId, type ChatRef, chosenName, type MessageRef, type Peer } from "../../kit/party.ts";
import type { Rendered } from "../../kit/text/dialect.ts";
import { linkError, refusalOf, sendError } from "./errors.ts";
import { movedKey } from "./inbound.ts";
import { methodFor, openFile, sendFile } from "./media.ts";
import { movedStateKey, poll } from "./poll.ts";
import { telegramReaction } from "./reactions.ts";
import { forApi, nodeFetch } from "./transport.ts";

/** The settings of an account. */
interface Settings {
  readonly botToken?: string;
  readonly apiRoot?: string;
  readonly pollSeconds?: number;
  readonly linkPreviews?: boolean;
}

/** Longer than an upload of the largest file takes on a slow line. */
const CALL_LIMIT_SECONDS = 300;

/** Connects and begins to poll. Throws `ChannelError`. */
export async function connect(context: ChannelContext<Settings>): Promise<Connection> {
  const api = apiOf(context.settings, context);
  const { signal, log } = context;
  const me = await identify(api, signal);
  await api.deleteWebhook(undefined, forApi(signal)).catch((error: unknown) => {
    throw linkError(error);
  });
  if (!me.can_read_all_group_messages)
    log.info("telegram privacy mode is on: in groups the bot sees commands, mentions and answers to it only");
  const commands = context.commands
    .filter(({ name }) => /^[a-z0-9_]{1,32}$/.test(name))
    .map(({ name, summary }) => ({ command: name, description: summary.slice(0, 256) || name }));
  // Without the menu everything else still works.
  await api
    .setMyCommands(commands, undefined, forApi(signal))
    .catch((error: unknown) => log.warn("telegram did not take the command menu", { why: linkError(error).message }));
  return new TelegramConnection(api, context, me, new Set(commands.map(({ command }) => command)));
}

/** Who the token belongs to. Throws `ChannelError`. */
export async function probe({ settings, signal }: ProbeContext<Settings>): Promise<Peer> {
  return peerOf(await identify(apiOf(settings), signal));
}

async function identify(api: Api, signal: AbortSignal): ReturnType<Api["getMe"]> {
  return await api.getMe(forApi(signal)).catch((error: unknown) => {
    throw linkError(error);
  });
}

function apiOf(settings: Settings, timeListener?: Pick<ChannelContext, "heardTime">): Api {
  const options = { apiRoot: rootOf(settings), timeoutSeconds: CALL_LIMIT_SECONDS, fetch: nodeFetch(timeListener) };
  return new Api(settings.botToken ?? "", options);
}

function rootOf({ apiRoot = "https://api.telegram.org" }: Settings): string {
  return apiRoot.replace(/\/+$/, "");
}

function peerOf(me: Awaited<ReturnType<Api["getMe"]>>): Peer {
  return {
    id: accountId(String(me.id)),
    name: chosenName(me.first_name),
    username: chosenName(me.username),
    isBot: true,
  };
}

class TelegramConnection implements Connection {
  readonly self: Peer;
  readonly closed: Promise<ChannelError>;
  readonly absent = {
    business:
      "Messages to a business account that the bot is connected to are not read; people write to the bot itself.",
  };
  readonly #api: Api;
  readonly #context: ChannelContext<Settings>;
  readonly #end = new AbortController();

  constructor(
    api: Api,
    context: ChannelContext<Settings>,
    me: Awaited<ReturnType<Api["getMe"]>>,
    commands: ReadonlySet<string>,
  ) {
    this.self = peerOf(me);
    this.#api = api;
    this.#context = context;
    this.closed = poll({
      api,
      context,
      reader: { id: me.id, username: me.username, commands },
      pollSeconds: context.settings.pollSeconds ?? 30,
      signal: AbortSignal.any([context.signal, this.#end.signal]),
      committed: (updates) => this.#answerPresses(updates),
    });
  }

  async send(message: Outbound, signal: AbortSignal): Promise<Sent> {
    const { chat, text, media, silent, buttons } = message;
    const common = {
      ...topic(chat),
      ...reply(message.replyTo),
      ...(silent && { disable_notification: true }),
      ...(buttons?.length && { reply_markup: { inline_keyboard: buttons.map((row) => row.map(inlineButton)) } }),
    };
    return this.#toChat(chat.id, async (chatId) => {
      if (!media) return this.#api.sendMessage(chatId, text.text, { ...this.#shown(text), ...common }, forApi(signal));
      const caption = text.text === "" ? {} : { caption: text.text, ...markup(text) };
      const file = () => new InputFile(bytesOf(media.path), media.fileName);
      const method = methodFor(media, text.text !== "");
      return sendFile(this.#api, { chatId, method, file, options: { ...caption, ...common } }, signal);
    });
  }

  /** How a text is shown. A preview would have Telegram fetch whatever address the model wrote. */
  #shown(text: Rendered) {
    const { linkPreviews = false } = this.#context.settings;
    return { ...markup(text), ...(!linkPreviews && { link_preview_options: { is_disabled: true } }) };
  }

  async edit(target: MessageRef, text: Rendered, signal: AbortSignal): Promise<void> {
    const chatId = this.#newest(target.chat.id);
    const id = Number(target.id);
    try {
      await this.#api.editMessageText(chatId, id, text.text, this.#shown(text), forApi(signal));
    } catch (error) {
      const description = refusalOf(error)?.description ?? "";
      if (/message is not modified/i.test(description)) return;
      if (!/no text in the message/i.test(description)) throw sendError(error, chatId);
      await this.#api
        .editMessageCaption(chatId, id, { caption: text.text, ...markup(text) }, forApi(signal))
        .catch((failure: unknown) => {
          throw sendError(failure, chatId);
        });
    }
  }

  async unsend(target: MessageRef, signal: AbortSignal): Promise<void> {
    const chatId = this.#newest(target.chat.id);
    await this.#api.deleteMessage(chatId, Number(target.id), forApi(signal)).catch((error: unknown) => {
      if (/message to delete not found/i.test(refusalOf(error)?.description ?? "")) return;
      throw sendError(error, chatId);
    });
  }

  async react(target: MessageRef, emoji: string, { remove }: { remove: boolean }, signal: AbortSignal): Promise<void> {
    const chatId = this.#newest(target.chat.id);
    const reaction = remove ? [] : [{ type: "emoji" as const, emoji: telegramReaction(emoji) as "👍" }];
    await this.#api
      .setMessageReaction(chatId, Number(target.id), reaction, undefined, forApi(signal))
      .catch((error: unknown) => {
        throw sendError(error, chatId);
      });
  }

  /** Telegram ends "typing" by itself, after 5 s or with the next message. */
  async typing(chat: ChatRef, isTyping: boolean): Promise<void> {
    if (!isTyping) return;
    await this.#api
      .sendChatAction(this.#newest(chat.id), "typing", topic(chat), forApi(this.#end.signal))
      .catch((error: unknown) => ignore(error, "the next one is due in a moment"));
  }

  /** Telegram closes polls after ten minutes at most, so `durationHours` has no equal: the poll stays open. */
  async poll(poll: Poll, signal: AbortSignal): Promise<Sent> {
    const options = { ...topic(poll.chat), ...(poll.maxSelections > 1 && { allows_multiple_answers: true }) };
    const answers = poll.options.map((text) => ({ text }));
    return this.#toChat(poll.chat.id, async (chatId) =>
      this.#api.sendPoll(chatId, poll.question, answers, options, forApi(signal)),
    );
  }

  async fetchMedia(media: MediaRef, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { settings } = this.#context;
    const address = (path: string) => `${rootOf(settings)}/file/bot${settings.botToken}/${path}`;
    return openFile(this.#api, media.ref, address, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new TellableError("the connection was closed"));
    await this.closed;
  }

  /** Sends something to a chat; when the chat has become a supergroup, takes note of its new id and sends it there. */
  async #toChat(chatId: string, call: (chatId: string) => Promise<Message>): Promise<Sent> {
    const target = this.#newest(chatId);
    try {
      return sentOf(await call(target), chatId);
    } catch (error) {
      const movedTo = refusalOf(error)?.parameters.migrate_to_chat_id;
      if (movedTo === undefined) throw sendError(error, target);
      this.#takeNoteOfMove(target, String(movedTo));
    }
    const newest = this.#newest(target);
    return sentOf(
      await call(newest).catch((error: unknown) => {
        throw sendError(error, newest);
      }),
      chatId,
    );
  }

  #takeNoteOfMove(fromId: string, toChatId: string): void {
    const { clock } = this.#context;
    const chat = { id: fromId, kind: "group" } as const;
    const moved = { kind: "moved", keys: [movedKey(fromId, toChatId)], at: clock.now(), chat, toChatId } as const;
    void this.#context.receive([{ ...moved, sender: this.self, messageId: `moved:${toChatId}`, fromSelf: true }], {
      [movedStateKey(fromId)]: toChatId,
    });
  }

  #newest(chatId: string): string {
    return this.#context.state.get(movedStateKey(chatId)) ?? chatId;
  }

  /** The app shows a pressed button as busy until the press is answered. */
  #answerPresses(updates: readonly Update[]): void {
    for (const { callback_query } of updates) {
      if (!callback_query?.id) continue;
      this.#api
        .answerCallbackQuery(callback_query.id, undefined, forApi(this.#end.signal))
        .catch((error: unknown) => ignore(error, "the app stops waiting by itself"));
    }
  }
}

function sentOf(message: Message, target: string): Sent {
  const chatId = String(message.chat.id);
  return {
    id: String(message.message_id),
    ...(message.poll && { pollId: message.poll.id }),
    ...(chatId !== target && { chatId }),
  };
}

/** Text that is the same without marks needs no parser, and cannot be refused by one. */
function markup({ text, plain }: Rendered): { parse_mode?: "HTML" } {
  return text === plain ? {} : { parse_mode: "HTML" };
}

/** The General topic has the id 1 and must not be named. */
function topic({ threadId }: ChatRef): { message_thread_id?: number } {
  return threadId === undefined || threadId === "1" ? {} : { message_thread_id: Number(threadId) };
}

function reply(target: MessageRef | undefined) {
  if (!target) return {};
  return { reply_parameters: { message_id: Number(target.id), allow_sending_without_reply: true } };
}

function inlineButton({ label, data }: { label: string; data: string }) {
  return { text: label, callback_data: data };
}

/** Opened when the first byte is wanted: a request that is never made holds no file open. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}
