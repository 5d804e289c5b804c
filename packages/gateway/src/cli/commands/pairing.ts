/** `moltbot pairing` — senders whom the agent does not know yet: who waits, who was let in. */

import type { SenderRequest } from "@moltbot/protocol";
import { checkedChannel, findChannel, readChannels } from "../channels/known.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { CliError, usageError } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { ago, duration, printable, table } from "../terminal/render.ts";

const list = defineCommand({
  summary: "List senders who wait, and those who were let in",
  positionals: [{ name: "CHANNEL", optional: true, completes: "channel" }],
  run: (call) =>
    withGateway(call, async (connection) => {
      const { out, words, flags } = call;
      const channel = await checkedChannel(connection, words[0]);
      const params = channel === undefined ? {} : { channel };
      const { timeoutMs } = connection;
      const { pending, approved } = await connection.client.request("pairing.list", params, { timeoutMs });
      if (flags.json) return out.json({ pending, approved });
      if (pending.length > 0) {
        out.print(out.style.bold("Waiting to be let in"));
        const columns = [
          { title: "Code", paint: out.style.cyan },
          { title: "Channel" },
          { title: "Who", flexible: true },
          { title: "Id" },
          { title: "Wrote" },
          { title: "Good for", align: "right" as const },
        ];
        const rows = pending.map(({ code, channel, name = "", id, lastSeenAt, expiresAt }) => [
          ...[code, channel, name, id, ago(lastSeenAt)],
          duration(Math.max(0, expiresAt - Date.now())),
        ]);
        out.print(table(columns, rows, out));
        out.print(out.style.dim("Let one in with `moltbot pairing approve CODE`.\n"));
      }
      if (approved.length === 0)
        return out.print(`${pending.length === 0 ? "Nobody waits, and nobody" : "Nobody"} was let in by a code yet.`);
      out.print(out.style.bold("Let in"));
      const columns = [{ title: "Channel" }, { title: "Who", flexible: true }, { title: "Id" }, { title: "Since" }];
      const rows = approved.map(({ channel, name = "", id, approvedAt }) => [channel, name, id, ago(approvedAt)]);
      out.print(table(columns, rows, out));
    }),
});

const approveFlags = {
  notify: { kind: "switch", summary: "Tell the sender that they may write now" },
} as const;

const approve = defineCommand({
  summary: "Let a sender in by the code that they were given",
  positionals: [
    { name: "CHANNEL", optional: true, completes: "channel" },
    { name: "CODE", completes: "sender-code" },
  ],
  flags: approveFlags,
  examples: ["moltbot pairing approve telegram XAAL434H --notify", "moltbot pairing approve XAAL434H"],
  run: (call) =>
    withGateway(call, async (connection) => {
      const { out, flags } = call;
      const { channel, code } = await requestOf(call, connection);
      const params = { channel, code, ...(flags.notify && { notify: true }) };
      const { timeoutMs } = connection;
      const result = await connection.client.request("pairing.approve", params, { timeoutMs });
      if (flags.json) return out.json(result);
      out.print(`${nameOf(result)} may write to the agent on ${result.channel} now.`);
    }),
});

const revoke = defineCommand({
  summary: "Shut out a sender who was let in, or turn away one who waits",
  positionals: [{ name: "CHANNEL", completes: "channel" }, { name: "ID" }],
  run: (call) =>
    withGateway(call, async (connection) => {
      const { out, words, flags } = call;
      const [word = "", id = ""] = words;
      const { id: channel } = findChannel(await readChannels(connection), word);
      const { timeoutMs } = connection;
      const result = await connection.client.request("pairing.revoke", { channel, id }, { timeoutMs });
      if (flags.json) return out.json(result);
      if (!result.removed)
        throw new CliError(`Nobody with the id ${printable(id)} was let in or waits. See \`moltbot pairing list\`.`);
      out.print(`${printable(result.id)} is shut out of ${result.channel}.`);
    }),
});

/** Senders and their codes. */
export const pairing = defineGroup({
  summary: "Say who may write to the agent",
  alone: list,
  commands: { list, approve, revoke },
});

/** A code alone is enough: it is looked up among those that wait. */
async function requestOf({ words }: Call<typeof approveFlags>, connection: Link) {
  const [first = "", second] = words;
  const code = (second ?? first).toUpperCase();
  const { pending } = await connection.client.request("pairing.list", {}, { timeoutMs: connection.timeoutMs });
  const found: SenderRequest | undefined = pending.find((each) => each.code === code);
  if (second !== undefined) return { channel: findChannel(await readChannels(connection), first).id, code };
  if (found) return { channel: found.channel, code };
  throw usageError(`No sender waits with the code ${JSON.stringify(first)}. See \`moltbot pairing list\`.`);
}

function nameOf({ id, name }: { readonly id: string; readonly name?: string }): string {
  return printable(name === undefined ? id : `${name} (${id})`);
}
