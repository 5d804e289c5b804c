// What the agent sees of each kind of content, on each channel: said through the real connection, written down as a table.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import {
  type FakePlatform,
  fakeBlueBubbles,
  fakeDiscord,
  fakeImsg,
  fakeSignal,
  fakeSlack,
  fakeTelegram,
  fakeWhatsApp,
} from "../../packages/fakes/src/index.ts";
import { CHANNELS } from "../../packages/gateway/src/channels/index.ts";
import type {
  ChannelContext,
  ChannelDefinition,
  Inbound,
  InboundMessage,
} from "../../packages/gateway/src/kit/channel.ts";
import { fileLabel } from "../../packages/gateway/src/kit/content.ts";
import { framed } from "../../packages/gateway/src/kit/text/words.ts";
import { composeMessage } from "../../packages/gateway/src/slices/surfaces/messaging/in/envelope.ts";
import { AccountBench } from "../support/channel-context.ts";
import { CONTENT_KINDS, type ContentKind } from "./content-kinds.ts";

type Column = Exclude<keyof ContentKind, "kind">;

const PAGE = new URL("../../docs/channels/content.md", import.meta.url);
/** Set to write the page anew instead of comparing it. */
const IS_WRITING = process.env.MOLTBOT_WRITE_CONTENT === "1";

const COLUMNS: readonly (readonly [Column, title: string, start: () => Promise<FakePlatform>])[] = [
  ["whatsapp", "WhatsApp", fakeWhatsApp],
  ["telegram", "Telegram", fakeTelegram],
  ["slack", "Slack", fakeSlack],
  ["discord", "Discord", fakeDiscord],
  ["signal", "Signal", fakeSignal],
  ["bluebubbles", "iMessage (BlueBubbles)", fakeBlueBubbles],
  ["imsg", "iMessage (imsg)", fakeImsg],
];

const seen = new Map<string, string>();

for (const [column, title, start] of COLUMNS)
  test(`${title}: every kind of content is shown, or recorded with a reason`, { timeout: 240_000 }, async () => {
    await using fake = await start();
    const definition = CHANNELS.find(({ id }) => id === fake.channel)!;
    await using bench = new AccountBench(definition, fake.settings);
    await linked(fake, definition, bench);

    for (const row of CONTENT_KINDS) seen.set(`${row.kind} ${column}`, await cellOf(row[column], fake, bench));

    const cells = CONTENT_KINDS.map(({ kind }) => seen.get(`${kind} ${column}`) ?? "");
    assert.deepEqual(
      CONTENT_KINDS.filter((_, index) => cells[index]!.trim() === "").map(({ kind }) => kind),
      [],
    );
    if (!IS_WRITING) assert.deepEqual(cells, columnOf(readFileSync(PAGE, "utf8"), title));
  });

after(() => {
  if (IS_WRITING) writeFileSync(PAGE, page());
});

async function linked(fake: FakePlatform, definition: ChannelDefinition, bench: AccountBench): Promise<void> {
  if (definition.login && fake.scan && definition.isLinkedByLogin && fake.channel === "whatsapp") {
    const context = bench.context(new AbortController().signal) as ChannelContext<never>;
    for await (const step of definition.login(context)) if (step.kind === "qr") await fake.scan(step.text);
  }
  await bench.open();
  await fake.linked();
}

/** What comes with the making of a place, and is not what is looked at. */
function isAside(inbound: Inbound): boolean {
  if (inbound.kind === "membership") return true;
  if (inbound.kind === "unread") return inbound.what === "forum_topic_created";
  return inbound.kind === "message" && (inbound.text.startsWith("before the ") || isBarePicture(inbound));
}

function isBarePicture({ text, media }: InboundMessage): boolean {
  return text === "" && media.length === 1 && media[0]!.kind === "image";
}

