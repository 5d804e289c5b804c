/** WhatsApp, as a linked device of a phone: what it is and what it can do. The connection is in `connection.ts`. */
import { Type } from "@sinclair/typebox";
import { defineChannel } from "../../kit/channel.ts";
import { whatsappPeer, whatsappTarget } from "./addresses.ts";

const MEGABYTE = 1024 * 1024;

export const whatsapp = defineChannel({
  id: "whatsapp",
  label: "WhatsApp",
  detailLabel: "WhatsApp (linked device)",
  systemImage: "message",
  summary: "A WhatsApp number, linked like WhatsApp Web: direct chats, groups, files and voice notes.",
  settings: {
    selfChatMode: Type.Optional(
      Type.Boolean({
        description:
          "The linked number is your own: other people's chats are never shown as read. Write to yourself to reach the agent. Default false.",
      }),
    ),
    sendReadReceipts: Type.Optional(
      Type.Boolean({ description: "Show senders that their messages were read. Default true." }),
    ),
    waWebSocketUrl: Type.Optional(
      Type.String({
        format: "socket-address",
        description: "Address of WhatsApp's web service, for tests; wss://web.whatsapp.com/ws/chat when not set.",
      }),
    ),
  },
  isLinkedByLogin: true,
  isUsual: true,
  // About 65,000 characters are taken; long messages are folded by phones. "composing" fades after about 25 s.
  limits: {
    textChars: 4000,
    captionChars: 1024,
    mediaBytes: 64 * MEGABYTE,
    editEveryMs: 3000,
    typingEveryMs: 10_000,
  },
  capabilities: [
    "direct",
    "group",
    "reply",
    "mediaIn",
    "mediaOut",
    "voice",
    "reactionIn",
    "reactionOut",
    "editIn",
    "editOut",
    "unsendIn",
    "unsendOut",
    "typing",
    "readReceipts",
    "polls",
  ],
  // A message's id is ours, and phones show an id once.
  repeatSafeMs: Number.POSITIVE_INFINITY,
  missing: (_settings, state) =>
    state.get("creds") === undefined
      ? "WhatsApp is not linked to a phone; run moltbot channels login whatsapp."
      : undefined,
  target: whatsappTarget,
  sentFields: ({ id }) => ({ toJid: id }),
  normalPeer: whatsappPeer,
  ids: {
    peer: /^\+\d{7,15}$|^\d+@lid$/,
    chat: /^[\d-]+@g\.us$/i,
    looks: "a number such as +15551234567, or 120363000000000000@g.us for a group",
  },
  dialect: async () => (await import("./format.ts")).whatsappMarks,
  open: async (context) => (await import("./connection.ts")).connect(context),
  async *login(context) {
    yield* (await import("./login.ts")).login(context);
  },
  logout: async (context) => (await import("./login.ts")).logout(context),
});
