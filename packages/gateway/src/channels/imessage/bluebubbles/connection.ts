/** Messages by way of a BlueBubbles server: it is asked over REST, and calls us when something happens. */
import { ignore, messageOf } from "../../../base/errors.ts";
import {
  type Capability,
  type ChannelContext,
  ChannelError,
  type Connection,
  type MediaRef,
  type MessageRef,
  type Outbound,
  type Peer,
  type ProbeContext,
  type Sent,
  type StateChanges,
} from "../../../kit/channel.ts";
import { chatGuidKey, handleOf, partsOf } from "../addresses.ts";
import { CLAIMED_KEY, type Echo, Echoes, type Expected, readClaimed, SETTLE_MS, SKEW_MS } from "../echoes.ts";
import { BlueBubblesApi, linkError } from "./api.ts";
import { CatchUp, CHANGEABLE_MS, LATE_MS } from "./catch-up.ts";
import { hookFor, hookSecret, registerHook } from "./hook.ts";
import { type BlueMessage, type Reader, readMessage } from "./inbound.ts";
import { knock, sendMessage } from "./sends.ts";
import { tapbackOf } from "./tapbacks.ts";

/** The settings of an account with this backend. */
export interface BlueBubblesSettings {
  readonly serverUrl?: string;
  readonly password?: string;
  readonly webhookUrl?: string;
  readonly pollSeconds?: number;
  readonly mentionName?: string;
}

const START_MS = 20_000;
/** How long a send without an id in its answer waits to learn it. */
const ECHO_MS = 3_000;

const NO_HELPER =
  "BlueBubbles runs without its Private API helper; install the helper and switch Private API on in its settings.";
const NEEDS_HELPER = ["reply", "voice", "reactionOut", "editOut", "unsendOut", "typing", "readReceipts"] as const;
const WITHOUT_HELPER: Partial<Record<Capability, string>> = Object.fromEntries(
  NEEDS_HELPER.map((each) => [each, NO_HELPER]),
);

/** Connects and takes in what has come meanwhile. Throws `ChannelError`. */
export async function connect(context: ChannelContext<BlueBubblesSettings>): Promise<Connection> {
  const api = apiOf(context.settings);
  const server = await serverInfo(api, context.signal);
  const link = new Link(context, api, server);
  try {
    await link.begin();
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw linkError(error);
  }
  return connectionOf(link, server.hasHelper);
}

/** Whose Mac it is. Throws `ChannelError`. */
export async function probe({ settings, signal }: ProbeContext<BlueBubblesSettings>): Promise<Peer> {
  return (await serverInfo(apiOf(settings), signal)).self;
}

function apiOf({ serverUrl = "", password = "" }: BlueBubblesSettings): BlueBubblesApi {
  return new BlueBubblesApi({ serverUrl, password });
}

interface Server {
  readonly self: Peer;
  readonly hasHelper: boolean;
}

async function serverInfo(api: BlueBubblesApi, signal: AbortSignal): Promise<Server> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(START_MS)]);
  const info = await api.call("/server/info", { signal: limit }).catch((error: unknown) => {
    throw linkError(error);
  });
  const { private_api, helper_connected, detected_imessage, detected_icloud } = (info ?? {}) as Record<string, unknown>;
  const handle = [detected_imessage, detected_icloud].find((each) => typeof each === "string" && each !== "");
  return {
    self: { id: typeof handle === "string" ? handleOf(handle) : "me" },
    hasHelper: private_api === true && helper_connected === true,
  };
}

