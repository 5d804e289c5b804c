/** A fake Signal: what people do there, the trouble that it can make, and what it holds. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Delivered, type GivenReaction, MENTION, type Said, type SaysOptions, type Trouble } from "../platform.ts";
import { SendTroubles } from "../send-troubles.ts";
import { Changes, until } from "../watch.ts";
import { Daemon } from "./daemon.ts";
import { Envelopes, mentionsIn, quoteOf } from "./envelopes.ts";
import type { FakeSignal, FakeSignalOptions } from "./index.ts";
import { Program } from "./program.ts";
import { type ResultType, Rpc, rateLimited } from "./rpc.ts";
import { asDelivered, type Group, groupInfoOf, type Message, type Person, World } from "./world.ts";

const TROUBLES = [
  "rate-limit",
  "accept-then-fail",
  "refuse",
  "slow",
  "cut",
  "down",
  "up",
  "redeliver",
  "malformed",
  "revoke",
  "remove-from-group",
] as const satisfies readonly Trouble["kind"][];

/** One account and everybody around it. */
export class Platform implements FakeSignal {
  readonly channel = "signal";
  readonly troubles = TROUBLES;
  readonly #changes = new Changes();
  readonly #world = new World();
  readonly #rpc: Rpc;
  readonly #daemon: Daemon;
  readonly #envelopes: Envelopes;
  readonly #sendTroubles = new SendTroubles();
  readonly #links = new Map<string, (number: string) => void>();
  #nextFailure: Exclude<ResultType, "SUCCESS"> | undefined;
  #filesHeld: Promise<void> | undefined;
  readonly #program: Program | undefined;

