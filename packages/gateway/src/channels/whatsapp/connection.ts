/** A linked WhatsApp session, over Baileys. */
import type { AnyMessageContent, BinaryNode, WAMessage, WAMessageKey } from "@whiskeysockets/baileys";
import { type ChannelContext, ChannelError, type Connection } from "../../kit/channel.ts";
import type { MediaRef, Outbound, Poll, Sent } from "../../kit/channel-message.ts";
import { type ChatRef, chosenName, type MessageRef, type Peer } from "../../kit/party.ts";
import type { Rendered } from "../../kit/text/dialect.ts";
import { Acks } from "./acks.ts";
import { addressOf, isGroup } from "./addresses.ts";
import { credentialChanges, keyStore, storedCredentials } from "./credentials.ts";
import { Encryption } from "./encryption.ts";
import { closeReason, isRestartRequired, notLinked, sendProblem } from "./errors.ts";
import { Intake } from "./intake.ts";
import { type Baileys, loadBaileys } from "./library.ts";
import { openMedia } from "./media.ts";
import { contentsOf, messageIdOf, textContent, textIdOf } from "./outbound.ts";
import { People } from "./people.ts";
import { lockSession } from "./session-lock.ts";
import { Socket } from "./socket.ts";

/** An account's settings, as this file uses them. */
export interface WhatsAppSettings {
  readonly selfChatMode?: boolean | undefined;
  readonly sendReadReceipts?: boolean | undefined;
  readonly waWebSocketUrl?: string | undefined;
}

export type Context = ChannelContext<WhatsAppSettings>;
type Credentials = NonNullable<ReturnType<typeof storedCredentials>>;

/** How often the service may ask for a new link before one opens. */
const RESTARTS = 3;

