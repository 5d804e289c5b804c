/** `moltbot mcp` — programs and services whose tools the agents use: which there are, and whether one works. */

import type { McpStatusResult } from "@moltbot/protocol";
import { defineCommand, defineGroup } from "../language/command.ts";
import { withGateway } from "../reach/connect.ts";
import { duration, printable, type Style, table } from "../terminal/render.ts";

const NONE = "No MCP server is configured. Add one under mcp.servers in the config, for example";
const EXAMPLE = `moltbot config set mcp.servers.files '{ "command": "npx", "args": ["-y", "some-mcp-server"] }'`;
/** A program may have to be fetched before it starts. */
const TEST_MS = 45_000;

const list = defineCommand({
  summary: "List the MCP servers and how they are",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const result = await client.request("mcp.status", {}, { timeoutMs });
      if (flags.json) return out.json(result);
      const { servers } = result;
      if (servers.length === 0) {
        out.print(NONE);
        return out.raw(`  ${EXAMPLE}`);
      }
      const columns = [
        { title: "Server" },
        { title: "Over" },
        { title: "For" },
        { title: "State", paint: (cell: string, row: number) => paintOf(servers[row], out.style)(cell) },
        { title: "Tools", align: "right" as const },
        { title: "Problem", flexible: true },
      ];
      const rows = servers.map((each) => [
        ...[each.name, each.transport, each.audience, each.state],
        ...[each.tools.length > 0 ? String(each.tools.length) : "", each.problem ?? ""],
      ]);
      out.print(table(columns, rows, out));
      out.print(
        out.style.dim("\nA server is connected when a run first needs it. Try one with `moltbot mcp test NAME`."),
      );
    }),
});

const test = defineCommand({
  summary: "Connect an MCP server now and list its tools",
  positionals: [{ name: "NAME", completes: "mcp-server" }],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags, words } = call;
      const [name = ""] = words;
      const options = { timeoutMs: Math.max(timeoutMs, TEST_MS) };
      const result = await out.during(`Connecting ${name}`, client.request("mcp.test", { name }, options));
      if (flags.json) return out.json(result);
      const { tools, durationMs } = result;
      const what = tools.length === 1 ? "1 tool" : `${tools.length} tools`;
      out.print(`${out.style.green("●")} ${printable(result.name)} works: ${what} in ${duration(durationMs)}.\n`);
      const columns = [{ title: "Tool" }, { title: "Changes" }, { title: "What it does", flexible: true }];
      const rows = tools.map((tool) => [
        ...[tool.name, tool.changes ? "maybe" : "no"],
        tool.summary.replace(/^.*?own words: /, ""),
      ]);
      if (tools.length > 0) out.print(table(columns, rows, out));
    }),
});

/** MCP servers of the config. */
export const mcp = defineGroup({ summary: "Use the tools of MCP servers", alone: list, commands: { list, test } });

function paintOf(server: McpStatusResult["servers"][number] | undefined, style: Style): (text: string) => string {
  if (server?.state === "connected") return style.green;
  return server?.state === "failed" ? style.red : style.dim;
}
