/** What the text of a message says to somebody who reads text only: mentions, emoji and times in words. */
import type { APIMessage, APIUser } from "@discordjs/core/http-only";
import { asTyped, foreignName, reading, type SenderText, trimmed } from "../../kit/text/sender-text.ts";

/** The part of a message that is read; a forwarded one has no more. */
export type Readable = Pick<APIMessage, "content"> & Partial<Pick<APIMessage, "mentions">>;

/** How people are called on Discord. */
export function nameOf(user: APIUser): string {
  return user.global_name ?? user.username;
}

export interface ReadableOptions {
  readonly selfId: string;
  channelName(id: string): string | undefined;
}

/** What a message says. A mention of the account at its beginning is left out: it is an address, not a part of what is said. */
export function readableText(message: Readable, options: ReadableOptions): SenderText {
  return written(String(message.content ?? ""), message.mentions ?? [], options);
}

/** People, roles, channels, emoji, commands and times (Discord: message formatting). */
const REFERENCE = /<(?:(@!?|@&|#)(\d+)|a?:(\w+):\d+|\/([^:>]+):\d+|t:(\d{1,12})(?::\w)?)>/g;
/** The last moment that a `Date` can name, s. */
const MAX_SECONDS = 8.64e12;

function written(content: string, mentions: readonly APIUser[], { selfId, channelName }: ReadableOptions): SenderText {
  const withoutAddress = content.replace(new RegExp(`^\\s*<@!?${selfId}>[\\s,:]*`), "");
  const said = reading(withoutAddress, REFERENCE, ([whole, sign, id, emoji, command, seconds]) => {
    if (id !== undefined) return reference(sign!, id, { mentions, channelName });
    if (emoji !== undefined) return asTyped(`:${emoji}:`);
    if (command !== undefined) return foreignName({ name: `/${command}` });
    return asTyped(Number(seconds) <= MAX_SECONDS ? new Date(Number(seconds) * 1000).toISOString() : whole);
  });
  return trimmed(said);
}

function reference(
  sign: string,
  id: string,
  { mentions, channelName }: { mentions: readonly APIUser[]; channelName(id: string): string | undefined },
): SenderText {
  if (sign === "#") return foreignName({ sign: "#", name: channelName(id), id });
  if (sign === "@&") return foreignName({ sign: "@", name: "role", id });
  const user = mentions.find((each) => each.id === id);
  return foreignName({ sign: "@", name: user && nameOf(user), id });
}
