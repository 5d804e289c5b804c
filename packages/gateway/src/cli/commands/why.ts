/** `moltbot why` — why a message was answered or not: what came in, the rule, the line of the config, the reply. */

import type { InboxEntry, InboxWhyResult } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { adviceFor } from "../channels/advice.ts";
import { checkedChannel } from "../channels/known.ts";
import { hideSecrets } from "../config/config-path.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { limitFlag } from "../language/common-flags.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { ago, facts, printable, type Style, table } from "../terminal/render.ts";

const whyFlags = {
  list: { kind: "switch", summary: "List the newest messages instead" },
  channel: { kind: "text", value: "NAME", summary: "List only those of this channel", completes: "channel" },
  ...limitFlag("to list", 20),
} as const;

/** Explains one message, the last one unless another is named. */
export const why = defineCommand({
  summary: "Show why a message was answered or not, and which line of the config decided it",
  positionals: [{ name: "MESSAGE", optional: true }],
  flags: whyFlags,
  examples: ["moltbot why", "moltbot why --list", "moltbot why 42"],
  run: (call) =>
    withGateway(call, async (connection) => {
      const { flags, words, out } = call;
      if (flags.list || flags.channel !== undefined) return await showList(call, connection);
      const { client, timeoutMs } = connection;
      const answer = await client.request("inbox.why", { message: words[0] ?? "last" }, { timeoutMs });
      if (flags.json) return out.json(answer);
      const { path } = await client.request("config.get", {}, { timeoutMs });
      show(call, answer, path);
    }),
});

type WhyCall = Call<typeof whyFlags>;

async function showList({ flags, out }: WhyCall, connection: Link): Promise<void> {
  const channel = await checkedChannel(connection, flags.channel);
  const params = { limit: flags.limit ?? 20, ...defined({ channel }) };
  const { entries } = await connection.client.request("inbox.list", params, { timeoutMs: connection.timeoutMs });
  if (flags.json) return out.json({ entries });
  if (entries.length === 0) return out.print("No message has come in yet.");
  const columns = [
    { title: "Id", align: "right" as const },
    { title: "When" },
    { title: "From", flexible: true },
    { title: "Outcome", paint: (cell: string, row: number) => paintOf(entries[row], out.style)(cell) },
    { title: "Rule" },
    { title: "Text", flexible: true },
  ];
  const rows = entries.map((entry) => [
    ...[String(entry.id), ago(entry.receivedAt), `${entry.channel} ${whoOf(entry)}`, outcomeOf(entry)],
    ...[entry.rule ?? "", entry.text.slice(0, 80)],
  ]);
  out.print(table(columns, rows, out));
  out.print(out.style.dim("\nExplain one with `moltbot why ID`."));
}

function show({ out }: WhyCall, { entry, config, binding, parts, traceId }: InboxWhyResult, configPath: string): void {
  const { bold, dim } = out.style;
  const kind = entry.kind === "message" ? "Message" : `A message's ${entry.kind}`;
  const where = entry.chatKind === "direct" ? "" : ` in ${printable(entry.chatTitle ?? entry.chatId)}`;
  const account = entry.accountId === "default" ? "" : ` (${entry.accountId})`;
  out.print(
    `${bold(`${kind} ${entry.id}`)} from ${printable(whoOf(entry))}${where}, ${entry.channel}${account}, ${ago(entry.receivedAt)}`,
  );
  for (const line of printable(entry.text).split("\n").slice(0, 5)) out.print(dim(`  ${line}`));
  const file = config?.line === undefined ? configPath : `${configPath}:${config.line}`;
  const told = config && JSON.stringify(hideSecrets(config.value, config.path.split(".")));
  const value = told === undefined ? "" : ` = ${told}`;
  out.print("");
  out.print(
    facts(
      [
        ["Chat", printable(entry.threadId === undefined ? entry.chatId : `${entry.chatId}, thread ${entry.threadId}`)],
        ["Outcome", paintOf(entry, out.style)(outcomeOf(entry))],
        ["Rule", entry.outcome === "unread" ? undefined : entry.rule],
        ["Because", entry.detail === undefined ? undefined : printable(entry.detail)],
        ["Setting", config && `${config.path}${config.isDefault ? " = its default" : value}`],
        ["Line", config && (config.isDefault ? dim(`not in ${configPath}`) : file)],
        ["Change", adviceFor(entry)],
        ["Session", entry.sessionKey],
        ["Trace", traceId],
        [
          "Agent",
          binding && `chosen by ${binding.path}${binding.line === undefined ? "" : `, ${configPath}:${binding.line}`}`,
        ],
      ],
      out,
    ),
  );
  for (const part of parts) {
    const id = part.providerId === undefined ? "" : ` as ${printable(part.providerId)}`;
    out.print(
      `\n${bold("Reply")} ${dim(`${part.state}${id}, ${ago(part.sentAt ?? part.queuedAt)}, outbox ${part.id}`)}`,
    );
    if (part.problem !== undefined) out.print(`  ${out.style.red(printable(part.problem))}`);
    for (const line of printable(part.text).split("\n").slice(0, 3)) out.print(dim(`  ${line}`));
  }
}

function whoOf({ sender, senderName }: InboxEntry): string {
  return senderName === undefined ? sender : `${senderName} (${sender})`;
}

/** What became of it, or how far it is. */
function outcomeOf({ outcome, rule, state }: InboxEntry): string {
  if (outcome === "unread") return `unread: ${printable(rule ?? "unknown kind")}`;
  return outcome ?? { received: "waiting", held: "waiting for more", running: "being answered", done: "done" }[state];
}

function paintOf(entry: InboxEntry | undefined, style: Style): (text: string) => string {
  if (entry?.outcome === "replied") return style.green;
  if (entry?.outcome === "failed" || entry?.outcome === "expired") return style.red;
  return entry?.outcome === "suppressed" || entry?.outcome === undefined ? style.yellow : (text) => text;
}
