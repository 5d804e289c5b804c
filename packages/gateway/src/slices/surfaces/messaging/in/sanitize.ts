/** Bounds the fields of a platform's event, so that every row of the inbox is small and readable. */
import type { Inbound } from "../../../../kit/channel-message.ts";
import type { Said } from "../../../../kit/text/said.ts";

/** Longer than any platform's messages; no person writes more. */
const MAX_TEXT_CHARS = 200_000;
const MAX_NAME_CHARS = 256;
const MAX_MEDIA = 50;
const MAX_OTHERS = 500;
/** The most characters of a text within an item, a quote or a forwarded message. */
const MAX_PART_CHARS = 20_000;
/** Items, and entries in one of them. */
const MAX_PARTS = 200;

/** A copy within bounds; a cut text says that it was cut. */
export function boundedInbound(inbound: Inbound): Inbound {
  const { sender, chat } = inbound;
  const bounded = {
    ...inbound,
    sender: { ...sender, name: bound(sender.name), username: bound(sender.username) },
    chat: {
      ...chat,
      title: bound(chat.title),
      ...(chat.threadTitle !== undefined && { threadTitle: bound(chat.threadTitle) }),
    },
  } as Inbound;
  if (bounded.kind === "vote") return { ...bounded, answers: boundTree(bounded.answers) };
  if (bounded.kind !== "message" && bounded.kind !== "edit") return bounded;
  const { media, items, forwarded, replyTo } = bounded;
  return {
    ...bounded,
    ...boundSaid(bounded),
    media: media.slice(0, MAX_MEDIA),
    ...(items && { items: boundTree(items) }),
    ...(forwarded && { forwarded: boundTree(forwarded) }),
    ...(replyTo && { replyTo: { ...boundTree(replyTo), media: replyTo.media?.slice(0, MAX_MEDIA) } }),
  };
}

/** Bounds every text and list in a value. */
function boundTree<T>(value: T): T {
  if (typeof value === "string") return value.slice(0, MAX_PART_CHARS).toWellFormed() as T;
  if (Array.isArray(value)) return value.slice(0, MAX_PARTS).map(boundTree) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, boundTree(each)])) as T;
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
