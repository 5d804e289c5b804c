/** A fake Telegram: the Bot API on loopback with one bot, good enough for an unmodified client library. */
import type { Delivered, FakePlatform, GivenReaction, Said, SaysOptions, Trouble } from "../platform.ts";
import { until } from "../watch.ts";
import { BotApi } from "./server.ts";
import { Updates } from "./updates.ts";
import { entitiesOf, saidOf, seconds, UserMessages } from "./user-messages.ts";
import { type Chat, type Message, onWire, textContent, World } from "./world.ts";

const TOKEN = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFake000";

/** Starts a fake Telegram. The caller disposes it. */
export async function fakeTelegram({ botId }: { readonly botId?: number } = {}): Promise<FakeTelegram> {
  const fake = new FakeTelegram(botId);
  await fake.trouble({ kind: "up" });
  return fake;
}

export class FakeTelegram implements FakePlatform {
  readonly channel = "telegram";
  readonly troubles = [
    "rate-limit",
    "accept-then-fail",
    "refuse",
    "slow",
    "refuse-markup",
    "cut",
    "down",
    "up",
    "redeliver",
    "malformed",
    "revoke",
    "replace",
    "remove-from-group",
  ] as const satisfies readonly Trouble["kind"][];
  readonly #world: World;
  readonly #updates: Updates;
  readonly #api: BotApi;
  readonly #userMessages: UserMessages;

  constructor(botId?: number) {
    this.#world = new World(botId);
    this.#updates = new Updates(this.#world.changes);
    this.#api = new BotApi(this.#world, this.#updates, TOKEN);
    this.#userMessages = new UserMessages(this.#world, this.#updates);
  }

  /** The address of the Bot API; a setting of the client. */
  get apiRoot(): string {
    return this.#api.loopback.url;
  }

  get settings(): Readonly<Record<string, unknown>> {
    return { botToken: TOKEN, apiRoot: this.apiRoot };
  }

  get isLinked(): boolean {
    return this.#updates.isPolled;
  }

  async linked(): Promise<void> {
    await until(this, "a client that polls", () => this.isLinked);
  }

  /** Updates that no client has confirmed. */
  get unconfirmed(): readonly number[] {
    return this.#updates.unconfirmed;
  }

  /** Presses of buttons that the client has not answered. */
  get unansweredPresses(): number {
    return this.#world.callbacks.size;
  }

  /** The methods that were called, oldest first, without the polls. */
  get calls(): readonly string[] {
    return this.#api.calls;
  }

  async says(text: string, options: SaysOptions = {}): Promise<Said> {
    return saidOf(this.#userMessages.says(text, options));
  }

  idOf(who: string | { readonly group: string }): string {
    return String(typeof who === "string" ? this.#world.person(who).id : this.#world.group(who.group).chat.id);
  }

  async edits(said: Said, text: string): Promise<void> {
    const message = this.#message(said.id);
    message.text = text;
    const entities = entitiesOf(text);
    const now = "text" in message.content ? { text, entities } : { caption: text, caption_entities: entities };
    message.content = { ...message.content, ...now };
    message.edits += 1;
    this.#world.changes.tell();
    this.#updates.push("edited_message", onWire(message, this.#world));
  }

  async reacts(messageId: string, emoji: string, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<void> {
    const message = this.#message(messageId);
    this.#updates.push("message_reaction", {
      chat: message.chat,
      message_id: message.id,
      user: this.#world.person(options.from ?? "alice"),
      date: seconds(),
      old_reaction: [],
      new_reaction: [{ type: "emoji", emoji }],
    });
  }

  async presses(messageId: string, data: string, options: Pick<SaysOptions, "from"> = {}): Promise<void> {
    const message = this.#message(messageId);
    const id = `press-${this.#world.nextId()}`;
    this.#world.callbacks.add(id);
    this.#updates.push("callback_query", {
      id,
      from: this.#world.person(options.from ?? "alice"),
      message: onWire(message, this.#world),
      chat_instance: "1",
      data,
    });
  }

