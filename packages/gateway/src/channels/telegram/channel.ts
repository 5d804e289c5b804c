/** Telegram, as a bot: what it is and what it can do. The connection is in `connection.ts`. */
import { Type } from "@sinclair/typebox";
import { ChannelError, defineChannel, plainPeer } from "../../kit/channel.ts";
import type { ChatRef } from "../../kit/party.ts";
import { Secret } from "../../kit/schema/schema.ts";

export const telegram = defineChannel({
  id: "telegram",
  label: "Telegram",
  detailLabel: "Telegram (bot)",
  systemImage: "paperplane",
  summary: "A Telegram bot that people write to directly, in groups and in forum topics.",
  settings: {
    botToken: Type.Optional({ ...Secret, description: "The bot's token, as @BotFather gives it." }),
    apiRoot: Type.Optional(
      Type.String({
        format: "uri",
        description: "Address of the Bot API, for a server of your own; https://api.telegram.org when not set.",
      }),
    ),
    pollSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 50,
        description: "How long one request waits for messages, seconds; 30 when not set.",
      }),
    ),
    linkPreviews: Type.Optional(
      Type.Boolean({
        description: "Whether Telegram shows what links lead to; false when not set: it would fetch them.",
      }),
    ),
  },
  env: { TELEGRAM_BOT_TOKEN: "botToken" },
  // Bot API: sendMessage, sendDocument, sendChatAction (5 s); about one message a second in a chat (Bot FAQ).
  limits: {
    textChars: 4096,
    captionChars: 1024,
    mediaBytes: 50 * 1024 * 1024,
    editEveryMs: 1000,
    typingEveryMs: 4000,
  },
  capabilities: [
    "direct",
    "group",
    "thread",
    "reply",
    "mediaIn",
    "mediaOut",
    "voice",
    "reactionIn",
    "reactionOut",
    "editIn",
    "editOut",
    "unsendOut",
    "typing",
    "polls",
    "commands",
    "buttons",
    "streaming",
    "business",
  ],
  // The Bot API takes no id of the client: a repeat is a second message.
  repeatSafeMs: 0,
  missing: ({ botToken }) =>
    botToken
      ? undefined
      : "Telegram needs a bot token: get one from @BotFather, then run moltbot channels add telegram --token TOKEN.",
  target: telegramTarget,
  threadWord: "topic",
  normalPeer(text) {
    const id = plainPeer("telegram", text).replace(/^tg:/, "");
    return /^-?\d+$/.test(id) || id === "*" ? id : `@${id.replace(/^@/, "")}`;
  },
  ids: {
    peer: /^-?\d+$/,
    chat: /^-?\d+$/,
    // Anonymous admins and channels write as the chat itself, whoever of them it is.
    unproven: /^-/,
    looks: "a number such as 123456789, or -1001234567890 for a group",
  },
  dialect: async () => (await import("./format.ts")).telegramHtml,
  open: async (context) => (await import("./connection.ts")).connect(context),
  probe: async (context) => (await import("./connection.ts")).probe(context),
});

/** Reads "-1001234", "@name" and "https://t.me/name", each with an optional ":45" or ":topic:45". */
function telegramTarget(text: string): ChatRef {
  const plain = text.trim().replace(/^(telegram|tg):/i, "");
  const [, id, name, threadId] =
    /^(?:(-?\d+)|(?:https?:\/\/t\.me\/|@)?([a-z]\w{3,31}))(?::(?:topic:)?(\d+))?$/i.exec(plain) ?? [];
  if (id === undefined && name === undefined)
    throw new ChannelError(
      "rejected",
      `Telegram has no target "${text}": give a chat's number, or @name of a public group or channel, with ":45" for topic 45.`,
    );
  return { id: id ?? `@${name}`, ...(threadId && { threadId }) };
}
