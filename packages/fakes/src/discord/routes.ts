/** The REST API, version 10: one entry a route. What a route answers is sent as JSON; nothing becomes 204. */
import type { GivenReaction } from "../platform.ts";
import { type Body, Refusal } from "./request.ts";
import type { Channel, Message, World } from "./world.ts";

/** How long a repeated nonce finds the first message. */
const NONCE_LIFE_MS = 180_000;
const TYPING_MS = 10_000;

/** A press or a command that waits for its answer. */
export interface Interaction {
  readonly id: string;
  readonly token: string;
  readonly channelId: string;
  /** Of a press: the message that the button is on. */
  readonly source?: Message | undefined;
  /** The account's answer, once there is one. */
  original?: Message | undefined;
  isAnswered: boolean;
}

export interface Call {
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Body;
}

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  /** Whether it puts a message of the account before readers: what the trouble with sends is about. */
  readonly isSend?: boolean;
  answer(call: Call): unknown;
}

export interface ApiOptions {
  readonly world: World;
  readonly onChange: () => void;
  dispatch(t: string, d: unknown): void;
  gatewayUrl(): string;
}

/** What the account has done through the API. */
export class Api {
  readonly reactions: GivenReaction[] = [];
  readonly interactions = new Map<string, Interaction>();
  commands: readonly Readonly<Record<string, unknown>>[] = [];
  typingCount = 0;
  readonly typing = new Map<string, NodeJS.Timeout>();
  readonly #nonces = new Map<string, Message>();
  readonly #options: ApiOptions;
  readonly #world: World;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#world = options.world;
  }

  /** The route of a request, with what its pattern holds. */
  find(method: string, path: string): { readonly route: Route; readonly path: readonly string[] } {
    for (const route of this.#routes) {
      const match = route.method === method && route.pattern.exec(path);
      if (match) return { route, path: match.slice(1) };
    }
    throw new Refusal(404, 0, "404: Not Found");
  }

  stopTyping(channelId: string): void {
    clearTimeout(this.typing.get(channelId));
    this.typing.delete(channelId);
  }

  readonly #routes: readonly Route[] = [
    { method: "GET", pattern: /^\/gateway\/bot$/, answer: () => this.#gateway() },
    { method: "GET", pattern: /^\/users\/@me$/, answer: () => this.#world.bot },
    { method: "POST", pattern: /^\/users\/@me\/channels$/, answer: ({ body }) => this.#openDirect(body) },
    { method: "GET", pattern: /^\/guilds\/(\d+)\/members\/(\d+)$/, answer: () => this.#world.botMember() },
    { method: "GET", pattern: /^\/channels\/(\d+)$/, answer: ({ path: [id] }) => this.#channel(id) },
    { method: "GET", pattern: /^\/channels\/(\d+)\/messages$/, answer: (call) => this.#history(call) },
    {
      method: "GET",
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)$/,
      answer: ({ path: [channel, id] }) => this.#world.shown(this.#message(channel, id)),
    },
    {
      method: "POST",
      pattern: /^\/channels\/(\d+)\/messages$/,
      isSend: true,
      answer: ({ path: [channel], body }) => this.#create(this.#channel(channel), body),
    },
    {
      method: "PATCH",
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)$/,
      answer: ({ path: [channel, id], body }) => this.#edit(this.#own(channel, id), body),
    },
    {
      method: "DELETE",
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)$/,
      answer: ({ path: [channel, id] }) => this.#delete(this.#own(channel, id)),
    },
    {
      method: "PUT",
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)\/reactions\/([^/]+)\/@me$/,
      answer: ({ path: [channel, id, emoji] }) => this.#react(this.#message(channel, id), emoji!, true),
    },
    {
      method: "DELETE",
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)\/reactions\/([^/]+)\/@me$/,
      answer: ({ path: [channel, id, emoji] }) => this.#react(this.#message(channel, id), emoji!, false),
    },
    {
      method: "POST",
      pattern: /^\/channels\/(\d+)\/typing$/,
      answer: ({ path: [id] }) => this.#type(this.#channel(id)),
    },
    {
      method: "POST",
      pattern: /^\/channels\/(\d+)(?:\/messages\/\d+)?\/threads$/,
      answer: ({ path: [id], body }) => this.#world.addThread(String(body.json.name), this.#channel(id)),
    },
    { method: "GET", pattern: /^\/applications\/@me$/, answer: () => ({ id: this.#world.bot.id, name: "molty" }) },
    { method: "GET", pattern: /^\/applications\/(\d+)\/commands$/, answer: () => this.commands },
    { method: "PUT", pattern: /^\/applications\/(\d+)\/commands$/, answer: ({ body }) => this.#setCommands(body.list) },
    {
      method: "POST",
      pattern: /^\/interactions\/(\d+)\/([^/]+)\/callback$/,
      answer: ({ path: [, token], body }) => this.#answerInteraction(token, body),
    },
    {
      method: "GET",
      pattern: /^\/webhooks\/(\d+)\/([^/]+)\/messages\/@original$/,
      answer: ({ path: [, token] }) => this.#world.shown(this.#original(token)),
    },
    {
      method: "PATCH",
      pattern: /^\/webhooks\/(\d+)\/([^/]+)\/messages\/@original$/,
      isSend: true,
      answer: ({ path: [, token], body }) => this.#fill(this.#original(token), body),
    },
    {
      method: "POST",
      pattern: /^\/webhooks\/(\d+)\/([^/]+)$/,
      isSend: true,
      answer: ({ path: [, token], body }) => this.#create(this.#channel(this.#interaction(token).channelId), body),
    },
  ];

  #gateway() {
    const session_start_limit = { total: 1000, remaining: 999, reset_after: 14_400_000, max_concurrency: 1 };
    return { url: this.#options.gatewayUrl(), shards: 1, session_start_limit };
  }

  #openDirect({ json }: Body): Channel {
    const user = [...this.#world.people.values()].find(({ id }) => id === json.recipient_id);
    if (!user) throw new Refusal(400, 50033, "Invalid Recipient(s)");
    return this.#world.directWith(user);
  }

  #channel(id: string | undefined): Channel {
    const channel = this.#world.channels.get(id ?? "");
    if (!channel) throw new Refusal(404, 10003, "Unknown Channel");
    if (!this.#world.isVisible(channel)) throw new Refusal(403, 50001, "Missing Access");
    return channel;
  }

  #message(channelId: string | undefined, id: string | undefined): Message {
    const channel = this.#channel(channelId);
    const message = this.#world.messages.get(id ?? "");
    if (!message || message.isDeleted || message.channelId !== channel.id) {
      throw new Refusal(404, 10008, "Unknown Message");
    }
    return message;
  }

  #own(channelId: string | undefined, id: string | undefined): Message {
    const message = this.#message(channelId, id);
    if (message.author.id === this.#world.bot.id) return message;
    throw new Refusal(403, 50005, "Cannot edit a message authored by another user");
  }

  /** Newest first, as Discord lists them, also when asked for those after an id. */
  #history({ path: [id], query }: Call): unknown {
    const channel = this.#channel(id);
    const limit = Math.min(Number(query.get("limit") ?? 50), 100);
    const after = query.get("after");
    const held = [...this.#world.messages.values()].filter((each) => each.channelId === channel.id && !each.isDeleted);
    const sorted = held.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
    const wanted =
      after === null ? sorted.slice(-limit) : sorted.filter((each) => BigInt(each.id) > BigInt(after)).slice(0, limit);
    return wanted.reverse().map((message) => this.#world.shown(message));
  }

  #create(channel: Channel, { json, files }: Body): unknown {
    const content = contentOf(json);
    if (content === "" && files.length === 0 && !json.poll)
      throw new Refusal(400, 50006, "Cannot send an empty message");
    const nonce = json.nonce === undefined ? undefined : String(json.nonce);
    const key = `${channel.id}:${nonce}`;
    const first = this.#nonces.get(key);
    if (json.enforce_nonce === true && first && Date.now() - first.at < NONCE_LIFE_MS) return this.#world.shown(first);
    const message = this.#world.add({
      channelId: channel.id,
      author: this.#world.bot,
      content,
      nonce,
      type: json.message_reference ? 19 : 0,
      attachments: this.#world.attach(files),
      replyTo: (json.message_reference as { message_id?: string } | undefined)?.message_id,
      components: json.components as readonly unknown[] | undefined,
      poll: pollOf(json.poll),
    });
    message.showsPreviews = wantsPreviews(json);
    if (nonce !== undefined) this.#nonces.set(key, message);
    this.stopTyping(channel.id);
    this.#options.dispatch("MESSAGE_CREATE", this.#world.dispatched(message));
    this.#options.onChange();
    return this.#world.shown(message);
  }

  #edit(message: Message, { json }: Body): unknown {
    message.content = contentOf(json);
    // What an edit does not say stays as it is.
    if (json.flags !== undefined) message.showsPreviews = wantsPreviews(json);
    message.editedAt = new Date().toISOString();
    message.edits += 1;
    if (json.components) message.components = json.components as readonly unknown[];
    this.#options.dispatch("MESSAGE_UPDATE", this.#world.dispatched(message));
    this.#options.onChange();
    return this.#world.shown(message);
  }

  /** Puts the answer in the place of "thinking". */
  #fill(message: Message, body: Body): unknown {
    if (!message.isLoading) return this.#edit(message, body);
    message.content = contentOf(body.json);
    message.showsPreviews = wantsPreviews(body.json);
    message.components = body.json.components as readonly unknown[] | undefined;
    message.attachments.push(...this.#world.attach(body.files));
    message.isLoading = false;
    this.stopTyping(message.channelId);
    this.#options.dispatch("MESSAGE_UPDATE", this.#world.dispatched(message));
    this.#options.onChange();
    return this.#world.shown(message);
  }

  #delete(message: Message): undefined {
    message.isDeleted = true;
    const guild_id = this.#world.channels.get(message.channelId)?.guild_id;
    this.#options.dispatch("MESSAGE_DELETE", { id: message.id, channel_id: message.channelId, guild_id });
    this.#options.onChange();
  }

  #react(message: Message, emoji: string, isGiven: boolean): undefined {
    const at = this.reactions.findIndex((given) => given.messageId === message.id && given.emoji === emoji);
    if (isGiven && at < 0) this.reactions.push({ messageId: message.id, emoji });
    if (!isGiven && at >= 0) this.reactions.splice(at, 1);
    this.#options.dispatch(isGiven ? "MESSAGE_REACTION_ADD" : "MESSAGE_REACTION_REMOVE", {
      user_id: this.#world.bot.id,
      channel_id: message.channelId,
      message_id: message.id,
      emoji: { id: null, name: emoji },
    });
    this.#options.onChange();
  }

  #type(channel: Channel): undefined {
    this.stopTyping(channel.id);
    const timer = setTimeout(() => {
      this.typing.delete(channel.id);
      this.#options.onChange();
    }, TYPING_MS);
    timer.unref();
    this.typing.set(channel.id, timer);
    this.typingCount += 1;
    this.#options.onChange();
  }

  #setCommands(commands: readonly Readonly<Record<string, unknown>>[]): unknown {
    this.commands = commands.map((command) => ({ ...command, id: this.#world.ids.next() }));
    this.#options.onChange();
    return this.commands;
  }

  #interaction(token: string | undefined): Interaction {
    const interaction = this.interactions.get(token ?? "");
    if (!interaction) throw new Refusal(404, 10015, "Unknown Webhook");
    return interaction;
  }

  #original(token: string | undefined): Message {
    const { original } = this.#interaction(token);
    if (!original) throw new Refusal(404, 10015, "Unknown Webhook");
    return original;
  }

  /** Types of answers: 4 says it at once, 5 says "thinking", 6 leaves the message with the button as it is. */
  #answerInteraction(token: string | undefined, { json }: Body): undefined {
    const interaction = this.interactions.get(token ?? "");
    if (!interaction) throw new Refusal(404, 10062, "Unknown interaction");
    if (interaction.isAnswered) throw new Refusal(400, 40060, "Interaction has already been acknowledged.");
    interaction.isAnswered = true;
    if (json.type === 6) interaction.original = interaction.source;
    else {
      const data = (json.data ?? {}) as Record<string, unknown>;
      interaction.original = this.#world.add({
        channelId: interaction.channelId,
        author: this.#world.bot,
        type: 20,
        content: contentOf(data),
        isLoading: json.type === 5,
      });
      this.#options.dispatch("MESSAGE_CREATE", this.#world.dispatched(interaction.original));
    }
    this.#options.onChange();
  }
}