/** Connects with the stored credentials; see `ChannelDefinition.open`. */
export async function connect(context: Context): Promise<Connection> {
  const library = await loadBaileys();
  const credentials = storedCredentials(library, context.state);
  if (!credentials?.me) throw notLinked();
  const lock = lockSession(credentials.me.id);
  try {
    for (let restarts = 0; ; restarts++) {
      const connection = new WhatsAppConnection(library, context, credentials);
      const problem = await connection.opened;
      if (problem === undefined) {
        void connection.closed.then(() => lock[Symbol.dispose]());
        return connection;
      }
      if (restarts === RESTARTS || !isRestartRequired(problem)) throw closeReason(problem);
    }
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

class WhatsAppConnection implements Connection {
  readonly closed: Promise<ChannelError>;
  /** Resolves with undefined when messages flow, or with why they never will. */
  readonly opened: Promise<unknown>;
  readonly #library: Baileys;
  readonly #context: Context;
  readonly #credentials: Credentials;
  readonly #people: People;
  readonly #socket: Socket;
  readonly #acks: Acks;
  readonly #intake: Intake;
  readonly #typingIn = new Set<string>();

  constructor(library: Baileys, context: Context, credentials: Credentials) {
    this.#library = library;
    this.#context = context;
    this.#credentials = credentials;
    this.#acks = new Acks(context.clock);
    const { id = "", lid = "" } = credentials.me ?? {};
    this.#people = new People(context.state, [id, lid].filter(Boolean), (address) =>
      this.#socket.library.signalRepository.lidMapping.getPNForLID(address),
    );
    this.#intake = new Intake({ library, context, people: this.#people, socket: () => this.#socket });
    const sessions = new Encryption(library, { id, lid }, (message) => this.#intake.read(message));
    const { state, log, clock, settings, signal } = context;
    const keys = keyStore(library, { get: (key) => state.get(key), commit: (...all) => this.#intake.commit(...all) });
    this.#socket = new Socket({
      library,
      log,
      clock,
      signal,
      url: settings.waWebSocketUrl,
      auth: { creds: credentials, keys },
      config: {
        makeSignalRepository: sessions.makeRepository,
        // Somebody could not open what we sent, and asks for it again.
        getMessage: async ({ id: own }) => {
          const sent = own ? context.ownMessage(own) : undefined;
          return sent && { conversation: sent.text };
        },
      },
    });
    this.closed = this.#socket.closed.then((error) => {
      this.#acks.end();
      return closeReason(error);
    });
    this.opened = this.#listen(sessions);
  }

  get self(): Peer {
    const name = this.#credentials.me?.name;
    return { ...this.#people.self, ...(name && { name: chosenName(name) }) };
  }

  async send(message: Outbound, signal: AbortSignal): Promise<Sent> {
    const id = messageIdOf(message.clientId);
    const [content, after] = contentsOf(message);
    if (!content) throw new ChannelError("rejected", "The message is empty.");
    const quoted = message.replyTo && (await this.#quoted(message.replyTo));
    await this.#deliver(message.chat, content, { messageId: id, ...(quoted && { quoted }) }, signal);
    if (after) await this.#deliver(message.chat, after, { messageId: textIdOf(message.clientId) }, signal);
    return { id };
  }

  async poll({ clientId, chat, question, options, maxSelections }: Poll, signal: AbortSignal): Promise<Sent> {
    const id = messageIdOf(clientId);
    const selectableCount = Math.min(Math.max(1, maxSelections), options.length);
    const poll = { name: question, values: [...options], selectableCount };
    await this.#deliver(chat, { poll }, { messageId: id }, signal);
    return { id, pollId: id };
  }

  async edit(target: MessageRef, text: Rendered, signal: AbortSignal): Promise<void> {
    const edit = await this.#keyOf(target);
    const content = { ...textContent(text.text), edit } as AnyMessageContent;
    await this.#deliver(target.chat, content, { messageId: this.#newId() }, signal);
  }

  async unsend(target: MessageRef, signal: AbortSignal): Promise<void> {
    await this.#deliver(target.chat, { delete: await this.#keyOf(target) }, { messageId: this.#newId() }, signal);
  }

  async react(target: MessageRef, emoji: string, { remove }: { remove: boolean }, signal: AbortSignal): Promise<void> {
    const react = { text: remove ? "" : emoji, key: await this.#keyOf(target) };
    await this.#deliver(target.chat, { react }, { messageId: this.#newId() }, signal);
  }

  async typing(chat: ChatRef, isTyping: boolean): Promise<void> {
    const { library } = this.#socket;
    // Typing is shown of somebody who is there; we are, as long as we type.
    if (isTyping && this.#typingIn.size === 0) await library.sendPresenceUpdate("available");
    if (isTyping) this.#typingIn.add(chat.id);
    else this.#typingIn.delete(chat.id);
    await library.sendPresenceUpdate(isTyping ? "composing" : "paused", chat.id);
    if (!isTyping && this.#typingIn.size === 0) await library.sendPresenceUpdate("unavailable");
  }

  async markRead(messages: readonly MessageRef[]): Promise<void> {
    const { sendReadReceipts = true, selfChatMode = false } = this.#context.settings;
    if (!sendReadReceipts) return;
    const shown = messages.filter(({ chat }) => !selfChatMode || this.#people.isSelf(chat.id));
    const keys = await Promise.all(shown.map((message) => this.#keyOf(message)));
    if (keys.length > 0) await this.#socket.library.readMessages(keys);
  }

  async fetchMedia(media: MediaRef, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { library } = this.#socket;
    try {
      await library.refreshMediaConn(false);
    } catch (error) {
      throw sendProblem(error);
    }
    return await openMedia(media, library.getMediaHost(), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.end();
    await this.closed;
    await this.#socket.gone();
  }

  /** Hangs our listeners on the library's; those that must come first are put before its own. */
  #listen(sessions: Encryption): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const { library: socket } = this.#socket;
    const { state } = this.#context;
    socket.ws.prependListener("CB:message", (stanza: BinaryNode) => {
      sessions.expect(stanza);
      void this.#intake.takeWithheld(sessions, stanza);
    });
    socket.ws.prependListener("CB:notification", (stanza: BinaryNode) => void this.#intake.takeNews(stanza));
    // The server greets with its own time, in seconds.
    socket.ws.on("CB:success", ({ attrs }: BinaryNode) => this.#context.heardTime(Number(attrs.t) * 1000));
    socket.ws.on("CB:ack,class:message", (stanza: BinaryNode) => this.#acks.take(stanza));
    socket.ev.on("creds.update", () => {
      // The library has put the change into the credentials already.
      this.#intake.guarded(() => state.write(credentialChanges(this.#library, state, this.#credentials)));
    });
    socket.ev.on("messages.upsert", ({ messages, requestId }) => {
      // What was opened here is taken in already; only what the phone was asked for comes opened.
      if (requestId) for (const message of messages) void this.#intake.takeOpened(message);
    });
    socket.ev.on("connection.update", ({ connection }) => {
      if (connection === "open") resolve(undefined);
    });
    void this.#socket.closed.then((error) => resolve(error ?? new Error("closed")));
    void promise.then((problem) => (problem === undefined ? this.#intake.learnTitles() : undefined));
    return promise;
  }

  #newId(): string {
    return this.#library.generateMessageIDV2(this.#credentials.me?.id);
  }

  /** A message as the service names it; in groups people are named by their LIDs where they have one. */
  async #keyOf({ chat, id, senderId, isOwn = false }: MessageRef): Promise<WAMessageKey> {
    const key = { remoteJid: chat.id, id, fromMe: isOwn };
    if (isOwn || !senderId || !isGroup(chat.id)) return key;
    const address = addressOf(senderId);
    const lid = await this.#socket.library.signalRepository.lidMapping.getLIDForPN(address);
    return { ...key, participant: lid ?? address };
  }

  async #quoted(target: MessageRef): Promise<WAMessage> {
    const text = target.isOwn ? this.#context.ownMessage(target.id)?.text : this.#intake.textOf(target.id);
    return { key: await this.#keyOf(target), message: { conversation: text ?? "" } };
  }

  /** Sends and waits until the service has taken it. */
  async #deliver(
    chat: ChatRef,
    content: AnyMessageContent,
    options: { readonly messageId: string; readonly quoted?: WAMessage },
    signal: AbortSignal,
  ): Promise<void> {
    const { messageId } = options;
    if (this.#socket.isEnded) throw new ChannelError("not-sent", "WhatsApp is not connected.");
    this.#acks.expect(messageId);
    try {
      await this.#socket.library.sendMessage(chat.id, content, options);
    } catch (error) {
      this.#acks.forget(messageId);
      throw sendProblem(error);
    }
    await this.#acks.answerTo(messageId, signal);
  }
}
