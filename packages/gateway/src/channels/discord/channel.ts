/** Discord, as a bot: what it is and what it can do. The connection is in `connection.ts`. */
import { Type } from "@sinclair/typebox";
import { ChannelError, defineChannel, plainPeer } from "../../kit/channel.ts";
import type { ChatRef } from "../../kit/party.ts";
import { Secret } from "../../kit/schema/schema.ts";

export const discord = defineChannel({
  id: "discord",
  label: "Discord",
  detailLabel: "Discord (bot)",
  systemImage: "bubble.left.and.bubble.right",
  summary: "A Discord bot that people write to directly, in servers and in threads.",
  settings: {
    token: Type.Optional({
      ...Secret,
      description: "The bot's token, from Bot → Reset Token in the Developer Portal.",
    }),
    messageContent: Type.Optional(
      Type.Boolean({
        description:
          "Whether to ask for the Message Content Intent; true when not set. Without it the bot reads direct messages and what mentions it, nothing else.",
      }),
    ),
    reactions: Type.Optional(
      Type.Boolean({ description: "Whether the agent hears of reactions to messages; true when not set." }),
    ),
    apiUrl: Type.Optional(
      Type.String({
        format: "uri",
        description: "Address of the REST API, without the version; https://discord.com/api when not set.",
      }),
    ),
    linkPreviews: Type.Optional(
      Type.Boolean({
        description: "Whether Discord shows what links lead to; false when not set: it would fetch them.",
      }),
    ),
  },
  env: { DISCORD_BOT_TOKEN: "token" },
  // Discord's documentation: Create Message (2000 characters), Uploading Files (10 MiB), Trigger Typing (10 s),
  // rate limits (5 requests in 5 s for a channel, of which edits take their part).
  limits: {
    textChars: 2000,
    captionChars: 2000,
    mediaBytes: 10 * 1024 * 1024,
    editEveryMs: 1200,
    typingEveryMs: 8000,
  },
  capabilities: [
    "direct",
    "group",
    "thread",
    "reply",
    "mediaIn",
    "mediaOut",
    "reactionIn",
    "reactionOut",
    "editIn",
    "editOut",
    "unsendIn",
    "unsendOut",
    "typing",
    "polls",
    "commands",
    "buttons",
    "streaming",
  ],
  // A repeated nonce finds the first message for "a few minutes".
  repeatSafeMs: 120_000,
  missing: ({ token }) =>
    token
      ? undefined
      : "Discord needs a bot token: make an application at discord.com/developers/applications, copy the token under Bot, then run moltbot channels add discord --token TOKEN.",
  target: discordTarget,
  sentFields: ({ id, threadId }) => ({ channelId: threadId ?? id }),
  normalPeer(text) {
    const id = plainPeer("discord", text).replace(/^(?:user:|<@!?|@)/, "");
    return id.replace(/>$/, "");
  },
  ids: {
    peer: /^\d{5,20}$/,
    chat: /^\d{5,20}$/,
    looks: "a number such as 123456789012345678 (Developer Mode → Copy ID)",
  },
  dialect: async () => (await import("./format.ts")).discordMarkdown,
  open: async (context) => (await import("./connection.ts")).connect(context),
  probe: async (context) => (await import("./connection.ts")).probe(context),
});

/** Reads "123…", "channel:123…", "<#123…>" and, for a person, "user:123…" and "<@123…>". */
function discordTarget(text: string): ChatRef {
  const plain = text.trim().replace(/^discord:/i, "");
  const [, person] = /^(?:user:(\d{15,20})|<@!?(\d{15,20})>)$/i.exec(plain)?.filter(Boolean) ?? [];
  if (person !== undefined) return { id: `user:${person}` };
  const [, channel] = /^(?:channel:)?(\d{15,20})$|^<#(\d{15,20})>$/i.exec(plain)?.filter(Boolean) ?? [];
  if (channel !== undefined) return { id: channel };
  throw new ChannelError(
    "rejected",
    `Discord has no target "${text}": give a channel's id (Developer Mode → Copy Channel ID), or user: and a person's id.`,
  );
}
