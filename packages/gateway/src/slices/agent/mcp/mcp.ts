/**
 * Runs the configured MCP servers and offers their tools to agents. A server with a problem delays nobody and hides no
 * other.
 */

import type { Config } from "../../../base/config/config-file.ts";
import { detailOf, GatewayError, ignore, invalidRequest } from "../../../base/errors.ts";
import { within } from "../../../base/time/deadline.ts";
import type { Base } from "../../../kit/base.ts";
import type { Tool, ToolRun } from "../../../kit/tool.ts";
import type { Agent } from "../agent/agent.ts";
import type { ToolSource } from "../agent/toolbox/toolbox.ts";
import type { McpTool } from "./connection.ts";
import { McpServer } from "./server.ts";
import { type McpServerSettings, mcp as section } from "./settings.ts";
import { toolsOf } from "./tool.ts";

/** How long a run waits for servers that are connecting, ms; slower ones are ready for the next run. */
const LIMIT_MS = 5_000;

export class Mcp implements ToolSource, AsyncDisposable {
  readonly #base: Base;
  readonly #config: Config;
  readonly #servers = new Map<string, McpServer>();
  readonly #watching: Disposable;
  readonly #closing = new Set<Promise<void>>();

  constructor(base: Base & { readonly agent: Agent }) {
    this.#base = base;
    this.#config = base.config;
    this.#watching = base.config.of(section).onChange(() => this.#follow());
    base.agent.toolbox.sources.add(this);
  }

  /** The tools for a run. Runs of people who were let in start no server that is for the owner alone. */
  async toolsFor(run: ToolRun, signal: AbortSignal): Promise<readonly Tool[]> {
    const servers = this.#enabled().filter(
      ({ settings }) => run.audience === "owner" || (run.audience === "trusted" && settings.audience === "trusted"),
    );
    if (servers.length === 0) return [];
    const limit = new AbortController();
    using _timer = this.#base.clock.after(LIMIT_MS, () => limit.abort());
    const lists = await Promise.all(servers.map((server) => patient(server, AbortSignal.any([signal, limit.signal]))));
    const taken = new Set<string>();
    return servers.flatMap((server, index) => toolsOf(server, lists[index]!, taken));
  }

  /** Every configured server, connected or not; nothing secret. */
  status() {
    return this.#configured().map(([name, settings]) => {
      const server = this.#servers.get(name);
      const isEnabled = settings.enabled !== false;
      return {
        name,
        transport: settings.command === undefined ? (settings.transport ?? ("http" as const)) : ("stdio" as const),
        audience: settings.audience ?? ("owner" as const),
        state: isEnabled ? (server?.state ?? ("idle" as const)) : ("off" as const),
        tools: server ? toolsOf(server, server.seen, new Set()).map((tool) => tool.name) : [],
        ...(server?.problem !== undefined && { problem: server.problem }),
      };
    });
  }

  /** Connects a server now and lists its tools. Throws `INVALID_REQUEST` when it is not configured, `UNAVAILABLE` when it fails. */
  async test(name: string) {
    const server = this.#enabled().find((each) => each.name === name);
    if (!server) {
      const names = this.#configured().map(([each]) => each);
      const have = names.length === 0 ? "none is configured" : `there are ${names.join(", ")}`;
      throw invalidRequest(
        `no MCP server "${name.slice(0, 64)}" is switched on (${have}); see mcp.servers in the config`,
      );
    }
    const { clock } = this.#base;
    const startedAt = clock.monotonic();
    const listed = await server.tools({ now: true });
    const tools = toolsOf(server, listed, new Set()).map(({ name: tool, summary, changes }) => ({
      name: tool,
      summary,
      changes,
    }));
    return { name, tools, durationMs: Math.round(clock.monotonic() - startedAt) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching[Symbol.dispose]();
    for (const name of [...this.#servers.keys()]) this.#close(name);
    await Promise.all(this.#closing);
  }

  #configured(): [string, McpServerSettings][] {
    return Object.entries(this.#config.of(section).current.servers ?? {});
  }

  /** The enabled servers; an unconnected one costs nothing. */
  #enabled(): McpServer[] {
    const { env, stateDir, version, clock, log } = this.#base;
    return this.#configured()
      .filter(([, { enabled }]) => enabled !== false)
      .map(([name, settings]) => {
        const known = this.#servers.get(name);
        if (known) return known;
        const server = new McpServer({ name, settings, env, stateDir, version, clock, log });
        this.#servers.set(name, server);
        return server;
      });
  }

  /** Closes servers that were changed or removed; new ones are connected when needed. */
  #follow(): void {
    const wanted = new Map(this.#configured());
    for (const [name, { settings }] of this.#servers) {
      if (JSON.stringify(wanted.get(name)) !== JSON.stringify(settings)) this.#close(name);
    }
  }

  #close(name: string): void {
    const server = this.#servers.get(name);
    if (!server) return;
    this.#servers.delete(name);
    const closing: Promise<void> = server[Symbol.asyncDispose]()
      .catch((error: unknown) =>
        this.#base.log.warn("an MCP server did not end well", { server: name, error: detailOf(error) }),
      )
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

/** The server's tools; none when it has a problem, or is not ready in time. */
async function patient(server: McpServer, signal: AbortSignal): Promise<readonly McpTool[]> {
  try {
    return await within(server.tools(), { signal });
  } catch (error) {
    if (!(error instanceof GatewayError)) ignore(error, "a server in trouble has no tools; its state says why");
    return [];
  }
}