async function cellOf(says: unknown, fake: FakePlatform, bench: AccountBench): Promise<string> {
  if (typeof says !== "function") return String(says);
  const before = bench.inbound.length;
  await says(fake);
  const inbound = await bench.received(
    "what was said",
    (each) => bench.inbound.indexOf(each) >= before && !isAside(each),
  );
  const { replyTo } = inbound.kind === "message" ? inbound : {};
  const answered = bench.inbound.find((each) => each.kind === "message" && each.messageId === replyTo?.messageId);
  return told(inbound, fake.channel, answered);
}

/** An event as the agent, or whoever asks why, reads it; ids and times differ from run to run. */
function told(inbound: Inbound, channel: string, answered: Inbound | undefined): string {
  switch (inbound.kind) {
    case "message":
      return messageTold(inbound, channel, answered?.kind === "message" ? answered : undefined);
    case "unread":
      return `*unread: ${inbound.what}.* ${inbound.why}`;
    case "vote":
      return `*vote:* ${inbound.isSecret ? "encrypted, so only that there was one" : `for number ${inbound.answers.map((each) => Number(each) + 1)}; the answer’s text where the gateway asked`}`;
    case "button":
      return `*button:* ${inbound.data}`;
    default:
      return `*${inbound.kind}*`;
  }
}

function messageTold(message: InboundMessage, channel: string, answered: InboundMessage | undefined): string {
  const { content } = composeMessage({
    ...{ channel, ownNames: ["molty"], context: [], standing: "trusted" },
    quoted: answered && { ...answered, senderId: answered.sender.id },
    received: [{ message, files: message.media.map((file) => ({ type: "text", text: fileLabel(file) })) }],
  });
  const parts = content.flatMap((part) => {
    if (part.type !== "text") return [];
    const [head = "", ...lines] = framed("", { text: part.text, from: part.from! }).split("\n");
    const about = head.slice(2, -1).replace(/ \(somebody your owner lets talk to you\)/, "");
    const text = lines.map((line) => line.slice(2)).join("\n");
    return [/^message from [^ ]+(?: “\w+”)?$/.test(about) ? text : `*${about}:* ${text}`];
  });
  return (message.awaitsFiles ? [...parts, "waits up to 20 s for the file, then goes without it"] : parts)
    .join("\n")
    .replace(new RegExp(`${channel}:[^\\s”):*,]+ “(\\w+)”`, "g"), "$1")
    .replace(new RegExp(`\\(${channel}:[^\\s”):*,]+\\)`, "g"), "(ID)")
    .replace(new RegExp(`${channel}:[^\\s”):*,]+`, "g"), "ID")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, "TIME")
    .replace(/channel \d{9,}/g, "channel ID")
    .replace(/ \(\S*\d{3,}\)/g, " (ID)");
}

function columnOf(text: string, title: string): string[] {
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  const cells = rows.map((row) => row.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));
  const index = cells[0]!.indexOf(title);
  return cells.slice(2).map((row) => row[index]!.replaceAll("<br>", "\n").replaceAll("\\|", "|").replace(/&lt;/g, "<"));
}

function page(): string {
  const escaped = (cell: string) => cell.replaceAll("<", "&lt;").replaceAll("|", "\\|").replaceAll("\n", "<br>");
  const rows = CONTENT_KINDS.map(({ kind }) => [
    kind,
    ...COLUMNS.map(([column]) => escaped(seen.get(`${kind} ${column}`) ?? "")),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    "# What the agent sees",
    "",
    "Whatever a person sends on a channel becomes words, a file, or a record with a reason. A record has the outcome",
    "`unread: KIND`; `moltbot why` explains it. Only traffic that no person made (receipts, typing, presence, keys) is left out.",
    "",
    "This table is written by `MOLTBOT_WRITE_CONTENT=1 npm test -- test/channels/content.test.ts`, which sends one message of",
    "each kind through each channel's connection; the same test fails when the table is stale. In *italics* stands what the",
    "gateway adds: whose words follow. `ID` and `TIME` stand for what differs. Nothing but a sender's own typed words is a",
    "command.",
    "",
    line(["kind", ...COLUMNS.map(([, title]) => title)]),
    line(["kind", ...COLUMNS].map(() => "---")),
    ...rows.map(line),
    "",
  ].join("\n");
}
