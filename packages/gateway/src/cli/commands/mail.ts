/** `moltbot mail` — the mailboxes whose new mail an agent is told. */
import type { MailStatusResult } from "@moltbot/protocol";
import { defineCommand, defineGroup } from "../language/command.ts";
import { withGateway } from "../reach/connect.ts";
import { ago, printable, table } from "../terminal/render.ts";

type Mailbox = MailStatusResult["accounts"][number];

const COLUMNS = [
  ...["Name", "Mailbox", "State", "Last mail"].map((title) => ({ title })),
  { title: "Problem", flexible: true },
];

const status = defineCommand({
  summary: "Show which mailboxes are watched, and why some are not",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const result = await client.request("mail.status", {}, { timeoutMs });
      if (call.flags.json) return call.out.json(result);
      if (result.accounts.length === 0)
        return call.out.print(
          "No mailbox is watched. Name one under mail.accounts in the settings, with host, user and password.",
        );
      call.out.print(table(COLUMNS, result.accounts.map(rowOf), call.out));
      call.out.print("`moltbot hooks tail` shows what came.");
    }),
});

function rowOf({ account, user, host, mailbox, state, problem = "", lastMailAtMs }: Mailbox): string[] {
  return [account, `${user} on ${host}, ${mailbox}`, state, ago(lastMailAtMs), problem].map(printable);
}

/** Mailboxes. */
export const mail = defineGroup({ summary: "See the mailboxes that are watched", alone: status, commands: { status } });
