/** One open connection to an MCP server. The only file that knows the SDK, which is imported when the first is opened. */
import type { CallToolResult, ListToolsResult, MCPTransport } from "@ai-sdk/mcp";
import { childEnv } from "../../base/child.ts";
import type { Clock } from "../../base/clock.ts";
import type { Env } from "../../base/files.ts";
import type { McpServerSettings } from "./settings.ts";

/** A tool as its server describes it. */
export type McpTool = ListToolsResult["tools"][number];
export type McpResult = CallToolResult;

/** What an open connection can do. */
export interface McpConnection extends AsyncDisposable {
  /** Resolves when the server has gone, to a few words that say how. */
  readonly closed: Promise<string>;
  list(signal: AbortSignal): Promise<McpTool[]>;
  /** Throws what the server or the way to it reports, or the signal's reason. */
  call(name: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<McpResult>;
}

export interface OpenOptions {
  readonly settings: McpServerSettings;
  readonly env: Env;
  readonly stateDir: string;
  readonly version: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const MAX_PAGES = 10;
const MAX_TOOLS = 200;

/** Opens one. Throws with a sentence, or the signal's reason; nothing is left running then. */
export async function openConnection(options: OpenOptions): Promise<McpConnection> {
  const { createMCPClient } = await import("@ai-sdk/mcp");
  const { version, signal } = options;
  const { promise: closed, resolve: close } = Promise.withResolvers<string>();
  const { transport, end } = await openTransport(options, close);
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  gone.catch(() => {});
  try {
    signal.throwIfAborted();
    const opening = createMCPClient({ transport, name: "moltbot", version, onUncaughtError: () => {}, maxRetries: 0 });
    opening.catch(() => {});
    const early = closed.then((how) => Promise.reject(new Error(how)));
    early.catch(() => {});
    const client = await Promise.race([opening, gone, early]);
    return {
      closed,
      list: async (within) =>
        await listAll((cursor) => client.listTools({ params: cursor, options: { signal: within } })),
      call: async (name, args, within) =>
        (await client.callTool({ name, arguments: { ...args }, options: { signal: within } })) as McpResult,
      async [Symbol.asyncDispose]() {
        await Promise.all([client.close().catch(() => {}), end()]);
      },
    };
  } catch (error) {
    await end();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

interface Opened {
  readonly transport:
    | MCPTransport
    | { type: "http" | "sse"; url: string; headers: Record<string, string>; redirect: "error" };
  end(): Promise<void>;
}

async function openTransport(
  { settings, env, stateDir, clock }: OpenOptions,
  close: (how: string) => void,
): Promise<Opened> {
  const { command, args, cwd = stateDir, url, headers = {}, transport: type = "http" } = settings;
  if (command === undefined && url === undefined) throw new Error("it has neither a command nor a url");
  if (command === undefined) return { transport: { type, url: url!, headers, redirect: "error" }, end: async () => {} };
  const { StdioTransport } = await import("./stdio.ts");
  const transport = new StdioTransport({ command, args, cwd, env: childEnv(env, settings.env), clock });
  const start = transport.start.bind(transport);
  transport.start = async () => {
    await start();
    void transport.ended?.then(close);
  };
  return { transport, end: () => transport.close() };
}

async function listAll(page: (cursor?: { cursor: string }) => Promise<ListToolsResult>): Promise<McpTool[]> {
  const tools: McpTool[] = [];
  let cursor: string | undefined;
  for (let count = 0; count < MAX_PAGES && tools.length < MAX_TOOLS; count++) {
    const { tools: more, nextCursor } = await page(cursor === undefined ? undefined : { cursor });
    tools.push(...more);
    cursor = nextCursor;
    if (cursor === undefined) break;
  }
  return tools.slice(0, MAX_TOOLS);
}
