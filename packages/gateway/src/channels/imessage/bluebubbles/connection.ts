/** Messages by way of a BlueBubbles server: what the gateway asks of it. What it tells is in `link.ts`. */
import { isRecord } from "../../../base/config/config.ts";
import { ignore } from "../../../base/errors.ts";
import {
  type Capability,
  type ChannelContext,
  ChannelError,
  type Connection,
  type ProbeContext,
} from "../../../kit/channel.ts";
import type { Outbound, Sent } from "../../../kit/channel-message.ts";
import { accountId, type MessageRef, type Peer } from "../../../kit/party.ts";
import { chatGuidKey, handleOf, partsOf, servedHandle } from "../addresses.ts";
import { type Expected, SETTLE_MS, SKEW_MS } from "../echoes.ts";
import { BlueBubblesApi, linkError } from "./api.ts";
import { type BlueMessage, readMessage } from "./inbound.ts";
import { ANSWER_MS, type BlueBubblesSettings, Link } from "./link.ts";
import { pingServer, sendMessage } from "./sends.ts";
import { tapbackOf } from "./tapbacks.ts";

/** How long a send without an id in its answer waits to learn it. */
const ECHO_MS = 3_000;

const NO_HELPER =
  "BlueBubbles runs without its Private API helper; install the helper and switch Private API on in its settings.";
const WITHOUT_HELPER: Partial<Record<Capability, string>> = {
  reply: NO_HELPER,
  voice: NO_HELPER,
  reactionOut: NO_HELPER,
  editOut: NO_HELPER,
  unsendOut: NO_HELPER,
  typing: NO_HELPER,
  readReceipts: NO_HELPER,
};

