/** What the account writes: messages, their edits and ends, and its reactions. */
import type { Delivered, GivenReaction } from "../platform.ts";
import { withoutMarkup } from "./markup.ts";
import { type Body, Refusal } from "./request.ts";
import type { ApiOptions } from "./routes.ts";
import type { Typing } from "./typing.ts";
import type { Channel, Message, World } from "./world.ts";

/** How long a repeated nonce finds the first message. */
const NONCE_LIFE_MS = 180_000;

export class Written {
  readonly reactions: GivenReaction[] = [];
  readonly #nonces = new Map<string, Message>();
  readonly #options: ApiOptions;
  readonly #world: World;
  readonly #typing: Typing;

  constructor(options: ApiOptions, typing: Typing) {
    this.#options = options;
    this.#world = options.world;
    this.#typing = typing;
  }

  create(channel: Channel, { json, files }: Body): unknown {
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
    this.#typing.stop(channel.id);
    this.#options.dispatch("MESSAGE_CREATE", this.#world.dispatched(message));
    this.#options.onChange();
    return this.#world.shown(message);
  }

  edit(message: Message, { json }: Body): unknown {
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
  fill(message: Message, body: Body): unknown {
    if (!message.isLoading) return this.edit(message, body);
    message.content = contentOf(body.json);
    message.showsPreviews = wantsPreviews(body.json);
    message.components = body.json.components as readonly unknown[] | undefined;
    message.attachments.push(...this.#world.attach(body.files));
    message.isLoading = false;
    this.#typing.stop(message.channelId);
    this.#options.dispatch("MESSAGE_UPDATE", this.#world.dispatched(message));
    this.#options.onChange();
    return this.#world.shown(message);
  }

  delete(message: Message): undefined {
    message.isDeleted = true;
    const guild_id = this.#world.channels.get(message.channelId)?.guild_id;
    this.#options.dispatch("MESSAGE_DELETE", { id: message.id, channel_id: message.channelId, guild_id });
    this.#options.onChange();
  }

  react(message: Message, emoji: string, isGiven: boolean): undefined {
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
}

const SUPPRESS_EMBEDS = 4;

function wantsPreviews({ flags }: Readonly<Record<string, unknown>>): boolean {
  return (Number(flags ?? 0) & SUPPRESS_EMBEDS) === 0;
}

/** The text of a body. Throws `Refusal` 50035 above 2000 characters. */
export function contentOf(json: Readonly<Record<string, unknown>>): string {
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

/** A message of the account as its readers have it. */
export function asDelivered(world: World, message: Message): Delivered {
  const channel = world.channels.get(message.channelId);
  return {
    id: message.id,
    chatId: world.chatIdOf(message.channelId),
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
