/**
 * A fake of Discord on loopback: REST API version 10, the gateway, and a place for files. `@discordjs/rest` and
 * `@discordjs/ws` connect to it unchanged. A group is a server with one text channel; each person has one direct chat.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Loopback } from "../loopback.ts";
import {
  type Delivered,
  type FakePlatform,
  type GivenReaction,
  type Said,
  type SaysOptions,
  type Trouble,
  withMentions,
} from "../platform.ts";
import { Changes, until } from "../watch.ts";
import { withoutMarkup } from "./markup.ts";
import { Refusal, readBody, tooMany } from "./request.ts";
import { Api, buttonsOf } from "./routes.ts";
import { GatewaySessions } from "./sessions.ts";
import { type Guild, type Message, type User, World } from "./world.ts";

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

const ID = /\d{17,}/g;

/** How long a gateway may take to start and link itself. */
const LINK_LIMIT_MS = 60_000;

/** What a person did in a channel: a pressed button or a command. */
interface Interaction {
  readonly channelId: string;
  readonly user: User;
  readonly data: Record<string, unknown>;
  /** The message that has the button. */
  readonly source?: Message;
}

type SendTrouble = Extract<Trouble, { kind: "rate-limit" | "accept-then-fail" | "refuse" | "slow" }>;

/** What this fake can do beyond what every fake can. */
export interface FakeDiscord extends FakePlatform {
  readonly botId: string;
  /** How often a client began a session, and how often it took one up again. */
  readonly counted: { readonly identify: number; readonly resume: number };
  /** How many requests the API had, by method and path pattern such as "POST /channels/:id/messages". */
  readonly requests: ReadonlyMap<string, number>;
  /** A message with fields that `says` does not make. */
  sends(fields: object, options?: Omit<SaysOptions, "files">): Promise<Said>;
  /** Any event of the gateway. */
  tells(type: string, data: object): void;
  presses(messageId: string, data: string, options?: Pick<SaysOptions, "from">): Promise<void>;
  /** Ends all sessions: those who are connected are told, the others when they come back. */
  expireSessions(): void;
  /** Asks clients to connect again. */
  askToReconnect(): void;
  /** Makes the addresses of files invalid that were given out so far. */
  expireLinks(): void;
  /** Flips the portal's switch "Message Content Intent". */
  allowMessageContent(isAllowed: boolean): void;
  /** Refuses the next request of any kind for all routes. */
  limitGlobally(retryAfterMs: number): void;
  /** Closes the connections with one of Discord's close codes. */
  closeWith(code: number): void;
}

/** Starts a fake Discord with one bot account. */
export async function fakeDiscord(): Promise<FakeDiscord> {
  const platform = new Platform();
  await platform.up();
  return platform;
}

class Platform implements FakeDiscord {
  readonly channel = "discord";
  readonly troubles = TROUBLES;
  readonly requests = new Map<string, number>();
  readonly #token = `fake-discord-token-${crypto.randomUUID()}`;
  readonly #changes = new Changes();
  readonly #world = new World();
  readonly #loopback = new Loopback((request, response) => void this.#answer(request, response));
  readonly #gateway: GatewaySessions;
  readonly #api: Api;
  readonly #sendTroubles: { trouble: SendTrouble; left: number }[] = [];
  #globalLimitMs: number | undefined;
  #isRevoked = false;

  constructor() {
    const onChange = () => this.#changes.tell();
    const gatewayUrl = () => `${this.#loopback.url.replace("http", "ws")}/gateway`;
    const isToken = (token: unknown) => token === this.#token && !this.#isRevoked;
    this.#gateway = new GatewaySessions({ world: this.#world, onChange, isToken, url: gatewayUrl });
    const dispatch = (t: string, d: unknown) => this.#gateway.dispatch(t, d);
    this.#api = new Api({ world: this.#world, onChange, dispatch, gatewayUrl });
    this.#loopback.server.on("upgrade", (request, socket, head) => this.#gateway.accept(request, socket, head));
  }

  async up(): Promise<void> {
    await this.#loopback.up();
    this.#world.cdn = this.#loopback.url;
  }

