/** Slack, as an app in Socket Mode: what it is and what it can do. The connection is in `connection.ts`. */
import { Type } from "@sinclair/typebox";
import { ChannelError, defineChannel, plainPeer } from "../../kit/channel.ts";
import type { ChatRef } from "../../kit/party.ts";
import { Secret } from "../../kit/schema/schema.ts";

export const slack = defineChannel({
  id: "slack",
  label: "Slack",
  detailLabel: "Slack (Socket Mode)",
  systemImage: "number",
  summary: "A Slack app that people write to directly, in channels and in threads; it needs no public address.",
  settings: {
    botToken: Type.Optional({ ...Secret, description: "The bot token of the app, xoxb-…, under OAuth & Permissions." }),
    appToken: Type.Optional({
      ...Secret,
      description: "The app-level token, xapp-…, with the scope connections:write, under Basic Information.",
    }),
    apiUrl: Type.Optional(
      Type.String({ format: "uri", description: "Address of the Web API; https://slack.com/api/ when not set." }),
    ),
    linkPreviews: Type.Optional(
      Type.Boolean({ description: "Whether Slack shows what links lead to; false when not set: it would fetch them." }),
    ),
  },
  env: { SLACK_BOT_TOKEN: "botToken", SLACK_APP_TOKEN: "appToken" },
  // Slack: chat.postMessage recommends 4000 characters; about one message a second in a conversation (rate limits).
  limits: {
    textChars: 4000,
    captionChars: 4000,
    mediaBytes: 100 * 1024 * 1024,
    editEveryMs: 1200,
    typingEveryMs: 30_000,
  },
  capabilities: [
    "direct",
    "group",
    "thread",
    "mediaIn",
    "mediaOut",
    "reactionIn",
    "reactionOut",
    "editIn",
    "editOut",
    "unsendIn",
    "unsendOut",
    "typing",
    "commands",
    "buttons",
    "streaming",
  ],
  // Slack takes no id of the client; a doubtful message is looked for by the id in its metadata instead.
  repeatSafeMs: 0,
  missing({ botToken, appToken }) {
    if (!botToken)
      return "Slack needs a bot token (xoxb-…); make an app as the manual shows and set channels.slack.botToken.";
    if (!appToken)
      return "Slack needs an app-level token (xapp-…) with connections:write; make one under Basic Information and set channels.slack.appToken.";
    return undefined;
  },
  target: slackTarget,
  sentFields: ({ id }) => ({ channelId: id }),
  normalPeer(text) {
    const id = plainPeer("slack", text)
      .replace(/^user:/, "")
      .replace(/^<@(\w+)>$/, "$1");
    return /^[uwb][a-z0-9]+$/.test(id) ? id.toUpperCase() : id;
  },
  ids: {
    peer: /^[UWB][A-Z0-9]+$/,
    chat: /^[CGDTE][A-Z0-9]+$/i,
    looks: "U… for a person and C… for a channel (Copy member ID, Copy channel ID)",
  },
  dialect: async () => (await import("./format.ts")).mrkdwn,
  open: async (context) => (await import("./connection.ts")).connect(context),
  probe: async (context) => (await import("./connection.ts")).probe(context),
});

/** Reads "C0123ABCD", "D…", "user:U…", each with an optional ":1712345678.000100" for a thread. */
function slackTarget(text: string): ChatRef {
  const [, id, threadId] =
    /^(?:slack:)?(?:(?:channel|user):)?([CGDUW][A-Z0-9]{2,})(?::(?:thread:)?(\d{9,}\.\d+))?$/i.exec(text.trim()) ?? [];
  if (id === undefined)
    throw new ChannelError(
      "rejected",
      `Slack has no target "${text}": give a channel's id (C…, in its details), or user:U… for a person, with ":1712345678.000100" for a thread.`,
    );
  return { id: id.toUpperCase(), ...(threadId && { threadId }) };
}