  /** As a tap in the menu does: groups get the bot's name after the command. */
  async commands(name: string, args: string, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<Said> {
    const isGroup = typeof options.in === "object";
    const command = isGroup ? `/${name}@${this.#world.bot.username}` : `/${name}`;
    return this.says([command, args].filter(Boolean).join(" "), options);
  }

  /** A message of a kind that has neither text nor a file: "location", "contact", "dice" … */
  async sends(content: Readonly<Record<string, unknown>>, options: SaysOptions = {}): Promise<Said> {
    return saidOf(this.#userMessages.add("", content, options, []));
  }

  /** A post in a channel that has that title. */
  async posts(text: string, title: string): Promise<Said> {
    const { chat } = this.#world.group(title, "channel");
    const { from: _, ...post } = onWire(
      this.#userMessages.keep(chat, { text, content: textContent(text) }),
      this.#world,
    );
    const said = { ...post, sender_chat: chat, author_signature: "The editor" };
    this.#updates.push("channel_post", said);
    return { id: String(post.message_id), chatId: String(chat.id), senderId: String(chat.id) };
  }

  /** An anonymous admin of a group writes in its name, as Telegram sends that: `from` is a stand-in that all share. */
  async asGroup(text: string, group: string): Promise<Said> {
    const { chat } = this.#world.group(group);
    const message = onWire(this.#userMessages.keep(chat, { text, content: textContent(text) }), this.#world);
    const from = { id: 1087968824, is_bot: true, first_name: "Group", username: "GroupAnonymousBot" };
    this.#updates.push("message", { ...message, from, sender_chat: chat });
    return { id: String(message.message_id), chatId: String(chat.id), senderId: String(chat.id) };
  }

  /** A group that has that name becomes a supergroup; resolves with the old and the new id. */
  async migrates(group: string): Promise<{ from: string; to: string }> {
    const { from, to } = this.#world.migrate(group);
    const service = (chat: Chat, content: Readonly<Record<string, unknown>>) =>
      this.#updates.push("message", onWire(this.#userMessages.keep(chat, { text: "", content }), this.#world));
    service(from, { migrate_to_chat_id: to.id });
    service(to, { migrate_from_chat_id: from.id });
    return { from: String(from.id), to: String(to.id) };
  }

  /** Makes a basic group (not a supergroup) of that name; resolves with its id. */
  async basicGroup(name: string): Promise<string> {
    return String(this.#world.group(name, "group").chat.id);
  }

  /** The ids of updates go on from here. */
  startsIdsAt(id: number): void {
    this.#updates.startAt(id);
  }

  /** Puts any update into the queue. */
  pushes(kind: string, body: unknown): void {
    this.#updates.push(kind, body);
  }

  get menu(): readonly string[] {
    return this.#world.menu;
  }

  get delivered(): readonly Delivered[] {
    return this.#world.messages
      .filter(({ from }) => from === this.#world.bot)
      .map((message) => ({
        id: String(message.id),
        chatId: String(message.chat.id),
        thread: this.#world.topicName(message.chat.id, message.thread),
        text: message.text,
        raw: message.raw,
        replyTo: message.replyTo === undefined ? undefined : String(message.replyTo),
        files: message.files,
        poll: message.poll,
        buttons: message.buttons,
        edits: message.edits,
        isUnsent: message.isUnsent,
        showsPreviews: message.showsPreviews,
        at: message.at,
      }));
  }

  get reactions(): readonly GivenReaction[] {
    return this.#world.reactions;
  }

  get typingIn(): readonly string[] {
    return this.#world.typingIn;
  }

  get typingCount(): number {
    return this.#world.typingCount;
  }

  onChange(listener: () => void): Disposable {
    return this.#world.changes.on(listener);
  }

  async trouble(trouble: Trouble): Promise<void> {
    switch (trouble.kind) {
      case "rate-limit":
      case "slow":
      case "accept-then-fail":
      case "refuse":
      case "refuse-markup":
        return this.#api.troubles.order(trouble);
      case "cut":
        return this.#updates.cut();
      case "down":
        return this.#api.loopback.down();
      case "up":
        return this.#api.loopback.up();
      case "redeliver":
        return this.#userMessages.repeat();
      case "malformed":
        return this.#sendNonsense();
      case "revoke":
        return this.#api.revoke();
      case "replace":
        return this.#updates.replace();
      case "remove-from-group":
        return this.#removeFrom(trouble.group);
      case "ban":
        throw new Error("Telegram has no such answer for bots");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
  }

  #sendNonsense(): void {
    const alice = this.#world.person("alice");
    const broken = { message_id: this.#world.nextId(), chat: this.#world.direct(alice), from: alice, date: seconds() };
    this.#updates.push("message", { ...broken, text: { not: "a text" } });
    this.#updates.force("galactic_event", { warp: 9 });
  }

  #removeFrom(name: string): void {
    const group = this.#world.group(name);
    group.isBotMember = false;
    this.#updates.push("my_chat_member", {
      chat: group.chat,
      from: this.#world.person("alice"),
      date: seconds(),
      old_chat_member: { user: this.#world.bot, status: "member" },
      new_chat_member: { user: this.#world.bot, status: "kicked", until_date: 0 },
    });
  }

  #message(id: string): Message {
    const message = this.#world.message(id);
    if (!message) throw new Error(`there is no message ${id}`);
    return message;
  }
}
