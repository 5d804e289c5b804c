/** `moltbot tools` — what models may call, and why not. */

import { defineCommand, defineGroup } from "../command.ts";
import { withGateway } from "../connect.ts";
import { usageError } from "../exit.ts";
import { printable, table } from "../render.ts";
import { agentFlag, sessionFlag } from "../shared-flags.ts";

const list = defineCommand({
  summary: "List the tools, and whether the agent may use each when you ask",
  flags: {
    ...agentFlag,
    ...sessionFlag,
  },
  examples: ["moltbot tools list", "moltbot tools list --agent work"],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      if (flags.agent && flags.session) throw usageError("--agent and --session do not go together; name one of them.");
      const sessionKey = flags.agent ? `agent:${flags.agent}:main` : flags.session;
      const result = await client.request("tools.list", sessionKey ? { sessionKey } : {}, { timeoutMs });
      if (flags.json) return out.json(result);
      const columns = [
        { title: "", paint: out.style.green },
        { title: "Tool" },
        { title: "For" },
        { title: "Changes" },
        { title: "What it does", flexible: true },
      ];
      const rows = result.tools.map(({ name, audience, changes, summary, allowed }) => [
        allowed ? "●" : "",
        name,
        FOR_WHOM[audience] ?? audience,
        changes ? "yes" : "",
        summary,
      ]);
      out.print(table(columns, rows, out));
      const refused = result.tools.filter(({ allowed }) => !allowed);
      if (refused.length > 0) out.print("");
      for (const { name, why = "" } of refused) out.print(out.style.dim(`${name}: ${printable(why)}`));
    }),
});

const FOR_WHOM: Readonly<Record<string, string>> = { anyone: "anyone", trusted: "let in", owner: "owner" };

/** What models may call. */
export const tools = defineGroup({ summary: "See which tools the agent may use", alone: list, commands: { list } });
