/** Messages of a channel as the transcript keeps them: who said it, what it answers, what came with it. */
import type { Inbound, InboundMessage, Peer } from "../../kit/channel.ts";
import { cleanMessage } from "../agent/agent.ts";
import type { StoredPart } from "../sessions/transcript.ts";

/** A file that came with a message: a picture the model can see, or words about it. */
export type ReceivedFile = StoredPart;

export interface Composed {
  /** As it was written: commands are looked for here. */
  readonly message: string;
  readonly content: readonly StoredPart[];
}

const MAX_CONTEXT_CHARS = 12_000;
const MAX_QUOTE_CHARS = 500;

/** One turn of the conversation, made of one message or of several that belong together. */
export function composeMessage({
  messages,
  ownNames,
  context,
  files,
}: {
  readonly messages: readonly InboundMessage[];
  /** What people call us when they address us. */
  readonly ownNames: readonly string[];
  readonly context: readonly Inbound[];
  readonly files: readonly ReceivedFile[];
}): Composed {
  const last = messages.at(-1)!;
  const isGroup = last.chat.kind !== "direct";
  const message = messages
    .map(({ text }) => clean(text).trim())
    .filter((text) => text !== "")
    .join("\n");
  const said = isGroup && message !== "" ? `${nameOf(last)}: ${message}` : message;
  const text = [contextOf(context), quoteOf(last), said].filter((part) => part !== "").join("\n\n");
  return {
    message: withoutAddress(message, ownNames),
    content: [...(text === "" ? [] : [{ type: "text" as const, text }]), ...files],
  };
}

/** "@moltbot, /status" is the command: whom a message is for is not part of it. */
function withoutAddress(message: string, ownNames: readonly string[]): string {
  for (const name of ownNames.toSorted((one, other) => other.length - one.length)) {
    for (const start of [`@${name}`, name]) {
      if (!message.toLowerCase().startsWith(start.toLowerCase())) continue;
      const rest = /^[\s,:]+(\/[\s\S]*)$/.exec(message.slice(start.length));
      if (rest) return rest[1]!;
    }
  }
  return message;
}

/** What was said in a group before, and was not meant for us. */
function contextOf(context: readonly Inbound[]): string {
  const lines = context.flatMap((each) =>
    each.kind === "message" && each.text.trim() !== "" ? [`${nameOf(each)}: ${clean(each.text).trim()}`] : [],
  );
  if (lines.length === 0) return "";
  return `[Said in the group since your last answer]\n${lines.join("\n").slice(-MAX_CONTEXT_CHARS)}\n[Now]`;
}

function quoteOf({ replyTo }: InboundMessage): string {
  if (!replyTo?.text) return "";
  const whom = replyTo.fromSelf ? "you" : (replyTo.senderName ?? "an earlier message");
  return `[In reply to ${whom}: “${clean(replyTo.text).slice(0, MAX_QUOTE_CHARS)}”]`;
}

function nameOf({ sender }: Pick<InboundMessage, "sender">): string {
  return shownName(sender);
}

/** What the agent is told that somebody is called: one line, and not so long that it could say something. */
export function shownName({ name, username, id }: Peer): string {
  return clean(name ?? username ?? id)
    .replace(/[\n:]/g, " ")
    .slice(0, 64);
}

function clean(text: string): string {
  return cleanMessage(text.replaceAll("\u0000", ""));
}
