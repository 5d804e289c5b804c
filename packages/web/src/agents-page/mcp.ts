// The MCP servers, each with a test.

import type { McpStatusResult } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { words } from "../chat/words.ts";
import { shellWord } from "../control/shell-word.ts";
import { emptyState, terminal } from "../kit/parts.ts";
import { openWhy } from "../kit/why.ts";
import { durationOf } from "../time.ts";
import type { PageHost } from "../view.ts";
import type { Say } from "./skills.ts";

type Server = McpStatusResult["servers"][number];

const STATES = {
  off: { mood: "", text: "switched off" },
  idle: { mood: "", text: "connects when it is needed" },
  connecting: { mood: "busy", text: "connecting" },
  connected: { mood: "good", text: "connected" },
  failed: { mood: "bad", text: "failed" },
} as const;
/** A server may have to be fetched first, ms. */
const SLOW_MS = 120_000;

/** The configured servers. */
export function mcpServers(
  host: PageHost,
  servers: readonly Server[] | undefined,
  say: Say,
): TemplateResult | typeof nothing {
  if (servers === undefined) return nothing;
  return html`<section aria-labelledby="mcp-title">
    <h2 id="mcp-title">MCP servers</h2>
    <p class="meta">Programs of others that give every agent more tools.</p>
    ${
      servers.length === 0
        ? emptyState(
            "None is configured.",
            html`Add one under <code>mcp.servers</code> in the config; the page of the documentation shows how.`,
          )
        : html`<ul class="rows">${servers.map((server) => row(host, server, say))}</ul>`
    }
    ${terminal("moltbot mcp list")}
  </section>`;
}

function row(host: PageHost, server: Server, say: Say): TemplateResult {
  const { name, state, tools, problem, audience } = server;
  const { mood, text } = STATES[state];
  return html`<li class="plain-row">
    <span class="grow">
      <strong>${name}</strong>
      <span class="meta">for ${audience === "owner" ? "you alone" : "people who were let in"}${tools.length === 0 ? "" : `, ${tools.length} tools`}</span>
      ${problem === undefined ? nothing : html`<span class="problem">${words(problem)}</span>`}
    </span>
    <span class="state ${mood}"><span class="dot"></span>${text}</span>
    <button type="button" class="text-button" aria-label=${`Why: ${name}`} @click=${() => why(host, server)}>Why</button>
    ${
      host.may("admin") && host.offers("mcp.test")
        ? html`<button type="button" class="button small" aria-label=${`Test ${name}`} @click=${() => test(host, name, say)}>Test</button>`
        : nothing
    }
  </li>`;
}

function why(host: PageHost, { name, state, tools, problem, audience }: Server): void {
  openWhy(host, {
    title: name,
    because: problem ?? `It is ${STATES[state].text}.`,
    facts: [
      ["Its tools", tools.join(", ") || "not known before it is connected"],
      ["For", audience === "owner" ? "you alone" : "people who were let in"],
    ],
    setting: { path: `mcp.servers.${name}` },
    command: `moltbot mcp test ${shellWord(name)}`,
  });
}

async function test(host: PageHost, name: string, say: Say): Promise<void> {
  say(`Connecting ${name}…`);
  const answer = await host.attempt(() => host.gateway().request("mcp.test", { name }, { timeoutMs: SLOW_MS }));
  if (answer === undefined) return say(`${name} could not be connected.`);
  say(`${name} works: ${answer.tools.length} tools.`);
  openWhy(host, {
    title: `${name} works`,
    because: `It answered in ${durationOf(answer.durationMs)} and has ${answer.tools.length} tools.`,
    facts: answer.tools.map(
      ({ name: tool, summary, changes }) => [tool, `${summary}${changes ? " (changes things)" : ""}`] as const,
    ),
    setting: { path: `mcp.servers.${name}` },
    command: `moltbot mcp test ${name}`,
  });
}