/** What the server's helper makes possible is there only with the helper. */
function connectionOf(link: Link, hasHelper: boolean): Connection {
  const plain: Connection = {
    self: link.self,
    closed: link.closed,
    ...(!hasHelper && { absent: WITHOUT_HELPER }),
    send: (message, signal) => link.send(message, signal),
    findSent: (message, signal) => link.findSent(message, signal),
    fetchMedia: (media, signal) => link.fetchMedia(media, signal),
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
  if (!hasHelper) return plain;
  return {
    ...plain,
    edit: (target, { text }, signal) => link.edit(target, text, signal),
    unsend: (target, signal) => link.unsend(target, signal),
    react: (target, emoji, { remove }, signal) => link.react(target, emoji, remove, signal),
    typing: (chat, isTyping) => link.typing(chat.id, isTyping),
    markRead: (messages) => link.markRead(messages),
  };
}

class Link implements AsyncDisposable {
  readonly self: Peer;
  readonly closed: Promise<ChannelError>;
  readonly #context: ChannelContext<BlueBubblesSettings>;
  readonly #api: BlueBubblesApi;
  readonly #hasHelper: boolean;
  readonly #catchUp: CatchUp;
  readonly #echoes: Echoes;
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  readonly #ended = Promise.withResolvers<ChannelError>();
  readonly #resources = new DisposableStack();
  #polling: Promise<void> | undefined;

  constructor(context: ChannelContext<BlueBubblesSettings>, api: BlueBubblesApi, server: Server) {
    const { state, clock } = context;
    this.self = server.self;
    this.closed = this.#ended.promise;
    this.#context = context;
    this.#api = api;
    this.#hasHelper = server.hasHelper;
    this.#catchUp = new CatchUp(api, state);
    this.#echoes = new Echoes(clock, readClaimed(state.get(CLAIMED_KEY)), (claimed) =>
      state.write({ [CLAIMED_KEY]: JSON.stringify(claimed) }),
    );
    this.#signal = AbortSignal.any([context.signal, this.#end.signal]);
    this.#signal.addEventListener(
      "abort",
      () => this.#ended.resolve(new ChannelError("network", "The connection to BlueBubbles was closed.")),
      { once: true },
    );
  }

  /** Takes in what was missed; from then on the server calls, and is asked from time to time for what it did not say. */
  async begin(): Promise<void> {
    const { settings, state, clock } = this.#context;
    const { webhookUrl, pollSeconds = webhookUrl === undefined ? 3 : 60 } = settings;
    this.#catchUp.begin(clock.now());
    if (webhookUrl !== undefined) {
      const secret = hookSecret(state);
      const webhook = this.#resources.use(this.#context.webhook(hookFor(secret, (event) => this.#told(event))));
      const address = new URL(`${webhookUrl.replace(/\/+$/, "")}${webhook.path}`);
      address.searchParams.set("secret", secret);
      await registerHook(this.#api, address, AbortSignal.any([this.#signal, AbortSignal.timeout(START_MS)]));
    }
    await this.#ask(LATE_MS);
    this.#polling = this.#poll(pollSeconds * 1000);
  }

  async send(message: Outbound, signal: AbortSignal): Promise<Sent> {
    await this.#noticing(knock(this.#api, signal));
    using echo = this.#echoes.expect(expectedOf(message));
    const options = { chatGuid: this.#chatGuid(message.chat.id), hasHelper: this.#hasHelper, signal };
    const answer = await this.#noticing(sendMessage(this.#api, message, options));
    const sent = readMessage(answer, this.#reader())?.guid ?? (answer as { guid?: unknown } | undefined)?.guid;
    // A first message to somebody is answered with the conversation, whose guid is no message's.
    if (typeof sent === "string" && !partsOf(sent)) {
      this.#echoes.claim(sent);
      return { id: sent };
    }
    await this.#ask(CHANGEABLE_MS).catch((error: unknown) =>
      ignore(error, "the message was sent; its id is learned later"),
    );
    return { id: (await echo.found(ECHO_MS)) ?? `sent:${message.clientId}` };
  }

  async findSent(message: Outbound, signal: AbortSignal): Promise<Sent | "absent" | "unknown"> {
    const { clock } = this.#context;
    const giveUpAt = clock.monotonic() + SETTLE_MS;
    for (;;) {
      const found = await this.#findOwn(message, signal);
      if (found !== undefined) return { id: found };
      if (clock.monotonic() >= giveUpAt) return "absent";
      await clock.sleep(500, signal);
    }
  }

  async edit(target: MessageRef, text: string, signal: AbortSignal): Promise<void> {
    const json = { editedMessage: text, backwardsCompatibilityMessage: `Edited to: “${text}”`, partIndex: 0 };
    await this.#noticing(
      this.#api.call(`/message/${encodeURIComponent(target.id)}/edit`, { method: "POST", json, signal }),
    );
  }

  async unsend(target: MessageRef, signal: AbortSignal): Promise<void> {
    const path = `/message/${encodeURIComponent(target.id)}/unsend`;
    await this.#noticing(this.#api.call(path, { method: "POST", json: { partIndex: 0 }, signal }));
  }

  async react(target: MessageRef, emoji: string, remove: boolean, signal: AbortSignal): Promise<void> {
    const reaction = `${remove ? "-" : ""}${tapbackOf(emoji)}`;
    const json = { chatGuid: this.#chatGuid(target.chat.id), selectedMessageGuid: target.id, reaction, partIndex: 0 };
    await this.#noticing(this.#api.call("/message/react", { method: "POST", json, signal }));
  }

  async typing(chatId: string, isTyping: boolean): Promise<void> {
    const path = `/chat/${encodeURIComponent(this.#chatGuid(chatId))}/typing`;
    await this.#api
      .call(path, { method: isTyping ? "POST" : "DELETE", signal: this.#signal })
      .catch((error: unknown) => ignore(error, "the next one is due in a moment"));
  }

  async markRead(messages: readonly MessageRef[]): Promise<void> {
    for (const guid of new Set(messages.map(({ chat }) => this.#chatGuid(chat.id))))
      await this.#noticing(
        this.#api.call(`/chat/${encodeURIComponent(guid)}/read`, { method: "POST", signal: this.#signal }),
      );
  }

  async fetchMedia({ ref }: MediaRef, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return await this.#api.open(`/attachment/${encodeURIComponent(ref)}/download`, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error("the connection was closed"));
    this.#resources.dispose();
    await this.#polling;
  }

  async #poll(everyMs: number): Promise<void> {
    const { clock } = this.#context;
    try {
      for (;;) {
        await clock.sleep(everyMs, this.#signal);
        await this.#ask(CHANGEABLE_MS);
      }
    } catch (error) {
      this.#ended.resolve(linkError(error));
    }
  }

  async #ask(backMs: number): Promise<void> {
    const { log } = this.#context;
    const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(START_MS)]);
    const found = await this.#catchUp.ask(this.#reader(), backMs, limit);
    if (found.unreadable > 0)
      log.warn("bluebubbles told of messages that cannot be read", { messages: found.unreadable });
    if (found.messages.length === 0) return;
    this.#receive(found.messages, found.state);
    this.#catchUp.took(found);
  }

  /** Returns the HTTP status that the server gets. */
  #told(event: unknown): number {
    const { log } = this.#context;
    const { type, data } = (event ?? {}) as { type?: unknown; data?: unknown };
    if (this.#signal.aborted) return 503;
    if (type !== "new-message" && type !== "updated-message") {
      log.debug("bluebubbles told of something unknown", { type: String(type) });
      return 200;
    }
    const message = readMessage(data, this.#reader());
    if (!message) {
      log.warn("bluebubbles told of a message that cannot be read", { type });
      return 200;
    }
    try {
      // The cursor stays: a message that no webhook told of may lie before this one.
      this.#receive([message], {});
      return 200;
    } catch (error) {
      ignore(error, "it has closed the connection; the next one asks for the message");
      return 503;
    }
  }

  #receive(messages: readonly BlueMessage[], state: StateChanges): void {
    const services = Object.assign({}, ...messages.map((message) => this.#service(message))) as StateChanges;
    const inbound = messages.flatMap((message) =>
      message.inbound.map((each) => ({ ...each, fromSelf: each.fromSelf || this.#isCopy(message) })),
    );
    try {
      this.#context.receive(inbound, { ...state, ...services });
    } catch (error) {
      const problem = new ChannelError("unavailable", `A message could not be kept: ${messageOf(error)}.`, {
        cause: error,
      });
      this.#ended.resolve(problem);
      throw problem;
    }
    for (const { echo, fromSelf, inbound } of messages)
      if (fromSelf && inbound.some(({ kind }) => kind === "message")) this.#echoes.sent(echo);
  }

  #reader(): Reader {
    const { clock, settings, ownMessage } = this.#context;
    const isOwn = (guid: string) => this.#echoes.isOwn(guid) || ownMessage(guid) !== undefined;
    return { now: clock.now(), selfId: this.self.id, mentionName: settings.mentionName, isOwn };
  }

  #isCopy({ echo, chatGuid }: BlueMessage): boolean {
    return partsOf(chatGuid)?.isGroup !== true && this.#echoes.isCopy(echo);
  }

  /** Takes note of how Messages calls the conversation with a person, when that is not the usual. */
  #service({ chatGuid, echo }: BlueMessage): StateChanges {
    const [chatId] = echo.chatIds;
    if (chatId === undefined || partsOf(chatGuid)?.isGroup !== false) return {};
    const key = chatGuidKey(chatId);
    return this.#context.state.get(key) === chatGuid ? {} : { [key]: chatGuid };
  }

  #chatGuid(chatId: string): string {
    if (chatId.startsWith("chat_id:"))
      throw new ChannelError(
        "rejected",
        "BlueBubbles does not know chat_id numbers; name the group by its guid (iMessage;+;chat…).",
      );
    if (partsOf(chatId)) return chatId;
    return this.#context.state.get(chatGuidKey(chatId)) ?? `iMessage;-;${chatId}`;
  }

  async #findOwn(message: Outbound, signal: AbortSignal): Promise<string | undefined> {
    const { queuedAt, chat, clientId } = message;
    const after = queuedAt - SKEW_MS;
    const json = { after, chatGuid: this.#chatGuid(chat.id), limit: 200, sort: "ASC", with: ["chat", "attachment"] };
    const found = await this.#api.call("/message/query", { method: "POST", json, signal });
    const own = (Array.isArray(found) ? found : [])
      .map((value) => readMessage(value, { now: queuedAt }))
      .filter((each) => each?.fromSelf && each.at >= after) as BlueMessage[];
    const certain = own.find(({ tempGuid }) => tempGuid === clientId)?.guid;
    if (certain !== undefined) this.#echoes.claim(certain);
    return (
      certain ??
      this.#echoes.find(
        expectedOf(message),
        own.map(({ echo }): Echo => ({ ...echo, chatIds: [chat.id] })),
      )
    );
  }

  /** A wrong password ends the link, whoever met it. */
  async #noticing<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (error instanceof ChannelError && error.kind === "bad-credentials") this.#ended.resolve(error);
      throw error;
    }
  }
}

function expectedOf({ chat, text, media }: Outbound): Expected {
  return { chatId: chat.id, text: text.text, hasFile: media !== undefined };
}
