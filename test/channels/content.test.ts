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
import { AccountBench } from "../support/channel-context.ts";
import { cellOf, linked } from "./content-cells.ts";
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
