/** The REST API, version 10: one entry a route. What a route answers is sent as JSON; nothing becomes 204. */
import { type Body, Refusal } from "./request.ts";
import { Typing } from "./typing.ts";
import type { Channel, Message, World } from "./world.ts";
import { contentOf, Written } from "./written.ts";

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
  readonly interactions = new Map<string, Interaction>();
  commands: readonly Readonly<Record<string, unknown>>[] = [];
  readonly typing: Typing;
  readonly written: Written;
  readonly #options: ApiOptions;
  readonly #world: World;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#world = options.world;
    this.typing = new Typing(options.onChange);
    this.written = new Written(options, this.typing);
  }

  /** The route of a request, with what its pattern holds. */
  find(method: string, path: string): { readonly route: Route; readonly path: readonly string[] } {
    for (const route of this.#routes) {
      const match = route.method === method && route.pattern.exec(path);
      if (match) return { route, path: match.slice(1) };
    }
    throw new Refusal(404, 0, "404: Not Found");
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
      answer: ({ path: [channel], body }) => this.written.create(this.#channel(channel), body),
    },
    {
      method: "PATCH",
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)$/,
      answer: ({ path: [channel, id], body }) => this.written.edit(this.#own(channel, id), body),
    },
    {
      method: "DELETE",
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)$/,
      answer: ({ path: [channel, id] }) => this.written.delete(this.#own(channel, id)),
    },
    {
      method: "PUT",
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)\/reactions\/([^/]+)\/@me$/,
      answer: ({ path: [channel, id, emoji] }) => this.written.react(this.#message(channel, id), emoji!, true),
    },
    {
      method: "DELETE",
      pattern: /^\/channels\/(\d+)\/messages\/(\d+)\/reactions\/([^/]+)\/@me$/,
      answer: ({ path: [channel, id, emoji] }) => this.written.react(this.#message(channel, id), emoji!, false),
    },
    {
      method: "POST",
      pattern: /^\/channels\/(\d+)\/typing$/,
      answer: ({ path: [id] }) => this.typing.start(this.#channel(id).id),
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
      answer: ({ path: [, token], body }) => this.written.fill(this.#original(token), body),
    },
    {
      method: "POST",
      pattern: /^\/webhooks\/(\d+)\/([^/]+)$/,
      isSend: true,
      answer: ({ path: [, token], body }) =>
        this.written.create(this.#channel(this.#interaction(token).channelId), body),
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
