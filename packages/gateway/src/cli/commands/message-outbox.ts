/** The outbox in `moltbot message`: what waits, what was sent, and what is to be sent again or given up. */
import type { OutboxEntry } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { accountFlag, channelFlag, checkedChannel } from "../channels/known.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { limitFlag } from "../language/common-flags.ts";
import { EXIT, usageError } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import { ago, printable, table } from "../terminal/render.ts";

const STATES = ["queued", "sending", "sent", "unknown", "failed"] as const;

export const list = defineCommand({
  summary: "List the newest messages to channels, and how far each is",
  flags: {
    ...channelFlag,
    ...accountFlag,
    state: { kind: "text", value: "STATE", summary: "Only these", choices: STATES },
    ...limitFlag("to list", 20),
  },
  run: (call) =>
    withGateway(call, async (connection) => {
      const { out, flags } = call;
      const channel = await checkedChannel(connection, flags.channel);
      const params = {
        limit: flags.limit ?? 20,
        ...defined({ channel, accountId: flags.account, state: flags.state }),
      };
      const { entries } = await connection.client.request("outbox.list", params, { timeoutMs: connection.timeoutMs });
      if (flags.json) return out.json({ entries });
      if (entries.length === 0) return out.print(flags.state ? `No message is ${flags.state}.` : "No message yet.");
      out.print(outboxTable(entries, call));
      for (const { id, problem } of entries) if (problem) out.print(`${out.style.red(`${id}:`)} ${printable(problem)}`);
      if (entries.some(({ state }) => state === "unknown" || state === "failed"))
        out.print(
          out.style.dim(
            "\nSend one again with `moltbot message resend ID`, or give it up: `moltbot message discard ID`.",
          ),
        );
    }),
});

export const resend = defineCommand({
  summary: "Send a message again that has failed, or of which it is not known whether it was sent",
  positionals: [{ name: "ID" }],
  run: (call) => settle(call, "outbox.resend", "is sent again"),
});

export const discard = defineCommand({
  summary: "Give up a message that waits, or of which it is not known whether it was sent",
  positionals: [{ name: "ID" }],
  run: (call) => settle(call, "outbox.discard", "is given up"),
});

async function settle(call: Call, method: "outbox.resend" | "outbox.discard", says: string) {
  const [word = ""] = call.words;
  const id = Number(word.replace(/^#/, ""));
  if (!Number.isInteger(id) || id < 1)
    throw usageError(`${JSON.stringify(word)} is not a message's number; \`moltbot message list\` shows them.`);
  return await withGateway(call, async ({ client, timeoutMs }) => {
    const { entry } = await client.request(method, { id }, { timeoutMs });
    if (call.flags.json) call.out.json(entry);
    else call.out.print(`Message ${id} to ${printable(entry.chatId)} on ${entry.channel} ${says}.`);
    return EXIT.ok;
  });
}

function outboxTable(entries: readonly OutboxEntry[], { out }: Pick<Call, "out">): string {
  const { green, yellow, red } = out.style;
  const paints = { queued: yellow, sending: yellow, sent: green, unknown: red, failed: red };
  const columns = [
    { title: "Id", align: "right" as const },
    { title: "State", paint: (cell: string, row: number) => paints[entries[row]?.state ?? "sent"](cell) },
    { title: "Channel" },
    { title: "To", flexible: true },
    { title: "When" },
    { title: "Message" },
    { title: "Text", flexible: true },
  ];
  const rows = entries.map(({ id, state, channel, chatId, sentAt, queuedAt, providerId = "", text }) => [
    ...[String(id), state, channel, chatId, ago(sentAt ?? queuedAt), providerId, text.slice(0, 80)],
  ]);
  return table(columns, rows, out);
}