  get settings() {
    return { token: this.#token, apiUrl: `${this.#loopback.url}/api` };
  }

  get botId(): string {
    return this.#world.bot.id;
  }

  get counted() {
    return this.#gateway.counted;
  }

  get isLinked(): boolean {
    return this.#gateway.isLinked;
  }

  async linked(): Promise<void> {
    await until(this, "a bot on the gateway", () => this.isLinked, LINK_LIMIT_MS);
  }

  async says(text: string, options: SaysOptions = {}): Promise<Said> {
    const author = this.#world.person(options.from ?? (options.asBot ? "beep" : "alice"), options.asBot);
    const channelId = this.#goTo(author, options);
    const written = withMentions(text, options.mentions, (name) => `<@${this.#world.person(name).id}>`).text;
    const content = options.mentionsBot ? `<@${this.botId}> ${written}` : written;
    const answered = options.replyTo === undefined ? undefined : this.#world.messages.get(options.replyTo);
    const named = [...content.matchAll(/<@!?(\d+)>/g)].map(([, id]) => this.#userById(id));
    const mentions = [...named, answered?.author].filter((user) => user !== undefined);
    const { forwardedFrom } = options;
    const message = this.#world.add({
      channelId,
      author,
      content: forwardedFrom === undefined ? content : "",
      ...(forwardedFrom !== undefined && { copy: this.#copied(forwardedFrom, content) }),
      mentions: [...new Set(mentions)],
      type: answered ? 19 : 0,
      attachments: this.#world.attach(options.files ?? []),
      ...(options.replyTo !== undefined && { replyTo: options.replyTo }),
      ...(options.at !== undefined && { at: options.at }),
    });
    this.#gateway.dispatch("MESSAGE_CREATE", this.#world.dispatched(message));
    return this.#said(message.id, channelId, author);
  }

  async sends(fields: object, options: Omit<SaysOptions, "files"> = {}): Promise<Said> {
    const author = this.#world.person(options.from ?? "alice", options.asBot);
    const channelId = this.#goTo(author, options);
    const message = this.#world.add({ channelId, author, content: "" });
    this.#gateway.dispatch("MESSAGE_CREATE", { ...this.#world.dispatched(message), ...fields });
    return this.#said(message.id, channelId, author);
  }

  tells(type: string, data: object): void {
    this.#gateway.dispatch(type, data as Record<string, unknown>);
  }

  idOf(who: string | { readonly group: string }): string {
    if (typeof who === "string") return this.#world.person(who).id;
    return this.#goTo(this.#world.person("alice"), { in: who });
  }

  /** Somebody else has written it where the account sees nothing. */
  #copied(from: string, content: string) {
    const author = this.#world.person(from);
    const { id, channelId } = this.#world.add({ channelId: this.#world.ids.next(), author, content });
    return { id, channelId, content };
  }

  async edits(said: Said, text: string): Promise<void> {
    const message = this.#message(said.id);
    message.content = text;
    message.editedAt = new Date().toISOString();
    this.#gateway.dispatch("MESSAGE_UPDATE", this.#world.dispatched(message));
  }

  async unsends(said: Said): Promise<void> {
    const message = this.#message(said.id);
    message.isDeleted = true;
    const guild_id = this.#world.channels.get(message.channelId)?.guild_id;
    this.#gateway.dispatch("MESSAGE_DELETE", { id: message.id, channel_id: message.channelId, guild_id });
  }

  async reacts(messageId: string, emoji: string, options: Pick<SaysOptions, "from"> = {}): Promise<void> {
    const message = this.#message(messageId);
    const user = this.#world.person(options.from ?? "alice");
    const guild_id = this.#world.channels.get(message.channelId)?.guild_id;
    this.#gateway.dispatch("MESSAGE_REACTION_ADD", {
      user_id: user.id,
      channel_id: message.channelId,
      message_id: messageId,
      message_author_id: message.author.id,
      emoji: { id: null, name: emoji },
      ...(guild_id !== undefined && { guild_id, member: { user, roles: [], nick: null } }),
    });
  }

  async presses(messageId: string, data: string, options: Pick<SaysOptions, "from"> = {}): Promise<void> {
    const message = this.#message(messageId);
    if (!buttonsOf(message).some((button) => button.data === data)) throw new Error(`no button "${data}" there`);
    const user = this.#world.person(options.from ?? "alice");
    const component = { component_type: 2, custom_id: data };
    this.#interact(3, { channelId: message.channelId, user, data: component, source: message });
  }

  async commands(name: string, args: string, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<Said> {
    const command = this.#api.commands.find((each) => each.name === name);
    if (!command) throw new Error(`there is no command /${name} in the menu`);
    const user = this.#world.person(options.from ?? "alice");
    const channelId = this.#goTo(user, options);
    const [option] = (command.options ?? []) as readonly { readonly name: string }[];
    const given = args === "" || !option ? [] : [{ name: option.name, type: 3, value: args }];
    const id = this.#interact(2, { channelId, user, data: { id: command.id, name, type: 1, options: given } });
    return this.#said(id, channelId, user);
  }

  get menu(): readonly string[] {
    return this.#api.commands.map(({ name }) => String(name));
  }

  get delivered(): readonly Delivered[] {
    const own = [...this.#world.messages.values()].filter(({ author }) => author.id === this.botId);
    return own.filter(({ isLoading }) => !isLoading).map((message) => this.#delivered(message));
  }

  get reactions(): readonly GivenReaction[] {
    return this.#api.reactions;
  }

  get typingIn(): readonly string[] {
    return [...this.#api.typing.keys()].map((id) => this.#world.chatIdOf(id));
  }

  get typingCount(): number {
    return this.#api.typingCount;
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.on(listener);
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
        return this.#gateway.cut();
      case "down":
        this.#gateway.terminate();
        return await this.#loopback.down();
      case "up":
        return await this.up();
      case "redeliver":
        return this.#gateway.redeliver();
      case "malformed":
        return this.#gateway.sendNonsense();
      case "revoke":
        this.#isRevoked = true;
        return this.#gateway.close(4004);
      case "remove-from-group":
        return this.#remove(this.#world.guildNamed(trouble.group).guild);
      default:
        throw new Error(`Discord has no trouble of the kind "${trouble.kind}"`);
    }
  }

  expireSessions(): void {
    this.#gateway.expire();
  }

  askToReconnect(): void {
    this.#gateway.askToReconnect();
  }

  expireLinks(): void {
    this.#world.linksValidFrom = Date.now() + 1;
  }

  allowMessageContent(isAllowed: boolean): void {
    this.#gateway.isContentAllowed = isAllowed;
  }

  limitGlobally(retryAfterMs: number): void {
    this.#globalLimitMs = retryAfterMs;
  }

  closeWith(code: number): void {
    this.#gateway.close(code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#api.typing.values()) clearTimeout(timer);
    this.#gateway.terminate();
    await this.#loopback[Symbol.asyncDispose]();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.#loopback.url);
    try {
      if (url.pathname.startsWith("/attachments/")) return this.#serveFile(url, response);
      const answer = await this.#call(request, url);
      reply(response, answer === undefined ? 204 : 200, answer, { "x-ratelimit-bucket": bucketOf(request) });
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 0, `the fake is broken: ${String(error)}`);
      const headers = { "x-ratelimit-bucket": bucketOf(request), ...refusal.headers };
      reply(response, refusal.status, refusal.body, headers);
    }
  }

  async #call(request: IncomingMessage, url: URL): Promise<unknown> {
    const method = request.method ?? "GET";
    const path = decodeURIComponent(url.pathname.replace(/^\/api(?:\/v10)?/, ""));
    const name = `${method} ${path.replaceAll(ID, ":id")}`;
    this.requests.set(name, (this.requests.get(name) ?? 0) + 1);
    const body = await readBody(request);
    const found = this.#api.find(method, path);
    // The tokens of interactions are in their addresses; everything else needs the bot's.
    const isByToken = /^\/(?:interactions|webhooks)\//.test(path);
    if (!isByToken && request.headers.authorization !== `Bot ${this.#token}`) throw unauthorized();
    if (this.#isRevoked) throw unauthorized();
    if (this.#globalLimitMs !== undefined) {
      const limit = this.#globalLimitMs;
      this.#globalLimitMs = undefined;
      throw tooMany(limit, true);
    }
    const trouble = found.route.isSend ? this.#nextTrouble() : undefined;
    if (trouble?.kind === "rate-limit") throw tooMany(trouble.retryAfterMs, false);
    if (trouble?.kind === "refuse") throw new Refusal(403, 50013, "Missing Permissions");
    if (trouble?.kind === "slow") await sleep(trouble.ms);
    const answer = found.route.answer({ path: found.path, query: url.searchParams, body });
    if (trouble?.kind === "accept-then-fail") throw new Refusal(500, 0, "500: Internal Server Error");
    return answer;
  }

  #nextTrouble(): SendTrouble | undefined {
    const [next] = this.#sendTroubles;
    if (!next) return undefined;
    next.left -= 1;
    if (next.left <= 0) this.#sendTroubles.shift();
    return next.trouble;
  }

  #serveFile(url: URL, response: ServerResponse): void {
    const [, , , id] = url.pathname.split("/");
    const made = Number.parseInt(url.searchParams.get("is") ?? "0", 16);
    const attachments = [...this.#world.messages.values()].flatMap((message) => message.attachments);
    const file = attachments.find((each) => each.id === id)?.file;
    if (!file || made < this.#world.linksValidFrom) {
      response.writeHead(404, { "content-type": "text/plain" }).end("This content is no longer available.");
      return;
    }
    response.writeHead(200, { "content-type": file.mimeType, "content-length": file.bytes.length }).end(file.bytes);
  }

  /** Where somebody speaks; servers and threads that this makes are told of first. */
  #goTo(user: User, options: Pick<SaysOptions, "in" | "thread">): string {
    const { channel, newGuild, newThread } = this.#world.place(user, options);
    if (newGuild) this.#gateway.join(newGuild);
    if (newThread) this.#gateway.dispatch("THREAD_CREATE", { ...newThread, newly_created: true });
    return channel.id;
  }

  #interact(type: number, { channelId, user, data, source }: Interaction): string {
    const id = this.#world.ids.next();
    const token = `interaction-${crypto.randomUUID()}`;
    const channel = this.#world.channels.get(channelId);
    this.#api.interactions.set(token, { id, token, channelId, source, isAnswered: false });
    this.#gateway.dispatch("INTERACTION_CREATE", {
      id,
      application_id: this.botId,
      type,
      token,
      version: 1,
      channel_id: channelId,
      channel: { id: channelId, type: channel?.type, name: channel?.name, parent_id: channel?.parent_id },
      data,
      ...(channel?.guild_id === undefined
        ? { user }
        : { guild_id: channel.guild_id, member: { user, roles: [], nick: null } }),
      ...(source && { message: this.#world.shown(source) }),
    });
    return id;
  }

  #remove(guild: Guild): void {
    guild.isJoined = false;
    this.#gateway.dispatch("GUILD_DELETE", { id: guild.id });
  }

  #said(id: string, channelId: string, author: User): Said {
    this.#changes.tell();
    return { id, chatId: this.#world.chatIdOf(channelId), senderId: author.id };
  }

  #message(id: string): Message {
    const message = this.#world.messages.get(id);
    if (!message) throw new Error(`there is no message ${id}`);
    return message;
  }

  #userById(id: string | undefined): User | undefined {
    return [this.#world.bot, ...this.#world.people.values()].find((user) => user.id === id);
  }

  #delivered(message: Message): Delivered {
    const channel = this.#world.channels.get(message.channelId);
    return {
      id: message.id,
      chatId: this.#world.chatIdOf(message.channelId),
      thread: channel?.parent_id === undefined ? undefined : channel.name,
      text: withoutMarkup(message.content),
      raw: message.content,
      replyTo: message.replyTo,
      files: message.attachments.map(({ file }) => file),
      poll: message.poll,
      buttons: message.components && buttonsOf(message),
      edits: message.edits,
      isUnsent: message.isDeleted,
      showsPreviews: message.showsPreviews,
      clientId: message.nonce,
      at: message.at,
    };
  }
}

/** Each route has a bucket, whatever the ids in it. */
function bucketOf({ method = "GET", url = "" }: IncomingMessage): string {
  const route = `${method} ${url
    .split("?")[0]
    ?.replaceAll(ID, ":id")
    .replace(/reactions\/.*/, "reactions")}`;
  return Buffer.from(route).toString("hex").slice(-24);
}

function unauthorized(): Refusal {
  return new Refusal(401, 0, "401: Unauthorized");
}

/** Every answer carries the headers of its rate limit. 204 has no content type: the client would try to read it. */
function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    "x-ratelimit-limit": "50",
    "x-ratelimit-remaining": "49",
    "x-ratelimit-reset-after": "1",
    ...(status !== 204 && { "content-type": "application/json" }),
    ...headers,
  });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}
