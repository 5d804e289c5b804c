/** iMessage, over a Mac: what it is and what it can do. The two ways to reach a Mac are in `imsg/` and `bluebubbles/`. */
import { Type } from "@sinclair/typebox";
import { defineChannel } from "../../kit/channel.ts";
import { OneOf, SecretLine } from "../../kit/schema/schema.ts";
import { iMessageTarget, normalHandle } from "./addresses.ts";

export const imessage = defineChannel({
  id: "imessage",
  label: "iMessage",
  detailLabel: "iMessage (Mac)",
  systemImage: "message.fill",
  summary: "The Messages app of a Mac: iMessage and SMS, in direct conversations and groups.",
  settings: {
    backend: Type.Optional({
      ...OneOf("imsg", "bluebubbles"),
      description: "How Messages is reached: the program imsg on the Mac, or a BlueBubbles server. Default imsg.",
    }),
    cliPath: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'imsg: the program, or a script that runs it elsewhere. "imsg" when not set.',
      }),
    ),
    remoteHost: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9_][A-Za-z0-9_.@:-]*$",
        description: "imsg: the Mac that it runs on, as ssh names it; this machine when not set.",
      }),
    ),
    attachmentsRoot: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "imsg: where Messages keeps files; no other file is read. ~/Library/Messages/Attachments when not set.",
      }),
    ),
    mentionName: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'The name that addresses us in groups: "@name". "moltbot" when not set.',
      }),
    ),
    serverUrl: Type.Optional(
      Type.String({ format: "uri", description: "bluebubbles: address of the server, such as http://mac.local:1234." }),
    ),
    password: Type.Optional({ ...SecretLine, description: "bluebubbles: the server's password." }),
    webhookUrl: Type.Optional(
      Type.String({
        format: "uri",
        description:
          "bluebubbles: address of this gateway as the Mac reaches it, such as http://gateway.local:18789; without it messages are asked for.",
      }),
    ),
    pollSeconds: Type.Optional(
      Type.Number({
        minimum: 0.1,
        maximum: 3600,
        description:
          "bluebubbles: how often the server is asked for messages that no webhook reported; 60 when webhookUrl is set, else 3.",
      }),
    ),
  },
  // Nothing is documented: texts of this length and files of this size go through Messages and BlueBubbles. A file and
  // a text are two messages.
  limits: {
    textChars: 4000,
    captionChars: 0,
    mediaBytes: 16 * 1024 * 1024,
    editEveryMs: 5000,
    typingEveryMs: 20_000,
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
  ],
  // imsg takes no id of the client; BlueBubbles refuses a repeat only while the first one is under way.
  repeatSafeMs: 0,
  missing({ backend, serverUrl, password }) {
    if (backend !== "bluebubbles") return undefined;
    if (!serverUrl)
      return "BlueBubbles needs the server's address: set channels.imessage.serverUrl, for example http://mac.local:1234.";
    return password
      ? undefined
      : "BlueBubbles needs the server's password: set channels.imessage.password to the one in its settings.";
  },
  target: iMessageTarget,
  normalPeer: normalHandle,
  ids: {
    peer: /^(?:[a-z]+:)?(?:\+?\d+|[^\s@;:]+@[^\s@;:]+)$/,
    chat: /^\w+;[+-];.+$|^chat_id:\d+$/i,
    unproven: /^[a-z]+:/,
    looks: "+15550100 or ann@example.com for a person, iMessage;+;chat4000001 for a group",
  },
  dialect: async () => (await import("../../kit/text/plain.ts")).plainDialect,
  open: async (context) =>
    context.settings.backend === "bluebubbles"
      ? (await import("./bluebubbles/connection.ts")).connect(context)
      : (await import("./imsg/connection.ts")).connect(context),
  probe: async (context) =>
    context.settings.backend === "bluebubbles"
      ? (await import("./bluebubbles/connection.ts")).probe(context)
      : (await import("./imsg/connection.ts")).probe(context),
});
