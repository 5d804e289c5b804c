/** A fake Slack workspace on loopback with one app in it: Web API and Socket Mode for unmodified client libraries. */
import {
  type Delivered,
  type FakePlatform,
  type GivenReaction,
  type Said,
  type SaysOptions,
  type Trouble,
  withMentions,
} from "../platform.ts";
import { until } from "../watch.ts";
import { emojiOfName, nameOfEmoji } from "./emoji.ts";
import { changeEvent } from "./methods.ts";
import { WebApi } from "./server.ts";
import { SocketMode } from "./socket.ts";
import { asDelivered, type Conversation, type Message, onWire, TEAM_ID, World } from "./world.ts";

const BOT_TOKEN = "xoxb-000000000000-fakefakefakefakefakefake";
const APP_TOKEN = "xapp-1-A0FAKE-000000000000-fakefakefakefakefakefake";

/** The scopes of an app that was made from the manifest in our documentation. */
const SCOPES = [
  ...["app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write", "commands"],
  ...["files:read", "files:write", "groups:history", "groups:read", "im:history", "im:read", "im:write"],
  ...["mpim:history", "mpim:read", "reactions:read", "reactions:write", "users:read"],
];

/** Starts a fake Slack. The caller disposes it. */
export async function fakeSlack(options: { readonly scopes?: readonly string[] } = {}): Promise<FakeSlack> {
  const fake = new FakeSlack(options.scopes ?? SCOPES);
  await fake.trouble({ kind: "up" });
  return fake;
}

