/** A fake of Signal: people and groups behind signal-cli's HTTP daemon, on loopback. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Delivered,
  type FakePlatform,
  type GivenReaction,
  MENTION,
  type Said,
  type SaysOptions,
  type Trouble,
} from "../platform.ts";
import { Changes, until } from "../watch.ts";
import { Daemon } from "./daemon.ts";
import { Program } from "./program.ts";
import { CODE, type ResultType, Rpc, RpcError } from "./rpc.ts";
import { type Group, type Message, type Person, World } from "./world.ts";

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

/** How long a gateway may take to start and link itself. */
const LINK_LIMIT_MS = 60_000;

type SendTrouble = Extract<Trouble, { kind: "rate-limit" | "accept-then-fail" | "refuse" | "slow" }>;

/** What this fake can do beyond what every fake can. */
export interface FakeSignal extends FakePlatform {
  readonly self: Person;
  /** The address of the daemon. */
  readonly url: string;
  /** The style ranges of a message that the account has sent. */
  stylesOf(messageId: string): readonly string[];
  /** The owner writes on the phone: to somebody, or a note to self. `as` is somebody else who claims to be it. */
  fromPhone(text: string, options?: { readonly to?: string; readonly as?: string }): Promise<Said>;
  /** A message with fields of signal-cli's JSON that `says` does not make. */
  sends(data: object, options?: Pick<SaysOptions, "from" | "in">): Promise<Said>;
  /** An event of alice's that is no message. */
  tells(content: Record<string, unknown>): void;
  /** The account id of somebody, beside their number. */
  uuidOf(name: string): string;
  /** Files are slow: they arrive when what is returned is disposed. */
  holdFiles(): Disposable;
  /** The next message reaches nobody, although the call succeeds. */
  failNext(type: Exclude<ResultType, "SUCCESS">): void;
  scan(shown: string): Promise<void>;
  edits(said: Said, text: string, options?: Pick<SaysOptions, "from">): Promise<void>;
  unsends(said: Said, options?: Pick<SaysOptions, "from">): Promise<void>;
  reacts(messageId: string, emoji: string, options?: Pick<SaysOptions, "from" | "in">): Promise<void>;
}

export interface FakeSignalOptions {
  /** Whether the account is linked already; otherwise a login and `scan` link it. */
  readonly isLinked?: boolean;
  /** Whether gateways start signal-cli themselves, here a program between them and the fake. */
  readonly asProgram?: boolean;
}

/** Starts a fake Signal with one account, which is linked unless said otherwise. */
export async function fakeSignal(options: FakeSignalOptions = {}): Promise<FakeSignal> {
  const platform = new Platform(options);
  await platform.up();
  return platform;
}

class Platform implements FakeSignal {
  readonly channel = "signal";
  readonly troubles = TROUBLES;
  readonly #changes = new Changes();
  readonly #world = new World();
  readonly #rpc: Rpc;
  readonly #daemon: Daemon;
  readonly #sendTroubles: { trouble: SendTrouble; left: number }[] = [];
  readonly #links = new Map<string, (number: string) => void>();
  #nextFailure: Exclude<ResultType, "SUCCESS"> | undefined;
  #lastEvent: unknown;
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
    await until(this, "somebody who listens to events", () => this.isLinked, LINK_LIMIT_MS);
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
    const mentions = [...message.matchAll(new RegExp(MENTION, "g"))].map(({ index: start }, at) => ({
      ...people[at],
      start,
      length: 1,
    }));
    this.#emit(author, timestamp, {
      dataMessage: {
        timestamp,
        message,
        expiresInSeconds: 0,
        viewOnce: false,
        ...(mentions.length > 0 && { mentions }),
        ...(quoted && { quote: quoteOf(quoted) }),
        ...(options.files && { attachments: options.files.map((file) => this.#world.upload(file)) }),
        ...(group && { groupInfo: { groupId: group.id, groupName: group.name, revision: 1, type: "DELIVER" } }),
      },
    });
    return { id: String(timestamp), chatId, senderId: author.number };
  }

  async fromPhone(text: string, options: { readonly to?: string; readonly as?: string } = {}): Promise<Said> {
    const to = options.to === undefined ? this.self : this.#world.person(options.to);
    const timestamp = this.#world.timestamp();
    this.#emit(options.as === undefined ? this.self : this.#world.person(options.as), timestamp, {
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
    const groupInfo = group && { groupId: group.id, groupName: group.name, revision: 1, type: "DELIVER" };
    const common = { timestamp, message: null, expiresInSeconds: 0, viewOnce: false, ...(groupInfo && { groupInfo }) };
    this.#emit(author, timestamp, { dataMessage: { ...common, ...data } });
    return { id: String(timestamp), chatId: group ? `group:${group.id}` : author.number, senderId: author.number };
  }

