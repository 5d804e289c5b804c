// The MCP servers, each with a test.

import type { McpStatusResult } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { words } from "../chat/words.ts";
import { shellWord } from "../control/shell-word.ts";
import { emptyState, terminal } from "../kit/parts.ts";
import { openWhy } from "../kit/why.ts";
import { durationOf } from "../time.ts";
import type { PageHost } from "../view.ts";
import { plural, said, t } from "../words/t.ts";
import type { Say } from "./skills.ts";

type Server = McpStatusResult["servers"][number];

const STATES = {
  off: { tone: "", text: said("switched off") },
  idle: { tone: "", text: said("connects when it is needed") },
  connecting: { tone: "busy", text: said("connecting") },
  connected: { tone: "good", text: said("connected") },
  failed: { tone: "bad", text: said("failed") },
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
            t("None is configured."),
            html`Add one under <code>mcp.servers</code> in the config; the page of the documentation shows how.`,
          )
        : html`<ul class="rows">${servers.map((server) => row(host, server, say))}</ul>`
    }
    ${terminal("moltbot mcp list")}
  </section>`;
}

function row(host: PageHost, server: Server, say: Say): TemplateResult {
  const { name, state, tools, problem, audience } = server;
  const { tone, text } = STATES[state];
  return html`<li class="plain-row">
    <span class="grow">
      <strong>${name}</strong>
      <span class="meta">for ${audience === "owner" ? t("you alone") : t("people who were let in")}${tools.length === 0 ? "" : plural(tools.length, ", {0} tool", ", {0} tools")}</span>
      ${problem === undefined ? nothing : html`<span class="problem">${words(problem)}</span>`}
    </span>
    <span class="state ${tone}"><span class="dot"></span>${t(text)}</span>
    <button type="button" class="text-button" aria-label=${t("Why: {0}", name)} @click=${() => why(host, server)}>Why</button>
    ${
      host.may("admin") && host.offers("mcp.test")
        ? html`<button type="button" class="button small" aria-label=${t("Test {0}", name)} @click=${() => test(host, name, say)}>Test</button>`
        : nothing
    }
  </li>`;
}

function why(host: PageHost, { name, state, tools, problem, audience }: Server): void {
  openWhy(host, {
    title: name,
    because: problem ?? t("It is {0}.", t(STATES[state].text)),
    facts: [
      [t("Its tools"), tools.join(", ") || t("not known before it is connected")],
      [t("For"), audience === "owner" ? t("you alone") : t("people who were let in")],
    ],
    setting: { path: `mcp.servers.${name}` },
    command: `moltbot mcp test ${shellWord(name)}`,
  });
}

async function test(host: PageHost, name: string, say: Say): Promise<void> {
  say(t("Connecting {0}…", name));
  const answer = await host.ask("mcp.test", { name }, { timeoutMs: SLOW_MS });
  if (answer === undefined) return say(t("{0} could not be connected.", name));
  say(plural(answer.tools.length, "{1} works: {0} tool.", "{1} works: {0} tools.", name));
  openWhy(host, {
    title: t("{0} works", name),
    because: plural(
      answer.tools.length,
      "It answered in {1} and has {0} tool.",
      "It answered in {1} and has {0} tools.",
      durationOf(answer.durationMs),
    ),
    facts: answer.tools.map(
      ({ name: tool, summary, changes }) => [tool, `${summary}${changes ? t(" (changes things)") : ""}`] as const,
    ),
    setting: { path: `mcp.servers.${name}` },
    command: `moltbot mcp test ${name}`,
  });
}