  constructor({ isLinked = true, asProgram = false }: FakeSignalOptions) {
    const onChange = () => this.#changes.tell();
    this.#rpc = new Rpc({
      world: this.#world,
      onChange,
      nextResult: () => this.#takeFailure() ?? "SUCCESS",
      finishLink: (uri) => this.#waitForScan(uri),
    });
    const before = (method: string) => this.#before(method);
    this.#daemon = new Daemon({ rpc: this.#rpc, onChange, before });
    this.#envelopes = new Envelopes(this.#world, this.#daemon, onChange);
    if (asProgram) this.#program = new Program();
    if (isLinked) this.#rpc.linked.add(this.#world.self.number);
  }

  async up(): Promise<void> {
    await this.#daemon.loopback.up();
    this.#program?.write(this.url);
  }

  get self(): Person {
    return this.#world.self;
  }

  get url(): string {
    return this.#daemon.loopback.url;
  }

  get settings() {
    const { number } = this.self;
    return this.#program ? { account: number, cliPath: this.#program.path } : { account: number, httpUrl: this.url };
  }

  get isLinked(): boolean {
    return this.#daemon.isListenedTo;
  }

  async linked(): Promise<void> {
    await until(this, "somebody who listens to events", () => this.isLinked);
  }

  async scan(shown: string): Promise<void> {
    const link = await until(this, "the link to be waited for", () => this.#links.get(shown));
    this.#links.delete(shown);
    link(this.self.number);
  }

  async says(text: string, options: SaysOptions = {}): Promise<Said> {
    const author = this.#world.person(options.from ?? "alice");
    const group = this.#groupOf(options);
    const timestamp = this.#world.timestamp(options.at);
    const chatId = group ? `group:${group.id}` : author.number;
    const quoted = options.replyTo === undefined ? undefined : this.#world.messages.get(Number(options.replyTo));
    this.#world.keep({ timestamp, chatId, author, text, files: options.files ?? [] });
    const message = options.mentionsBot ? `${MENTION} ${text}` : text;
    const people = [
      ...(options.mentionsBot ? [this.self] : []),
      ...(options.mentions ?? []).map((name) => this.#world.person(name)),
    ];
    const mentions = mentionsIn(message, people);
    this.#envelopes.emit(author, timestamp, {
      dataMessage: {
        timestamp,
        message,
        expiresInSeconds: 0,
        viewOnce: false,
        ...(mentions.length > 0 && { mentions }),
        ...(quoted && { quote: quoteOf(quoted) }),
        ...(options.files && { attachments: options.files.map((file) => this.#world.upload(file)) }),
        ...(group && { groupInfo: groupInfoOf(group) }),
      },
    });
    return { id: String(timestamp), chatId, senderId: author.number };
  }

  async fromPhone(text: string, options: { readonly to?: string; readonly as?: string } = {}): Promise<Said> {
    const to = options.to === undefined ? this.self : this.#world.person(options.to);
    const timestamp = this.#world.timestamp();
    this.#envelopes.emit(options.as === undefined ? this.self : this.#world.person(options.as), timestamp, {
      syncMessage: {
        sentMessage: {
          ...{ destination: to.number, destinationNumber: to.number, destinationUuid: to.uuid },
          ...{ timestamp, message: text, expiresInSeconds: 0, viewOnce: false },
        },
      },
    });
    return { id: String(timestamp), chatId: to.number, senderId: this.self.number };
  }

  async sends(data: object, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<Said> {
    const author = this.#world.person(options.from ?? "alice");
    const group = this.#groupOf(options);
    const timestamp = this.#world.timestamp();
    const common = { timestamp, message: null, expiresInSeconds: 0, viewOnce: false };
    const groupInfo = group && { groupInfo: groupInfoOf(group) };
    this.#envelopes.emit(author, timestamp, { dataMessage: { ...common, ...groupInfo, ...data } });
    return { id: String(timestamp), chatId: group ? `group:${group.id}` : author.number, senderId: author.number };
  }

  tells(content: Record<string, unknown>): void {
    this.#envelopes.emit(this.#world.person("alice"), this.#world.timestamp(), content);
  }

  idOf(who: string | { readonly group: string }): string {
    return typeof who === "string" ? this.#world.person(who).number : `group:${this.#world.groupNamed(who.group).id}`;
  }

  /** The server sees no content: an edit that names somebody else's message arrives like any other. */
  async edits(said: Said, text: string, { from }: Pick<SaysOptions, "from"> = {}): Promise<void> {
    const message = this.#message(said.id);
    const timestamp = this.#world.timestamp();
    const author = from === undefined ? message.author : this.#world.person(from);
    if (author === message.author) message.text = text;
    this.#envelopes.emit(author, timestamp, {
      editMessage: {
        targetSentTimestamp: message.timestamp,
        dataMessage: {
          timestamp,
          message: text,
          expiresInSeconds: 0,
          viewOnce: false,
          ...this.#envelopes.groupInfo(message),
        },
      },
    });
  }

  async unsends(said: Said, { from }: Pick<SaysOptions, "from"> = {}): Promise<void> {
    const message = this.#message(said.id);
    const author = from === undefined ? message.author : this.#world.person(from);
    if (author === message.author) message.isUnsent = true;
    this.#envelopes.emitAbout(message, author, { remoteDelete: { timestamp: message.timestamp } });
  }

  async reacts(messageId: string, emoji: string, options: Pick<SaysOptions, "from"> = {}): Promise<void> {
    const message = this.#message(messageId);
    const { number, uuid } = message.author;
    this.#envelopes.emitAbout(message, this.#world.person(options.from ?? "alice"), {
      reaction: {
        ...{ emoji, targetAuthor: number, targetAuthorNumber: number, targetAuthorUuid: uuid },
        ...{ targetSentTimestamp: message.timestamp, isRemove: false },
      },
    });
  }

  get delivered(): readonly Delivered[] {
    return [...this.#world.messages.values()].filter(({ author }) => author === this.self).map(asDelivered);
  }

  stylesOf(messageId: string): readonly string[] {
    return this.#message(messageId).textStyles;
  }

  get reactions(): readonly GivenReaction[] {
    return this.#rpc.reactions;
  }

  get typingIn(): readonly string[] {
    return [...this.#rpc.typingIn];
  }

  get typingCount(): number {
    return this.#rpc.typingCount;
  }

  get read(): readonly string[] {
    return this.#rpc.read;
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.on(listener);
  }

  uuidOf(name: string): string {
    return this.#world.person(name).uuid;
  }

  holdFiles(): Disposable {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#filesHeld = promise;
    return { [Symbol.dispose]: resolve };
  }

  failNext(type: Exclude<ResultType, "SUCCESS">): void {
    this.#nextFailure = type;
  }

  async trouble(trouble: Trouble): Promise<void> {
    switch (trouble.kind) {
      case "rate-limit":
      case "accept-then-fail":
      case "refuse":
      case "slow":
        return this.#sendTroubles.order(trouble);
      case "cut":
        return this.#daemon.cut();
      case "down":
        return await this.#daemon.down();
      case "up":
        return await this.up();
      case "redeliver":
        return this.#envelopes.repeat();
      case "malformed":
        return this.#envelopes.emitNonsense();
      case "revoke":
        this.#rpc.linked.clear();
        return this.#daemon.cut();
      case "remove-from-group":
        return this.#removeFrom(this.#world.groupNamed(trouble.group));
      default:
        throw new Error(`Signal has no trouble of the kind "${trouble.kind}"`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    this.#program?.[Symbol.dispose]();
  }

  #removeFrom(group: Group): void {
    group.isMember = false;
    this.#envelopes.emitRemoval(group);
  }

  /** What happens to a call before it is made. */
  async #before(method: string): Promise<"answer" | "cut"> {
    if (method === "getAttachment") await this.#filesHeld;
    const trouble = method === "send" ? this.#sendTroubles.take() : undefined;
    if (trouble?.kind === "slow") await sleep(trouble.ms);
    if (trouble?.kind === "rate-limit") throw rateLimited(trouble.retryAfterMs);
    if (trouble?.kind === "refuse") this.#nextFailure = "UNREGISTERED_FAILURE";
    return trouble?.kind === "accept-then-fail" ? "cut" : "answer";
  }

  async #waitForScan(uri: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#links.set(uri, resolve);
    this.#changes.tell();
    return await promise;
  }

  #takeFailure(): ResultType | undefined {
    const failure = this.#nextFailure;
    this.#nextFailure = undefined;
    return failure;
  }

  #groupOf(options: SaysOptions) {
    if (options.in === undefined || options.in === "direct") return undefined;
    return this.#world.groupNamed(options.in.group);
  }

  #message(id: string): Message {
    const message = this.#world.messages.get(Number(id));
    if (!message) throw new Error(`there is no message ${id}`);
    return message;
  }
}