  tells(content: Record<string, unknown>): void {
    this.#emit(this.#world.person("alice"), this.#world.timestamp(), content);
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
    this.#emit(author, timestamp, {
      editMessage: {
        targetSentTimestamp: message.timestamp,
        dataMessage: { timestamp, message: text, expiresInSeconds: 0, viewOnce: false, ...this.#groupInfo(message) },
      },
    });
  }

  async unsends(said: Said, { from }: Pick<SaysOptions, "from"> = {}): Promise<void> {
    const message = this.#message(said.id);
    const author = from === undefined ? message.author : this.#world.person(from);
    if (author === message.author) message.isUnsent = true;
    this.#emitData(author, message, { remoteDelete: { timestamp: message.timestamp } });
  }

  async reacts(messageId: string, emoji: string, options: Pick<SaysOptions, "from"> = {}): Promise<void> {
    const message = this.#message(messageId);
    const { number, uuid } = message.author;
    this.#emitData(this.#world.person(options.from ?? "alice"), message, {
      reaction: {
        ...{ emoji, targetAuthor: number, targetAuthorNumber: number, targetAuthorUuid: uuid },
        ...{ targetSentTimestamp: message.timestamp, isRemove: false },
      },
    });
  }

  get delivered(): readonly Delivered[] {
    return [...this.#world.messages.values()].filter(({ author }) => author === this.self).map(delivered);
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
        this.#sendTroubles.push({ trouble, left: trouble.times ?? 1 });
        return;
      case "cut":
        return this.#daemon.cut();
      case "down":
        return await this.#daemon.down();
      case "up":
        return await this.up();
      case "redeliver":
        return this.#daemon.emit(this.#lastEvent);
      case "malformed":
        return this.#sayNonsense();
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

  /** Signal only says that the group has changed; the list of groups says how. */
  #removeFrom(group: Group): void {
    group.isMember = false;
    const groupInfo = { groupId: group.id, groupName: group.name, revision: 2, type: "UPDATE" };
    const timestamp = this.#world.timestamp();
    const dataMessage = { timestamp, message: null, expiresInSeconds: 0, viewOnce: false, groupInfo };
    this.#emit(this.#world.person("alice"), timestamp, { dataMessage });
  }

  /** What happens to a call before it is made. */
  async #before(method: string): Promise<"answer" | "cut"> {
    if (method === "getAttachment") await this.#filesHeld;
    const trouble = method === "send" ? this.#nextTrouble() : undefined;
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

  #nextTrouble(): SendTrouble | undefined {
    const [next] = this.#sendTroubles;
    if (!next) return undefined;
    next.left -= 1;
    if (next.left <= 0) this.#sendTroubles.shift();
    return next.trouble;
  }

  #takeFailure(): ResultType | undefined {
    const failure = this.#nextFailure;
    this.#nextFailure = undefined;
    return failure;
  }

  #sayNonsense(): void {
    this.#daemon.writeRaw("event:receive\ndata:{ this is not JSON\n\n");
    this.#daemon.writeRaw("event:something-new\ndata:{}\n\n: a comment\n\nid: 7\n\n");
    const timestamp = this.#world.timestamp();
    this.#emit(this.#world.person("alice"), timestamp, { somethingNew: { timestamp } });
    this.#daemon.emit({ account: this.self.number, envelope: { timestamp: "soon", dataMessage: 7 } });
    this.#daemon.emit({
      account: this.self.number,
      exception: { message: "invalid PreKey message", type: "ProtocolInvalidMessageException" },
      envelope: this.#envelope(this.#world.person("alice"), this.#world.timestamp()),
    });
  }

  #emitData(author: Person, about: Message, data: Record<string, unknown>): void {
    const timestamp = this.#world.timestamp();
    const common = { timestamp, message: null, expiresInSeconds: 0, viewOnce: false };
    this.#emit(author, timestamp, { dataMessage: { ...common, ...data, ...this.#groupInfo(about) } });
  }

  #emit(author: Person, timestamp: number, content: Record<string, unknown>): void {
    this.#lastEvent = {
      account: this.self.number,
      envelope: { ...this.#envelope(author, timestamp), ...content },
    };
    this.#daemon.emit(this.#lastEvent);
    this.#changes.tell();
  }

  #envelope({ number, uuid, name }: Person, timestamp: number): Record<string, unknown> {
    return {
      ...{ source: number, sourceNumber: number, sourceUuid: uuid, sourceName: name, sourceDevice: 1 },
      ...{ timestamp, serverReceivedTimestamp: timestamp + 1, serverDeliveredTimestamp: Date.now() },
    };
  }

  #groupInfo({ chatId }: Message): Record<string, unknown> {
    const group = this.#world.groups.get(chatId.replace(/^group:/, ""));
    return group ? { groupInfo: { groupId: group.id, groupName: group.name, revision: 1, type: "DELIVER" } } : {};
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

function quoteOf({ timestamp, author, text, files }: Message): Record<string, unknown> {
  const { number, uuid } = author;
  const attachments = files.map(({ mimeType, fileName }) => ({ contentType: mimeType, filename: fileName }));
  return { id: timestamp, author: number, authorNumber: number, authorUuid: uuid, text, attachments };
}

function rateLimited(retryAfterMs: number): RpcError {
  const retryAfterSeconds = Math.ceil(retryAfterMs / 1000);
  const results = [{ type: "RATE_LIMIT_FAILURE", token: "a-challenge", retryAfterSeconds }];
  return new RpcError(CODE.rateLimit, "Failed to send message due to rate limiting", { response: { results } });
}

function delivered(message: Message): Delivered {
  return {
    id: String(message.timestamp),
    chatId: message.chatId,
    text: message.text,
    raw: message.text,
    replyTo: message.quoteTimestamp === undefined ? undefined : String(message.quoteTimestamp),
    files: message.files,
    edits: message.edits,
    isUnsent: message.isUnsent,
    at: message.timestamp,
  };
}
