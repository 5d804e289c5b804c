/** Who a message in a group is meant for: a mention of Messages itself where it is told, else "@name" in the text. */

export interface Addressed {
  readonly text: string;
  readonly mentionsSelf: boolean;
}

/** The name that stands for the account when the settings have none. */
const DEFAULT_NAME = "moltbot";

/** Looks for "@name"; at the beginning it is an address, and left out. */
export function readNamed(text: string, name = DEFAULT_NAME): Addressed {
  const named = `@${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\p{L}\\p{N}])`;
  if (!new RegExp(`(?:^|[^\\p{L}\\p{N}])${named}`, "iu").test(text)) return { text, mentionsSelf: false };
  return { text: text.replace(new RegExp(`^\\s*${named}[\\s,:]*`, "iu"), ""), mentionsSelf: true };
}

/** A mention of Messages: what part of the text it is, and whom it means. */
export interface Mention {
  readonly start: number;
  readonly length: number;
  readonly handle: string;
}

/** The same for mentions that are told; `isSelf` knows the account's handles. */
export function readMentions(
  text: string,
  mentions: readonly Mention[],
  isSelf: (handle: string) => boolean,
): Addressed {
  const own = mentions.filter(({ handle }) => isSelf(handle));
  const first = own.find(({ start }) => text.slice(0, start).trim() === "");
  const rest = first ? text.slice(first.start + first.length).replace(/^[\s,:]+/, "") : text;
  return { text: rest, mentionsSelf: own.length > 0 };
}
