/** What a message says to somebody who reads text only: mentions by name, and everything that is not text in words. */
import type { APIEmbed, APIMessage, APIUser } from "@discordjs/core/http-only";

/** The part of a message that is read; a forwarded one has no more. */
export type Readable = Pick<APIMessage, "content"> &
  Partial<Pick<APIMessage, "mentions" | "embeds" | "sticker_items" | "poll">>;

/** How people are called on Discord. */
export function nameOf(user: APIUser): string {
  return user.global_name ?? user.username;
}

/** The text of a message. A mention of the account at its beginning is left out: it is an address, not a part of what is said. */
export function readableText(
  message: Readable,
  options: { readonly selfId: string; channelName(id: string): string | undefined },
): string {
  return partsOf(message, options).join("\n");
}

function partsOf(
  message: Readable,
  options: { selfId: string; channelName(id: string): string | undefined },
): string[] {
  const embeds = (message.embeds ?? []).filter(({ type }) => type === undefined || type === "rich");
  return [
    withNames(String(message.content ?? ""), message.mentions ?? [], options),
    ...embeds.map(embedText),
    ...(message.sticker_items ?? []).map(({ name }) => `[sticker: ${name}]`),
    ...(message.poll ? [pollText(message.poll)] : []),
  ].filter((part) => part !== "");
}

function withNames(
  content: string,
  mentions: readonly APIUser[],
  { selfId, channelName }: { selfId: string; channelName(id: string): string | undefined },
): string {
  const withoutAddress = content.replace(new RegExp(`^\\s*<@!?${selfId}>[\\s,:]*`), "");
  return withoutAddress
    .replace(/<@!?(\d+)>/g, (_, id: string) => {
      const user = mentions.find((each) => each.id === id);
      return user ? `@${nameOf(user)}` : "@somebody";
    })
    .replace(/<@&\d+>/g, "@role")
    .replace(/<#(\d+)>/g, (_, id: string) => `#${channelName(id) ?? "channel"}`)
    .replace(/<a?(:\w+:)\d+>/g, "$1")
    .replace(/<\/([^:>]+):\d+>/g, "/$1")
    .replace(/<t:(\d+)(?::\w)?>/g, (_, seconds: string) => new Date(Number(seconds) * 1000).toISOString())
    .trim();
}

function embedText(embed: APIEmbed): string {
  const fields = (embed.fields ?? []).map(({ name, value }) => `${name}: ${value}`);
  const lines = [embed.author?.name, embed.title, embed.description, ...fields, embed.footer?.text, embed.url];
  return lines.filter((line) => line !== undefined && line !== "").join("\n");
}

function pollText(poll: NonNullable<APIMessage["poll"]>): string {
  const answers = poll.answers.map(({ poll_media }) => `- ${poll_media.text ?? poll_media.emoji?.name ?? ""}`);
  return `Poll: ${poll.question.text ?? ""}\n${answers.join("\n")}`;
}
