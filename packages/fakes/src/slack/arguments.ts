/** The arguments of a call of the Web API, read as Slack reads them. Each reader refuses with Slack's own error codes. */
import type { Conversation, Message, StoredFile, World } from "./world.ts";

/** An answer with `ok: false`. */
export class SlackError extends Error {}

/** A call of a method: arguments are strings, objects among them are JSON. */
export interface Call {
  readonly world: World;
  readonly baseUrl: string;
  readonly scopes: readonly string[];
  readonly isAppToken: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Tells the app what it did itself, as Slack does. */
  event(event: Record<string, unknown>): void;
}

export function wantsPreviews({ arguments: given }: Call): boolean {
  return ["unfurl_links", "unfurl_media"].some((name) => String(given[name]) !== "false");
}

export function text({ arguments: given }: Call, name: string, otherwise = ""): string {
  const value = given[name];
  return value === undefined || value === null ? otherwise : String(value);
}

export function json<T>({ arguments: given }: Call, name: string): T | undefined {
  const value = given[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") return value as T;
  try {
    return JSON.parse(value) as T;
  } catch {
    throw new SlackError("invalid_json");
  }
}

export function conversation(call: Call, id = text(call, "channel")): Conversation {
  const found = call.world.conversation(id);
  if (!found) throw new SlackError("channel_not_found");
  return found;
}

/** A conversation in which the app may write; a person's id stands for the direct one. */
export function writable(call: Call, id = text(call, "channel")): Conversation {
  const user = id.startsWith("U") ? call.world.user(id) : undefined;
  const found = user ? call.world.direct(user) : conversation(call, id);
  if (!found.isMember) throw new SlackError("not_in_channel");
  return found;
}

export function threadOf(call: Call, channel: Conversation): string | undefined {
  const ts = text(call, "thread_ts");
  if (ts === "") return undefined;
  if (!call.world.message(channel.id, ts)) throw new SlackError("thread_not_found");
  return ts;
}

export function own(call: Call, refusal: string): Message {
  const message = call.world.message(conversation(call).id, text(call, "ts"));
  if (!message) throw new SlackError("message_not_found");
  if (message.user !== call.world.bot) throw new SlackError(refusal);
  return message;
}

export function uploaded(call: Call, id: string): StoredFile {
  const file = call.world.files.get(id);
  if (!file || file.file.bytes.length === 0) throw new SlackError("file_not_found");
  return file;
}

export function reactionOf(call: Call): { messageId: string; emoji: string } {
  const message = call.world.message(conversation(call).id, text(call, "timestamp"));
  if (!message) throw new SlackError("message_not_found");
  const name = text(call, "name");
  if (!/^[a-z0-9_+'-]+(::skin-tone-[2-6])?$/.test(name)) throw new SlackError("invalid_name");
  return { messageId: message.ts, emoji: name };
}

export function buttonsOf(call: Call): Message["buttons"] {
  interface Element {
    readonly type: string;
    readonly text?: { readonly text: string };
    readonly value?: string;
  }
  const blocks = json<{ type: string; elements?: Element[]; text?: { text: string } }[]>(call, "blocks") ?? [];
  if (blocks.length > 50 || blocks.some((block) => block.type === "section" && (block.text?.text.length ?? 0) > 3000))
    throw new SlackError("invalid_blocks");
  const buttons = blocks
    .flatMap(({ type, elements = [] }) => (type === "actions" ? elements : []))
    .map((element) => ({ label: element.text?.text ?? "", data: element.value ?? "" }));
  return buttons.length > 0 ? buttons : undefined;
}
