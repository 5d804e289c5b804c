/** `moltbot message` — messages over channels: send, ask, react, change, take back; and what waits in the outbox. */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { defined } from "../../base/defined.ts";
import { accountFlag, channelFlag, checkedChannel } from "../channels/known.ts";
import { mediaUrl } from "../channels/media.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { usageError } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { facts, printable } from "../terminal/render.ts";
import { discard, list, resend } from "./message-outbox.ts";

const placeFlags = {
  target: {
    kind: "text",
    short: "t",
    value: "WHO",
    summary: "Whom: a number (+15550100) or an id, as the channel writes it",
  },
  ...channelFlag,
  ...accountFlag,
  "thread-id": { kind: "text", value: "ID", summary: "A topic or thread within the chat" },
} as const;

const aboutFlags = {
  ...placeFlags,
  "message-id": { kind: "text", value: "ID", summary: "The platform's id of the message" },
} as const;

const sendFlags = {
  ...placeFlags,
  message: { kind: "text", short: "m", value: "TEXT", summary: "What to say, in Markdown; - reads it from stdin" },
  media: { kind: "list", value: "FILE|URL", summary: "A file or https: address to send along; may be repeated" },
  "reply-to": { kind: "text", value: "ID", summary: "The platform's id of the message that this answers" },
  silent: { kind: "switch", summary: "Without a sound, where the platform can" },
  "dry-run": { kind: "switch", summary: "Show what would be sent, and send nothing" },
} as const;

const send = defineCommand({
  summary: "Send a message",
  flags: sendFlags,
  examples: [
    'moltbot message send -t +15550100 -m "On my way"',
    "df -h | moltbot message send --channel telegram -t 5000001 -m -",
    "moltbot message send --channel slack -t C0123ABCD --media report.pdf -m 'This week'",
  ],
  async run(call) {
    const { flags, out } = call;
    const media = flags.media.map(mediaUrl);
    const params = {
      ...placeOf(call),
      message: textOf(call, media.length > 0),
      ...(media.length > 0 && { mediaUrls: media }),
      ...(flags["reply-to"] !== undefined && { replyToId: flags["reply-to"] }),
      ...(flags.silent && { silent: true }),
      idempotencyKey: randomUUID(),
    };
    if (flags["dry-run"]) return showDryRun(call, params);
    await withGateway(call, async (connection) => {
      await checkedChannel(connection, flags.channel);
      const sending = connection.client.request("send", params, { timeoutMs: flags.timeout ?? SEND_MS });
      const sent = await out.during("Sending", sending);
      if (flags.json) return out.json(sent);
      out.print(`${out.style.green("●")} Sent over ${sent.channel}, message ${printable(sent.messageId)}.`);
    });
  },
});

const pollFlags = {
  ...placeFlags,
  question: { kind: "text", short: "q", value: "TEXT", summary: "What to ask" },
  option: { kind: "list", short: "o", value: "TEXT", summary: "An answer to choose from; two at least" },
  "max-selections": { kind: "number", value: "N", summary: "How many answers one person may choose (1)" },
  "duration-hours": { kind: "number", value: "H", summary: "How long it is open, where the platform limits it" },
} as const;

const poll = defineCommand({
  summary: "Ask a question with answers to choose from",
  flags: pollFlags,
  examples: ['moltbot message poll -t -100123 -q "Lunch?" -o Soup -o Salad'],
  async run(call) {
    const { flags, out } = call;
    const { question, option, "max-selections": most, "duration-hours": hours } = flags;
    if (question === undefined) throw usageError('Say what to ask with --question "…".');
    if (option.length < 2) throw usageError("Give at least two answers: --option A --option B.");
    const params = {
      ...placeOf(call),
      question,
      options: [...option],
      ...defined({ maxSelections: most, durationHours: hours }),
      idempotencyKey: randomUUID(),
    };
    await withGateway(call, async (connection) => {
      await checkedChannel(connection, flags.channel);
      const asking = connection.client.request("poll", params, { timeoutMs: flags.timeout ?? SEND_MS });
      const sent = await out.during("Sending", asking);
      if (flags.json) return out.json(sent);
      out.print(`${out.style.green("●")} Asked over ${sent.channel}, message ${printable(sent.messageId)}.`);
    });
  },
});

const reactFlags = {
  ...aboutFlags,
  emoji: { kind: "text", value: "EMOJI", summary: "The reaction" },
  remove: { kind: "switch", summary: "Take the reaction back" },
} as const;

