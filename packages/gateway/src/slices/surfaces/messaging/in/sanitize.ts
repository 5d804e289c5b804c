/** What a platform says of a message, kept within bounds: whatever it holds, a row of the inbox stays small and readable. */
import type { Inbound } from "../../../../kit/channel.ts";
import type { Said } from "../../../../kit/text/said.ts";

/** Longer than any platform's messages; what is beyond was not written by a person. */
const MAX_TEXT_CHARS = 200_000;
const MAX_NAME_CHARS = 256;
const MAX_MEDIA = 50;
const MAX_OTHERS = 500;

/** A copy within bounds; what is cut is said. */
export function boundedInbound(inbound: Inbound): Inbound {
  const { sender, chat } = inbound;
  const bounded = {
    ...inbound,
    sender: { ...sender, name: bound(sender.name), username: bound(sender.username) },
    chat: { ...chat, title: bound(chat.title) },
  } as Inbound;
  if (bounded.kind === "edit") return { ...bounded, ...boundSaid(bounded) };
  if (bounded.kind !== "message") return bounded;
  const replyTo = bounded.replyTo && { ...bounded.replyTo, text: bounded.replyTo.text?.slice(0, 2_000) };
  return { ...bounded, ...boundSaid(bounded), media: bounded.media.slice(0, MAX_MEDIA), replyTo };
}

function boundSaid({ text, others }: Said): Said {
  if (!others) return { text: boundText(text) };
  const named = others.slice(0, MAX_OTHERS).map(({ sign, name, id }) => ({ sign, name: bound(name), id: bound(id) }));
  return { text: boundText(text), others: named };
}

function boundText(text: string): string {
  if (text.length <= MAX_TEXT_CHARS) return text.toWellFormed();
  return `${text.slice(0, MAX_TEXT_CHARS).toWellFormed()}\n[the rest of ${text.length} characters was left out]`;
}

function bound(name: string | undefined): string | undefined {
  return name?.slice(0, MAX_NAME_CHARS).toWellFormed();
}