export class FakeSlack implements FakePlatform {
  readonly channel = "slack";
  readonly troubles = [
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
  readonly #world = new World();
  readonly #socket = new SocketMode(this.#world.changes);
  readonly #api: WebApi;

  constructor(scopes: readonly string[]) {
    this.#api = new WebApi(this.#world, this.#socket, { botToken: BOT_TOKEN, appToken: APP_TOKEN, scopes });
  }

  get settings(): Readonly<Record<string, unknown>> {
    return { botToken: BOT_TOKEN, appToken: APP_TOKEN, apiUrl: `${this.#api.loopback.url}/api/` };
  }

  get isLinked(): boolean {
    return this.#socket.open > 0;
  }

  async linked(): Promise<void> {
    await until(this, "a client with an open socket", () => this.isLinked);
  }

  /** Sockets that take events now. */
  get sockets(): number {
    return this.#socket.open;
  }

  /** Envelopes that the client has acknowledged. */
  get acks(): number {
    return this.#socket.acks;
  }

  /** The methods that were called, oldest first. */
  get calls(): readonly string[] {
    return this.#api.calls;
  }

  async says(text: string, options: SaysOptions = {}): Promise<Said> {
    const user = this.#world.person(options.from ?? "alice", options.asBot);
    const channel = this.#place(options);
    const threadTs = options.thread === undefined ? options.replyTo : this.#world.thread(channel, options.thread, user);
    const message = this.#world.add({
      channel,
      user,
      text: `${options.mentionsBot ? `<@${this.#world.bot.id}> ` : ""}${this.#written(text, options.mentions)}`,
      threadTs,
      ...(options.forwardedFrom !== undefined && { sharedFrom: this.#world.person(options.forwardedFrom) }),
      files: (options.files ?? []).map((file) => this.#world.store(file)),
      ...(options.at !== undefined && { at: options.at }),
    });
    this.#tell(message);
    return { id: message.ts, chatId: channel.id, senderId: user.id };
  }

  #written(text: string, mentions: SaysOptions["mentions"]): string {
    return withMentions(escaped(text), mentions, (name) => `<@${this.#world.person(name).id}>`).text;
  }

  /** A message with a text in Slack's own notation, and fields that `says` does not make. */
  async sends(text: string, { fields = {}, ...options }: SaysOptions & { fields?: object } = {}): Promise<Said> {
    const user = this.#world.person(options.from ?? "alice");
    const message = this.#world.add({ channel: this.#place(options), user, text, threadTs: undefined, files: [] });
    this.#tell(message, fields);
    return { id: message.ts, chatId: message.channel.id, senderId: user.id };
  }

  idOf(who: string | { readonly group: string }): string {
    return typeof who === "string" ? this.#world.person(who).id : this.#world.channel(who.group).id;
  }

  async edits(said: Said, text: string): Promise<void> {
    const message = this.#message(said.id);
    const previous_message = onWire(message, this.#world, this.#api.loopback.url);
    message.text = escaped(text);
    message.edits += 1;
    this.#world.changes.tell();
    const changed = onWire(message, this.#world, this.#api.loopback.url);
    this.#socket.event(changeEvent(message, "message_changed", { message: changed, previous_message }));
  }

  async unsends(said: Said): Promise<void> {
    const message = this.#message(said.id);
    message.isDeleted = true;
    this.#world.changes.tell();
    const previous_message = onWire(message, this.#world, this.#api.loopback.url);
    this.#socket.event(changeEvent(message, "message_deleted", { deleted_ts: message.ts, previous_message }));
  }

  async reacts(messageId: string, emoji: string, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<void> {
    const message = this.#message(messageId);
    this.#socket.event({
      type: "reaction_added",
      user: this.#world.person(options.from ?? "alice").id,
      reaction: nameOfEmoji(emoji),
      item: { type: "message", channel: message.channel.id, ts: message.ts },
      item_user: message.user.id,
      event_ts: `${Date.now() / 1000}`,
    });
  }

  async presses(messageId: string, data: string, options: Pick<SaysOptions, "from"> = {}): Promise<void> {
    const message = this.#message(messageId);
    const user = this.#world.person(options.from ?? "alice");
    this.#socket.envelope("interactive", {
      type: "block_actions",
      team: { id: TEAM_ID },
      user: { id: user.id, username: user.name, name: user.name, team_id: TEAM_ID },
      channel: { id: message.channel.id, name: message.channel.name ?? "directmessage" },
      container: { type: "message", message_ts: message.ts, channel_id: message.channel.id, is_ephemeral: false },
      message: onWire(message, this.#world, this.#api.loopback.url),
      trigger_id: crypto.randomUUID(),
      response_url: this.#responseUrl(message.channel),
      actions: [
        { type: "button", action_id: `button:${data}`, block_id: "b", value: data, action_ts: `${Date.now() / 1000}` },
      ],
    });
  }

  async commands(name: string, args: string, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<Said> {
    const user = this.#world.person(options.from ?? "alice");
    const channel = this.#place(options);
    const trigger_id = `trigger-${crypto.randomUUID()}`;
    this.#socket.envelope("slash_commands", {
      command: "/moltbot",
      text: [name, args].filter(Boolean).join(" "),
      trigger_id,
      team_id: TEAM_ID,
      user_id: user.id,
      user_name: user.name,
      channel_id: channel.id,
      channel_name: channel.name ?? "directmessage",
      response_url: this.#responseUrl(channel),
    });
    return { id: trigger_id, chatId: channel.id, senderId: user.id };
  }

  /** Slack asks the client to take a new socket. */
  refreshes(reason: "warning" | "refresh_requested" | "link_disabled" = "refresh_requested"): void {
    this.#socket.refresh(reason);
  }

  /** Sends any event. */
  pushes(event: Record<string, unknown>): void {
    this.#socket.event(event);
  }

  get delivered(): readonly Delivered[] {
    return this.#world.messages
      .filter(({ user }) => user === this.#world.bot)
      .map((message) => asDelivered(message, this.#world));
  }

  get reactions(): readonly GivenReaction[] {
    return this.#world.reactions.map(({ messageId, emoji }) => ({ messageId, emoji: emojiOfName(emoji) }));
  }

  get typingIn(): readonly string[] {
    return [...this.#world.statuses.keys()];
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
        return this.#api.troubles.order(trouble);
      case "cut":
        return this.#socket.cut();
      case "down":
        this.#socket.cut();
        return this.#api.loopback.down();
      case "up":
        return this.#api.loopback.up();
      case "redeliver":
        return this.#socket.redeliver();
      case "malformed":
        return this.#sendNonsense();
      case "revoke":
        this.#api.revoke();
        return this.#socket.cut();
      case "remove-from-group":
        return this.#removeFrom(trouble.group);
      default:
        throw new Error(`Slack has no trouble of the kind ${trouble.kind}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
  }

  #place({ in: place = "direct", from = "alice" }: SaysOptions): Conversation {
    return place === "direct" ? this.#world.direct(this.#world.person(from)) : this.#world.channel(place.group);
  }

  /** One mention makes two events: the message, and the mention. */
  #tell(message: Message, fields: object = {}): void {
    const { id: channel, kind } = message.channel;
    const wire = onWire(message, this.#world, this.#api.loopback.url);
    const event = { ...wire, channel, event_ts: message.ts, ...fields };
    this.#socket.event({ ...event, channel_type: kind });
    if (kind === "channel" && message.text.includes(`<@${this.#world.bot.id}>`))
      this.#socket.event({ ...event, type: "app_mention" });
  }

  #sendNonsense(): void {
    const { id } = this.#world.direct(this.#world.person("alice"));
    this.#socket.raw('{"envelope_id": not json');
    this.#socket.raw(JSON.stringify({ envelope_id: "odd-1", type: "events_api", payload: { event_id: "Ev0" } }));
    this.#socket.raw(JSON.stringify({ envelope_id: "odd-2", type: "galactic", payload: { warp: 9 } }));
    this.#socket.event({ type: "error", warp: 9 });
    this.#socket.event({ type: "message", channel: id, user: 7, text: { not: "a text" }, ts: "1700000000.000100" });
  }

  #removeFrom(group: string): void {
    const channel = this.#world.channel(group);
    channel.isMember = false;
    const actor_id = this.#world.person("alice").id;
    this.#socket.event({ type: "channel_left", channel: channel.id, actor_id, event_ts: `${Date.now() / 1000}` });
  }

  #responseUrl(channel: Conversation): string {
    const id = crypto.randomUUID();
    this.#api.responses.set(id, channel);
    return `${this.#api.loopback.url}/response/${id}`;
  }

  #message(ts: string): Message {
    const message = this.#world.messages.find((each) => each.ts === ts && !each.isDeleted);
    if (!message) throw new Error(`there is no message ${ts}`);
    return message;
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
