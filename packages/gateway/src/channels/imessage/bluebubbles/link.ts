/** What a BlueBubbles server tells: by its calls, and asked for what it did not say. It ends with the connection. */
import { ignore, messageOf, TellableError } from "../../../base/errors.ts";
import { type ChannelContext, ChannelError, type StateChanges } from "../../../kit/channel.ts";
import { chatGuidKey, partsOf } from "../addresses.ts";
import { CLAIMED_KEY, Echoes, readClaimed } from "../echoes.ts";
import { type BlueBubblesApi, linkError } from "./api.ts";
import { CatchUp, CHANGEABLE_MS, LATE_MS } from "./catch-up.ts";
import { hookFor, hookSecret, registerHook } from "./hook.ts";
import { type BlueMessage, type Reader, readMessage } from "./inbound.ts";

/** The settings of an account with this backend. */
export interface BlueBubblesSettings {
  readonly serverUrl?: string;
  readonly password?: string;
  readonly webhookUrl?: string;
  readonly pollSeconds?: number;
  readonly mentionName?: string;
}

/** Messages whose files the server had not yet, by their guids; the value is their time, epoch ms. */
const AWAITED = "awaited:";
/** How long a server may take for an answer that is not about a send. */
export const ANSWER_MS = 20_000;

export class Link implements AsyncDisposable {
  readonly closed: Promise<ChannelError>;
  readonly echoes: Echoes;
  /** Aborts when the connection ends. */
  readonly signal: AbortSignal;
  readonly #context: ChannelContext<BlueBubblesSettings>;
  readonly #api: BlueBubblesApi;
  readonly #selfId: string;
  readonly #catchUp: CatchUp;
  readonly #end = new AbortController();
  readonly #ended = Promise.withResolvers<ChannelError>();
  readonly #resources = new DisposableStack();
  #polling: Promise<void> | undefined;

  constructor(context: ChannelContext<BlueBubblesSettings>, api: BlueBubblesApi, selfId: string) {
    const { state, clock } = context;
    this.closed = this.#ended.promise;
    this.#context = context;
    this.#api = api;
    this.#selfId = selfId;
    this.#catchUp = new CatchUp(api, state);
    this.echoes = new Echoes(clock, readClaimed(state.get(CLAIMED_KEY)), (claimed) =>
      state.write({ [CLAIMED_KEY]: JSON.stringify(claimed) }),
    );
    this.signal = AbortSignal.any([context.signal, this.#end.signal]);
    const closed = new ChannelError("network", "The connection to BlueBubbles was closed.");
    this.signal.addEventListener("abort", () => this.ends(closed), { once: true });
  }

  /** Takes in what was missed; from then on the server calls, and is asked from time to time. Throws `ChannelError`. */
  async begin(): Promise<void> {
    const { settings, state, clock } = this.#context;
    const { webhookUrl, pollSeconds = webhookUrl === undefined ? 3 : 60 } = settings;
    this.#catchUp.begin(clock.now());
    this.#forgetAwaited();
    if (webhookUrl !== undefined) {
      const secret = hookSecret(state);
      const webhook = this.#resources.use(this.#context.webhook(hookFor(secret, (event) => this.#told(event))));
      const address = new URL(`${webhookUrl.replace(/\/+$/, "")}${webhook.path}`);
      address.searchParams.set("secret", secret);
      await registerHook(this.#api, address, this.#limit());
    }
    await this.#ask(LATE_MS);
    this.#polling = this.#poll(pollSeconds * 1000);
  }

  /** Asks at once for what is new. Throws `ChannelError`. */
  async ask(): Promise<void> {
    await this.#ask(CHANGEABLE_MS);
  }

  /** Ends the connection with this reason, unless it has ended before. */
  ends(problem: ChannelError): void {
    this.#ended.resolve(problem);
  }

  /** Who reads messages. */
  reader(): Reader {
    const { clock, settings, ownMessage } = this.#context;
    const isOwn = (guid: string) => this.echoes.isOwn(guid) || ownMessage(guid) !== undefined;
    return { now: clock.now(), selfId: this.#selfId, mentionName: settings.mentionName, isOwn };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new TellableError("the connection was closed"));
    this.#resources.dispose();
    await this.#polling;
  }

  #limit(): AbortSignal {
    return AbortSignal.any([this.signal, AbortSignal.timeout(ANSWER_MS)]);
  }

  async #poll(everyMs: number): Promise<void> {
    const { clock } = this.#context;
    try {
      for (;;) {
        await clock.sleep(everyMs, this.signal);
        await this.#ask(CHANGEABLE_MS);
      }
    } catch (error) {
      this.ends(linkError(error));
    }
  }

  async #ask(backMs: number): Promise<void> {
    const found = await this.#catchUp.ask(this.reader(), backMs, this.#limit());
    if (found.unreadable > 0)
      this.#context.log.warn("bluebubbles told of messages that cannot be read", { messages: found.unreadable });
    if (found.messages.length === 0) return;
    await this.#receive(found.messages, found.state);
    this.#catchUp.took(found);
  }

  /** Returns the HTTP status that the server gets. */
  async #told(event: unknown): Promise<number> {
    const { log } = this.#context;
    const { type, data } = (event ?? {}) as { type?: unknown; data?: unknown };
    if (this.signal.aborted) return 503;
    if (type !== "new-message" && type !== "updated-message") {
      log.debug("bluebubbles told of traffic that is no message", { type: String(type) });
      return 200;
    }
    const message = readMessage(data, this.reader());
    if (!message) {
      log.warn("bluebubbles told of a message that cannot be read", { type });
      return 200;
    }
    try {
      // The cursor stays: a message that no webhook told of may lie before this one.
      await this.#receive([message], {});
      return 200;
    } catch (error) {
      ignore(error, "it has ended the connection; the next one asks for the message");
      return 503;
    }
  }

