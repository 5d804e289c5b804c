/** `moltbot tools` — what models may call, and why not. */

import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { agentFlag, sessionFlag } from "../language/common-flags.ts";
import { CliError, usageError } from "../language/exit.ts";
import { nearest } from "../language/nearest.ts";
import { wordFor } from "../language/word-for.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { facts, printable, table } from "../terminal/render.ts";

const whoseFlags = { ...agentFlag, ...sessionFlag } as const;

const list = defineCommand({
  summary: "List the tools, and whether the agent may use each when you ask",
  flags: whoseFlags,
  examples: ["moltbot tools list", "moltbot tools list --agent work"],
  run: (call) =>
    withGateway(call, async (link) => {
      const { out, flags } = call;
      const result = await readTools(call, link);
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
      out.print(out.style.dim("\nRead all that is said of one with `moltbot tools show TOOL`."));
    }),
});

const show = defineCommand({
  summary: "Show all that is said of a tool, and why it may not be used",
  positionals: [{ name: "TOOL", completes: "tool" }],
  flags: whoseFlags,
  run: (call) =>
    withGateway(call, async (link) => {
      const { out, flags, words } = call;
      const [wanted = ""] = words;
      const { tools: known } = await readTools(call, link);
      const tool = known.find(({ name }) => name === wanted);
      if (!tool) throw unknownTool(wanted, known);
      if (flags.json) return out.json(tool);
      const { bold, green, yellow } = out.style;
      out.print(`${bold(tool.name)}\n${printable(tool.summary)}\n`);
      out.print(
        facts(
          [
            ["For", wordFor(FOR_WHOM, tool.audience)],
            ["Changes", tool.changes ? "something outside the conversation" : "nothing"],
            ["Allowed", tool.allowed ? green("yes") : yellow(`no: ${printable(tool.why ?? "")}`)],
          ],
          out,
        ),
      );
    }),
});

/** The tools as the agent that is meant may use them. */
async function readTools({ flags }: Pick<Call<typeof whoseFlags>, "flags">, { client, timeoutMs }: Link) {
  if (flags.agent && flags.session) throw usageError("--agent and --session do not go together; name one of them.");
  const sessionKey = flags.agent ? `agent:${flags.agent}:main` : flags.session;
  return await client.request("tools.list", sessionKey ? { sessionKey } : {}, { timeoutMs });
}

function unknownTool(wanted: string, known: readonly { readonly name: string }[]): CliError {
  const close = nearest(
    wanted,
    known.map(({ name }) => name),
  );
  const hint = close === undefined ? "" : ` Did you mean ${close}?`;
  return new CliError(`There is no tool ${JSON.stringify(wanted)}.${hint} See \`moltbot tools list\`.`);
}

const FOR_WHOM: Readonly<Record<string, string>> = { anyone: "anyone", trusted: "let in", owner: "owner" };

/** What models may call. */
export const tools = defineGroup({
  summary: "See which tools the agent may use",
  alone: list,
  commands: { list, show },
});