/** Connects and takes in what has come meanwhile. Throws `ChannelError`. */
export async function connect(context: ChannelContext<BlueBubblesSettings>): Promise<Connection> {
  const api = apiOf(context.settings, context);
  const { self, hasHelper } = await serverInfo(api, context.signal);
  const link = new Link(context, api, self.id);
  try {
    await link.begin();
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw linkError(error);
  }
  const requests = new Requests(context, api, link, hasHelper);
  return {
    self,
    closed: link.closed,
    send: (message, signal) => requests.send(message, signal),
    findSent: (message, signal) => requests.findSent(message, signal),
    fetchMedia: ({ ref }, signal) => api.open(`/attachment/${encodeURIComponent(ref)}/download`, signal),
    ...(hasHelper ? helped(requests) : { absent: WITHOUT_HELPER }),
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

/** Whose Mac it is. Throws `ChannelError`. */
export async function probe({ settings, signal }: ProbeContext<BlueBubblesSettings>): Promise<Peer> {
  return (await serverInfo(apiOf(settings), signal)).self;
}

function apiOf(
  { serverUrl = "", password = "" }: BlueBubblesSettings,
  timeListener?: Pick<ChannelContext, "heardTime">,
): BlueBubblesApi {
  return new BlueBubblesApi({ serverUrl, password, timeListener });
}

async function serverInfo(api: BlueBubblesApi, signal: AbortSignal): Promise<{ self: Peer; hasHelper: boolean }> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  const info = await api.call("/server/info", { signal: limit }).catch((error: unknown) => {
    throw linkError(error);
  });
  const { private_api, helper_connected, detected_imessage, detected_icloud } = (info ?? {}) as Record<string, unknown>;
  const handle = [detected_imessage, detected_icloud].find((each) => typeof each === "string" && each !== "");
  return {
    self: { id: accountId(typeof handle === "string" ? handleOf(handle) : "me") },
    hasHelper: private_api === true && helper_connected === true,
  };
}

/** What only the server's helper makes possible. */
function helped(requests: Requests): Partial<Connection> {
  return {
    edit: (target, { text }, signal) => requests.edit(target, text, signal),
    unsend: (target, signal) => requests.unsend(target, signal),
    react: (target, emoji, { remove }, signal) => requests.react(target, emoji, remove, signal),
    typing: (chat, isTyping) => requests.typing(chat.id, isTyping),
    markRead: (messages) => requests.markRead(messages),
  };
}

class Requests {
  readonly #context: ChannelContext<BlueBubblesSettings>;
  readonly #api: BlueBubblesApi;
  readonly #link: Link;
  readonly #hasHelper: boolean;

  constructor(context: ChannelContext<BlueBubblesSettings>, api: BlueBubblesApi, link: Link, hasHelper: boolean) {
    this.#context = context;
    this.#api = api;
    this.#link = link;
    this.#hasHelper = hasHelper;
  }

  async send(message: Outbound, signal: AbortSignal): Promise<Sent> {
    const options = { chatGuid: this.#chatGuid(message.chat.id), hasHelper: this.#hasHelper, signal };
    await this.#noticing(pingServer(this.#api, signal));
    using echo = this.#link.echoes.expect(expectedOf(message));
    const answer = await this.#noticing(sendMessage(this.#api, message, options));
    if (!isRecord(answer))
      throw new ChannelError("unknown", "BlueBubbles did not say what it sent; whether it did cannot be told.");
    const { guid } = answer;
    // A first message to somebody is answered with the conversation, whose guid is no message's.
    if (typeof guid === "string" && !partsOf(guid)) {
      this.#link.echoes.claim(guid);
      return { id: guid };
    }
    await this.#link.ask().catch((error: unknown) => ignore(error, "the message was sent; a webhook may tell its id"));
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
    await this.#post(`/message/${encodeURIComponent(target.id)}/edit`, json, signal);
  }

  async unsend(target: MessageRef, signal: AbortSignal): Promise<void> {
    await this.#post(`/message/${encodeURIComponent(target.id)}/unsend`, { partIndex: 0 }, signal);
  }

  async react(target: MessageRef, emoji: string, remove: boolean, signal: AbortSignal): Promise<void> {
    const reaction = `${remove ? "-" : ""}${tapbackOf(emoji)}`;
    const chatGuid = this.#chatGuid(target.chat.id);
    await this.#post("/message/react", { chatGuid, selectedMessageGuid: target.id, reaction, partIndex: 0 }, signal);
  }

  async typing(chatId: string, isTyping: boolean): Promise<void> {
    const path = `/chat/${encodeURIComponent(this.#chatGuid(chatId))}/typing`;
    await this.#api
      .call(path, { method: isTyping ? "POST" : "DELETE", signal: this.#link.signal })
      .catch((error: unknown) => ignore(error, "the next one is due in a moment"));
  }

  async markRead(messages: readonly MessageRef[]): Promise<void> {
    for (const guid of new Set(messages.map(({ chat }) => this.#chatGuid(chat.id))))
      await this.#post(`/chat/${encodeURIComponent(guid)}/read`, {}, this.#link.signal);
  }

  async #post(path: string, json: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<unknown> {
    return await this.#noticing(this.#api.call(path, { method: "POST", json, signal }));
  }

  #chatGuid(chatId: string): string {
    if (chatId.startsWith("chat_id:"))
      throw new ChannelError(
        "rejected",
        "BlueBubbles does not know chat_id numbers; name the group by its guid (iMessage;+;chat…).",
      );
    if (partsOf(chatId)) return chatId;
    const { service, handle } = servedHandle(chatId);
    const prefix = service === "imessage" ? "iMessage" : service.toUpperCase();
    return this.#context.state.get(chatGuidKey(chatId)) ?? `${prefix};-;${handle}`;
  }

  /** The message among those that the account has sent, by the client's id or by what it says. */
  async #findOwn(message: Outbound, signal: AbortSignal): Promise<string | undefined> {
    const { queuedAt, chat, clientId } = message;
    const after = queuedAt - SKEW_MS;
    const json = { after, chatGuid: this.#chatGuid(chat.id), limit: 200, sort: "ASC", with: ["chat", "attachment"] };
    const found = await this.#post("/message/query", json, signal);
    const own = (Array.isArray(found) ? found : [])
      .map((value) => readMessage(value, { now: queuedAt }))
      .filter((each): each is BlueMessage => each?.fromSelf === true && each.at >= after);
    const { echoes } = this.#link;
    const certain = own.find(({ tempGuid }) => tempGuid === clientId)?.guid;
    if (certain !== undefined) echoes.claim(certain);
    const byWords = () => own.map(({ echo }) => ({ ...echo, chatIds: [chat.id] }));
    return certain ?? echoes.find(expectedOf(message), byWords());
  }

  /** A wrong password ends the link, whichever request met it. */
  async #noticing<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (error instanceof ChannelError && error.kind === "bad-credentials") this.#link.ends(error);
      throw error;
    }
  }
}

function expectedOf({ chat, text, media }: Outbound): Expected {
  return { chatId: chat.id, text: text.text, hasFile: media !== undefined };
}
