/** A linked WhatsApp session, over Baileys. */
import type { AnyMessageContent, BinaryNode, WAMessage, WAMessageKey } from "@whiskeysockets/baileys";
import { detailOf, ignore, messageOf } from "../../base/errors.ts";
import { type ChannelContext, ChannelError, type Connection, type StateChanges } from "../../kit/channel.ts";
import type { Inbound, MediaRef, Outbound, Poll, Sent } from "../../kit/channel-message.ts";
import { type ChatRef, chosenName, type MessageRef, type Peer } from "../../kit/party.ts";
import { inboundIn, type Reading } from "../../kit/rules.ts";
import type { Rendered } from "../../kit/text/dialect.ts";
import { Acks } from "./acks.ts";
import { addressOf, isGroup } from "./addresses.ts";
import { credentialChanges, keyStore, storedCredentials } from "./credentials.ts";
import { Encryption } from "./encryption.ts";
import { closeReason, isRestartRequired, notLinked, sendProblem } from "./errors.ts";
import { readGroupNews } from "./groups.ts";
import { readMessage, unreadable, withheld } from "./inbound.ts";
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

type Context = ChannelContext<WhatsAppSettings>;
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

/** Kinds of messages that no linked device gets, also when it asks (the library: handleMessage, "unavailable"). */
function isForPhone(kind: string): boolean {
  return kind.startsWith("view_once") || kind === "bot_unavailable_fanout" || kind === "hosted_unavailable_fanout";
}

/** Texts of the newest messages, to show above an answer that quotes one. */
const RECENT_TEXTS = 500;

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
  readonly #texts = new Map<string, string>();
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
    const sessions = new Encryption(library, { id, lid }, (message) => this.#read(message));
    const { state, log, clock, settings, signal } = context;
    const keys = keyStore(library, { get: (key) => state.get(key), commit: (...all) => this.#commit(...all) });
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
      void this.#takeWithheld(sessions, stanza);
    });
    socket.ws.prependListener("CB:notification", (stanza: BinaryNode) => void this.#takeNews(stanza));
    // The server greets with its own time, in seconds.
    socket.ws.on("CB:success", ({ attrs }: BinaryNode) => this.#context.heardTime(Number(attrs.t) * 1000));
    socket.ws.on("CB:ack,class:message", (stanza: BinaryNode) => this.#acks.take(stanza));
    socket.ev.on("creds.update", () => {
      // The library has put the change into the credentials already.
      this.#guarded(() => state.write(credentialChanges(this.#library, state, this.#credentials)));
    });
    socket.ev.on("messages.upsert", ({ messages, requestId }) => {
      // What was opened here is taken in already; only what the phone was asked for comes opened.
      if (requestId) for (const message of messages) void this.#takeOpened(message);
    });
    socket.ev.on("connection.update", ({ connection }) => {
      if (connection === "open") resolve(undefined);
    });
    void this.#socket.closed.then((error) => resolve(error ?? new Error("closed")));
    void promise.then((problem) => (problem === undefined ? this.#learnTitles() : undefined));
    return promise;
  }

  /** Writes what a transaction of the library has changed. When the disk refuses, the link ends: nothing is receipted. */
  #commit(changes: StateChanges, inbound: readonly Inbound[]): Promise<void> {
    if (this.#socket.isEnded) throw new Error("the connection has ended");
    return this.#guarded(() => {
      if (inbound.length > 0) return this.#context.receive(inbound, changes);
      this.#context.state.write(changes);
      return Promise.resolve();
    });
  }

  #guarded<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      const why = `What WhatsApp delivers cannot be stored (${messageOf(error)}); once it can, it is delivered again.`;
      this.#socket.end(new ChannelError("unavailable", why, { cause: error }));
      throw error;
    }
  }

  /** What an opened message says; one that cannot be told is reported as such. */
  async #read(message: WAMessage): Promise<Reading> {
    const now = this.#context.clock.now();
    try {
      const reading = message.message
        ? await readMessage(this.#library, this.#people, message, now)
        : await unreadable(this.#people, message, now);
      if ("nobody" in reading) this.#context.log.debug("WhatsApp traffic that no person made", { why: reading.nobody });
      for (const inbound of inboundIn(reading))
        if (inbound.kind === "message") this.#remember(inbound.messageId, inbound.text);
      return reading;
    } catch (error) {
      this.#context.log.warn("a WhatsApp message could not be read", { problem: detailOf(error) });
      return await unreadable(this.#people, message, now);
    }
  }

  async #takeOpened(message: WAMessage): Promise<void> {
    // An answer of the phone that it no longer has the message either.
    if (!message.message) return;
    await this.#take(inboundIn(await this.#read(message)));
  }

  /** A message that WhatsApp keeps for the phone: what it is, is told. Others like it are asked for by the library. */
  async #takeWithheld(sessions: Encryption, stanza: BinaryNode): Promise<void> {
    try {
      const found = sessions.withheldIn(stanza);
      if (!found || !isForPhone(found.kind)) return;
      await this.#take([await withheld(this.#people, found.message, found.kind, this.#context.clock.now())]);
    } catch (error) {
      this.#context.log.warn("a WhatsApp message could not be read", { problem: detailOf(error) });
    }
  }

  async #take(inbound: readonly Inbound[]): Promise<void> {
    if (inbound.length === 0 || this.#socket.isEnded) return;
    try {
      await this.#commit({}, inbound);
    } catch (error) {
      ignore(error, "the connection has been ended with the reason");
    }
  }

  async #takeNews(stanza: BinaryNode): Promise<void> {
    try {
      const news = await readGroupNews(this.#people, stanza, this.#context.clock.now());
      if (news && !this.#socket.isEnded) await this.#commit(news.changes, news.inbound);
    } catch (error) {
      this.#context.log.debug("a WhatsApp notification was not taken in", { problem: detailOf(error) });
    }
  }

  async #learnTitles(): Promise<void> {
    try {
      const groups = Object.values(await this.#socket.library.groupFetchAllParticipating());
      const changes = groups.map(({ id, subject }) => this.#people.titleChange(id, subject));
      await this.#commit(Object.assign({}, ...changes), []);
    } catch (error) {
      this.#context.log.debug("WhatsApp did not tell the groups' titles", { problem: detailOf(error) });
    }
  }

  #remember(id: string, text: string): void {
    this.#texts.set(id, text);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > RECENT_TEXTS && oldest !== undefined) this.#texts.delete(oldest);
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
    const text = target.isOwn ? this.#context.ownMessage(target.id)?.text : this.#texts.get(target.id);
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