  async #receive(messages: readonly BlueMessage[], state: StateChanges): Promise<void> {
    const services = Object.assign({}, ...messages.map((message) => this.#service(message))) as StateChanges;
    const all = messages.flatMap((message) => {
      const isOwn = message.fromSelf || this.#isCopy(message);
      const late = message.files && this.#isAwaited(message) ? [message.files] : [];
      return [...message.inbound, ...late].map((each) => ({ ...each, fromSelf: isOwn }));
    });
    const awaited = Object.assign({}, ...messages.map((message) => this.#awaitedChange(message))) as StateChanges;
    let told: Promise<void>;
    try {
      told = this.#context.receive(all, { ...state, ...services, ...awaited });
    } catch (error) {
      const reason = `A message could not be kept: ${messageOf(error)}.`;
      const problem = new ChannelError("unavailable", reason, { cause: error });
      this.ends(problem);
      throw problem;
    }
    for (const { echo, fromSelf, inbound } of messages)
      if (fromSelf && inbound.some(({ kind }) => kind === "message")) this.echoes.sent(echo);
    await told;
  }

  /** Whether a message was told of before its files were there. */
  #isAwaited({ guid }: BlueMessage): boolean {
    return this.#context.state.get(AWAITED + guid) !== undefined;
  }

  #awaitedChange(message: BlueMessage): StateChanges {
    if (message.awaitsFiles) return { [AWAITED + message.guid]: String(message.at) };
    return message.files && this.#isAwaited(message) ? { [AWAITED + message.guid]: undefined } : {};
  }

  /** Files that have not come within a day do not come any more. */
  #forgetAwaited(): void {
    const { state, clock } = this.#context;
    const old = state.entries(AWAITED).filter(([, at]) => Number(at) < clock.now() - LATE_MS);
    if (old.length > 0) state.write(Object.fromEntries(old.map(([key]) => [key, undefined])));
  }

  #isCopy({ echo, chatGuid }: BlueMessage): boolean {
    return partsOf(chatGuid)?.isGroup !== true && this.echoes.isCopy(echo);
  }

  /** Takes note of how Messages calls the conversation with a person: by iMessage or by SMS. */
  #service({ chatGuid, echo }: BlueMessage): StateChanges {
    const [chatId] = echo.chatIds;
    if (chatId === undefined || partsOf(chatGuid)?.isGroup !== false) return {};
    const key = chatGuidKey(chatId);
    return this.#context.state.get(key) === chatGuid ? {} : { [key]: chatGuid };
  }
}