const react = defineCommand({
  summary: "React to a message, or take the reaction back",
  positionals: [{ name: "EMOJI", optional: true }],
  flags: reactFlags,
  examples: ["moltbot message react --channel telegram -t 5000001 --message-id 42 👍"],
  async run(call) {
    const { remove } = call.flags;
    const emoji = call.flags.emoji ?? call.words[0];
    if (emoji === undefined) throw usageError("Say which reaction, e.g. `--emoji 👍`.");
    const params = { ...messageOf(call), emoji, ...(remove && { remove: true }), idempotencyKey: randomUUID() };
    await act(call, remove ? "The reaction is taken back." : `Reacted with ${printable(emoji)}.`, (connection) =>
      connection.client.request("message.react", params, { timeoutMs: SEND_MS }),
    );
  },
});

const editFlags = {
  ...aboutFlags,
  message: { kind: "text", short: "m", value: "TEXT", summary: "The new text; - reads it from stdin" },
} as const;

const edit = defineCommand({
  summary: "Change a message that the gateway has sent",
  flags: editFlags,
  async run(call) {
    const params = { ...messageOf(call), message: textOf(call, false), idempotencyKey: randomUUID() };
    await act(call, "The message is changed.", (connection) =>
      connection.client.request("message.edit", params, { timeoutMs: SEND_MS }),
    );
  },
});

const unsend = defineCommand({
  summary: "Take back a message that the gateway has sent",
  flags: aboutFlags,
  async run(call) {
    const params = { ...messageOf(call), idempotencyKey: randomUUID() };
    await act(call, "The message is taken back.", (connection) =>
      connection.client.request("message.delete", params, { timeoutMs: SEND_MS }),
    );
  },
});

/** Messages over channels. */
export const message = defineGroup({
  summary: "Send messages over channels, and change or resend them",
  alone: list,
  commands: { send, poll, react, edit, delete: unsend, list, resend, discard },
});

/** The gateway itself waits 20 s for the platform, and up to a minute for a file; in milliseconds. */
const SEND_MS = 90_000;

type PlaceCall = Pick<Call<typeof placeFlags>, "flags">;

function placeOf({ flags }: PlaceCall) {
  const { target, channel, account, "thread-id": threadId } = flags;
  if (target === undefined) throw usageError("Say whom to write to with --target, e.g. `-t +15550100`.");
  return {
    to: target,
    ...defined({ channel, accountId: account, threadId }),
  };
}

function messageOf(call: Pick<Call<typeof aboutFlags>, "flags">) {
  const messageId = call.flags["message-id"];
  if (messageId === undefined)
    throw usageError("Say which message with --message-id; `moltbot message list` shows ids.");
  return { ...placeOf(call), messageId };
}

/** What to say; from stdin when it is asked for, or when nothing is given and something is piped in. */
function textOf({ flags }: { flags: { readonly message?: string | undefined } }, isOptional: boolean): string {
  const isPiped = flags.message === undefined && !isOptional && process.stdin.isTTY !== true;
  const text = flags.message === "-" || isPiped ? readFileSync(0, "utf8").trimEnd() : flags.message;
  if (text) return text;
  // The protocol wants a text with every message; a space is none for a platform.
  if (isOptional) return " ";
  throw usageError('Say what to send: `-m "…"`, or `-m -` to read it from stdin.');
}

function showDryRun(
  { out, flags }: Call<typeof sendFlags>,
  params: ReturnType<typeof placeOf> & { message: string },
): void {
  if (flags.json) return out.json({ dryRun: true, ...params });
  out.print("Nothing was sent. This would be:");
  const { to, channel, accountId, threadId, message } = params;
  out.print(
    facts(
      [
        ["To", printable(to)],
        ["Channel", channel ?? "the only one there is, else WhatsApp"],
        ["Account", accountId],
        ["Thread", threadId],
        ["Reply to", flags["reply-to"]],
        ["Text", message.trim() === "" ? undefined : printable(message)],
        ...flags.media.map((each) => ["File", printable(each).slice(0, 200)] as const),
      ],
      out,
    ),
  );
}

/** Does something to a message and says so. */
async function act(
  call: Pick<Call<typeof aboutFlags>, "flags" | "env" | "out">,
  says: string,
  work: (connection: Link) => Promise<unknown>,
): Promise<void> {
  await withGateway(call, async (connection) => {
    await checkedChannel(connection, call.flags.channel);
    const result = await work(connection);
    if (call.flags.json) call.out.json(result);
    else call.out.print(says);
  });
}
