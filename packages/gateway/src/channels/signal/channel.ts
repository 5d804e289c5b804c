/** Signal, as a linked device: what it is and what it can do. The connection is in `connection.ts`. */
import { Type } from "@sinclair/typebox";
import { ChannelError, defineChannel } from "../../kit/channel.ts";
import type { ChatRef } from "../../kit/party.ts";

export const signal = defineChannel({
  id: "signal",
  label: "Signal",
  detailLabel: "Signal (signal-cli)",
  systemImage: "lock.bubble",
  summary: "A Signal account, linked like Signal Desktop: direct messages, groups, and notes to self.",
  settings: {
    account: Type.Optional(
      Type.String({
        pattern: "^\\+\\d{5,15}$",
        description: "The account's number, such as +15550100; the one that was linked when not set.",
      }),
    ),
    httpUrl: Type.Optional(
      Type.String({
        format: "uri",
        description:
          "Address of a signal-cli daemon that runs already (daemon --http, --receive-mode=on-connection); one is started when not set.",
      }),
    ),
    cliPath: Type.Optional(
      Type.String({ description: "The program to start; signal-cli on the PATH when not set.", minLength: 1 }),
    ),
    readReceipts: Type.Optional(
      Type.Boolean({ description: "Whether senders see that their messages were read; true when not set." }),
    ),
  },
  env: { SIGNAL_HTTP_URL: "httpUrl", SIGNAL_CLI_PATH: "cliPath" },
  // Longer texts leave as an attachment that older clients cut; files in one call are held in memory.
  limits: {
    textChars: 2000,
    captionChars: 2000,
    mediaBytes: 25 * 1024 * 1024,
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
  ],
  // Signal takes no id of the client: a repeat is a second message.
  repeatSafeMs: 0,
  isLinkedByLogin: true,
  missing: ({ account }, state) =>
    (account ?? state.get("account"))
      ? undefined
      : "Signal is not linked: run moltbot channels login signal, and scan the code with Signal on your phone (Settings → Linked devices).",
  target: signalTarget,
  normalPeer: (text) => person(text.trim().replace(/^signal:/i, "")) ?? text.trim().toLowerCase(),
  // A user name ("u:name.42") is no id: its holder can give it up, and then somebody else can take it.
  ids: {
    peer: /^\+\d{5,15}$|^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    chat: /^group:[a-z0-9+/_-]+=*$/i,
    looks: "a number such as +15550100, an account's UUID, or group: and a group's id",
  },
  dialect: async () => (await import("./format.ts")).signalText,
  open: async (context) => (await import("./connection.ts")).connect(context),
  probe: async (context) => (await import("./connection.ts")).probe(context),
  async *login(context) {
    yield* (await import("./login.ts")).login(context);
  },
  logout: async (context) => (await import("./login.ts")).logout(context),
});

/** Reads "+1 555 0100", an account's id, "u:name.42" and "group:" with the group's id. */
function signalTarget(text: string): ChatRef {
  const plain = text.trim().replace(/^signal:/i, "");
  const [, groupId] = /^group:([A-Za-z0-9+/_-]{20,}=*)$/.exec(plain) ?? [];
  const id = groupId === undefined ? person(plain) : `group:${groupId}`;
  if (id !== undefined) return { id };
  throw new ChannelError(
    "rejected",
    `Signal has no target "${text}": give a number such as +15550100, a user name as u:name.42, or group: and a group's id.`,
  );
}

/** A person's number without spaces and signs, their id, or user name; undefined when it is none of these. */
function person(text: string): string | undefined {
  const number = text.replaceAll(/[\s().-]/g, "");
  if (/^\+\d{5,15}$/.test(number)) return number;
  const name = text.replace(/^uuid:/i, "").toLowerCase();
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name) || /^u:[\w.]+$/.test(name) ? name : undefined;
}