const SUPPRESS_EMBEDS = 4;

function wantsPreviews({ flags }: Readonly<Record<string, unknown>>): boolean {
  return (Number(flags ?? 0) & SUPPRESS_EMBEDS) === 0;
}

/** The text of a body. Throws `Refusal` 50035 above 2000 characters. */
function contentOf(json: Readonly<Record<string, unknown>>): string {
  const content = String(json.content ?? "").trim();
  if ([...content].length <= 2000) return content;
  const message = "Must be 2000 or fewer in length.";
  throw new Refusal(400, 50035, "Invalid Form Body", {
    body: { errors: { content: { _errors: [{ code: "BASE_TYPE_MAX_LENGTH", message }] } } },
  });
}

function pollOf(value: unknown): Message["poll"] {
  if (value === undefined || value === null) return undefined;
  const { question, answers } = value as {
    question: { text: string };
    answers: readonly { poll_media: { text: string } }[];
  };
  return { question: question.text, options: answers.map(({ poll_media }) => poll_media.text) };
}

/** The buttons under a message. */
export function buttonsOf(message: Message): readonly { readonly label: string; readonly data: string }[] {
  const rows = (message.components ?? []) as readonly {
    readonly components?: readonly { readonly label?: string; readonly custom_id?: string }[];
  }[];
  const buttons = rows.flatMap(({ components = [] }) => components);
  return buttons.map(({ label = "", custom_id = "" }) => ({ label, data: custom_id }));
}
