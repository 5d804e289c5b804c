/** `moltbot heartbeat` — whether the agent looks for news by itself, what it would do now, and why. */

import type { HeartbeatStatusResult } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { withGateway } from "../reach/connect.ts";
import { ago, facts, printable, table } from "../terminal/render.ts";

type AgentRow = HeartbeatStatusResult["agents"][number];

const status = defineCommand({
  summary: "Show the heartbeat of each agent",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const result = await client.request("heartbeat.status", {}, { timeoutMs });
      if (flags.json) return out.json(result);
      if (!result.enabled) out.print("Heartbeats are switched off until the gateway restarts; `moltbot heartbeat on`.");
      const columns = [
        ...["Agent", "Every", "Next", "Waiting", "Asked today"].map((title) => ({ title })),
        { title: "Told to" },
        { title: "Now", flexible: true },
      ];
      out.print(table(columns, result.agents.map(agentRow), out));
      if (result.last) out.print(`Last: ${printable(lineOf(result.last))}, ${ago(result.last.ts)}`);
    }),
});

function agentRow(row: AgentRow): string[] {
  const next = row.nextAtMs === null ? "never" : new Date(row.nextAtMs).toISOString().slice(11, 16);
  const asked = `${row.turnsToday} of ${row.maxTurnsPerDay}`;
  return [row.agentId, row.every, next, String(row.waiting), asked, row.target, row.verdict.reason].map(printable);
}

function lineOf({ status, reason, preview }: NonNullable<HeartbeatStatusResult["last"]>): string {
  return [status, reason, preview].filter((part) => part !== undefined).join(", ");
}

const why = defineCommand({
  summary: "Say whether a heartbeat would ask the model now, why, and what counts as news",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const { agents, news } = await client.request("heartbeat.status", {}, { timeoutMs });
      if (flags.json)
        return out.json({ agents: agents.map(({ agentId, verdict }) => ({ agentId, ...verdict })), news });
      const rows = agents.map(
        ({ agentId, verdict }) =>
          [agentId, `${verdict.asks ? "asks the model" : "asks nobody"}: ${printable(verdict.detail)}`] as const,
      );
      out.print(facts(rows, out));
      out.print(`\nWhat counts as news:\n${news.map((line) => `- ${printable(line)}`).join("\n")}`);
    }),
});

const nowFlags = {
  agent: { kind: "text", value: "ID", summary: "Which agent; else the default one", completes: "agent" },
  force: { kind: "switch", summary: "Ask the model although nothing is new" },
} as const;

const now = defineCommand({
  summary: "Have the agent look for news now",
  flags: nowFlags,
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const params = { ...defined({ agentId: flags.agent }), force: flags.force === true };
      const result = await client.request("heartbeat.now", params, { timeoutMs });
      if (flags.json) return out.json(result);
      out.print(`${result.asks ? "The model is asked" : "Nobody is asked"}: ${printable(result.detail)}`);
    }),
});

const on = defineCommand({ summary: "Switch heartbeats on", run: (call) => switched(call, true) });
const off = defineCommand({
  summary: "Switch heartbeats off until the gateway restarts",
  run: (call) => switched(call, false),
});

/** Switches all heartbeats on or off. */
export function switched(call: Pick<Call, "out" | "flags"> & Parameters<typeof withGateway>[0], enabled: boolean) {
  return withGateway(call, async ({ client, timeoutMs }) => {
    const { out, flags } = call;
    const result = await client.request("set-heartbeats", { enabled }, { timeoutMs });
    if (flags.json) return out.json(result);
    const lasting = "set agents.defaults.heartbeat.every to 0m to keep them off";
    out.print(enabled ? "Heartbeats are on." : `Heartbeats are off until the gateway restarts; ${lasting}.`);
  });
}

/** The agent's looks for news. */
export const heartbeat = defineGroup({
  summary: "See what the agent looks for by itself",
  alone: status,
  commands: { status, why, now, on, off },
});
