/** A fake Discord: what people do there, the trouble that it can make, and what it holds. */
import { Loopback } from "../loopback.ts";
import {
  type Delivered,
  type GivenReaction,
  type Said,
  type SaysOptions,
  type Trouble,
  withMentions,
} from "../platform.ts";
import { Changes, until } from "../watch.ts";
import type { FakeDiscord } from "./index.ts";
import { Interactions } from "./interactions.ts";
import { type Access, RestServer } from "./rest-server.ts";
import { Api } from "./routes.ts";
import { GatewaySessions } from "./sessions.ts";
import { type Guild, type Message, type User, World } from "./world.ts";
import { asDelivered, buttonsOf } from "./written.ts";

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

/** One bot account and everybody around it. */
export class Platform implements FakeDiscord {
  readonly channel = "discord";
  readonly troubles = TROUBLES;
  readonly #access: Access = { token: `fake-discord-token-${crypto.randomUUID()}`, isRevoked: false };
  readonly #changes = new Changes();
  readonly #world = new World();
  readonly #loopback = new Loopback((request, response) => void this.#rest.answer(request, response));
  readonly #gateway: GatewaySessions;
  readonly #api: Api;
  readonly #rest: RestServer;
  readonly #interactions: Interactions;

  constructor() {
    const onChange = () => this.#changes.tell();
    const gatewayUrl = () => `${this.#loopback.url.replace("http", "ws")}/gateway`;
    const isToken = (token: unknown) => token === this.#access.token && !this.#access.isRevoked;
    this.#gateway = new GatewaySessions({ world: this.#world, onChange, isToken, url: gatewayUrl });
    const dispatch = (t: string, d: unknown) => this.#gateway.dispatch(t, d);
    this.#api = new Api({ world: this.#world, onChange, dispatch, gatewayUrl });
    this.#rest = new RestServer({ world: this.#world, api: this.#api, access: this.#access });
    this.#interactions = new Interactions(this.#world, this.#api, this.#gateway);
    this.#loopback.server.on("upgrade", (request, socket, head) => this.#gateway.accept(request, socket, head));
  }

  async up(): Promise<void> {
    await this.#loopback.up();
    this.#world.cdn = this.#loopback.url;
  }

  get settings() {
    return { token: this.#access.token, apiUrl: `${this.#loopback.url}/api` };
  }

  get requests(): ReadonlyMap<string, number> {
    return this.#rest.requests;
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
    await until(this, "a bot on the gateway", () => this.isLinked);
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
    this.#interactions.begin(3, { channelId: message.channelId, user, data: component, source: message });
  }

  async commands(name: string, args: string, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<Said> {
    const command = this.#api.commands.find((each) => each.name === name);
    if (!command) throw new Error(`there is no command /${name} in the menu`);
    const user = this.#world.person(options.from ?? "alice");
    const channelId = this.#goTo(user, options);
    const [option] = (command.options ?? []) as readonly { readonly name: string }[];
    const given = args === "" || !option ? [] : [{ name: option.name, type: 3, value: args }];
    const id = this.#interactions.begin(2, {
      channelId,
      user,
      data: { id: command.id, name, type: 1, options: given },
    });
    return this.#said(id, channelId, user);
  }

  get menu(): readonly string[] {
    return this.#api.commands.map(({ name }) => String(name));
  }

  get delivered(): readonly Delivered[] {
    const own = [...this.#world.messages.values()].filter(({ author }) => author.id === this.botId);
    return own.filter(({ isLoading }) => !isLoading).map((message) => asDelivered(this.#world, message));
  }

  get reactions(): readonly GivenReaction[] {
    return this.#api.written.reactions;
  }

  get typingIn(): readonly string[] {
    return this.#api.typing.channelIds.map((id) => this.#world.chatIdOf(id));
  }

  get typingCount(): number {
    return this.#api.typing.count;
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
        return this.#rest.troubles.order(trouble);
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
        this.#access.isRevoked = true;
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
    this.#rest.globalLimitMs = retryAfterMs;
  }

  closeWith(code: number): void {
    this.#gateway.close(code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#api.typing[Symbol.dispose]();
    this.#gateway.terminate();
    await this.#loopback[Symbol.asyncDispose]();
  }

  /** Where somebody speaks; servers and threads that this makes are told of first. */
  #goTo(user: User, options: Pick<SaysOptions, "in" | "thread">): string {
    const { channel, newGuild, newThread } = this.#world.place(user, options);
    if (newGuild) this.#gateway.join(newGuild);
    if (newThread) this.#gateway.dispatch("THREAD_CREATE", { ...newThread, newly_created: true });
    return channel.id;
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
}
