/** One open connection to an MCP server. The only file that knows the SDK, which is imported when the first is opened. */

import type { CallToolResult, ListToolsResult, MCPTransport } from "@ai-sdk/mcp";
import { detailOf, ignore, TellableError } from "../../../base/errors.ts";
import type { Env } from "../../../base/files.ts";
import type { Log } from "../../../base/log.ts";
import { childEnv } from "../../../base/process/child.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { within } from "../../../base/time/deadline.ts";
import { addressProblem, headerProblem } from "../../../kit/schema/keys-and-addresses.ts";
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
  readonly log: Log;
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
  try {
    signal.throwIfAborted();
    const opening = createMCPClient({ transport, name: "moltbot", version, onUncaughtError: () => {}, maxRetries: 0 });
    opening.catch((error: unknown) => ignore(error, "it is thrown below, or nobody waits any more"));
    const early = closed.then((how) => Promise.reject(new TellableError(how)));
    early.catch((error: unknown) => ignore(error, "it is thrown below, or the client opened first"));
    const client = await within(Promise.race([opening, early]), { signal });
    return {
      closed,
      list: async (until) =>
        await listAll((cursor) => client.listTools({ params: cursor, options: { signal: until } })).catch(
          (error: unknown) => Promise.reject(tellable(error)),
        ),
      call: async (name, args, until) =>
        (await client
          .callTool({ name, arguments: { ...args }, options: { signal: until } })
          .catch((error: unknown) => Promise.reject(tellable(error, { withWords: true })))) as McpResult,
      async [Symbol.asyncDispose]() {
        const closing = client
          .close()
          .catch((error: unknown) => ignore(error, "the server is gone; there is nothing to close"));
        await Promise.all([closing, end()]);
      },
    };
  } catch (error) {
    await end();
    throw tellable(error);
  }
}

interface Opened {
  readonly transport:
    | MCPTransport
    | { type: "http" | "sse"; url: string; headers: Record<string, string>; redirect: "error" };
  end(): Promise<void>;
}

async function openTransport(
  { settings, env, stateDir, clock, log }: OpenOptions,
  close: (how: string) => void,
): Promise<Opened> {
  const { command, args, cwd = stateDir, url, headers = {}, transport: type = "http" } = settings;
  if (command === undefined && url === undefined) throw new TellableError("it has neither a command nor a url");
  if (command === undefined) requireSound(url!, headers);
  if (command === undefined) return { transport: { type, url: url!, headers, redirect: "error" }, end: async () => {} };
  const { StdioTransport } = await import("./stdio.ts");
  const transport = new StdioTransport({ command, args, cwd, env: childEnv(env, settings.env), clock, log });
  const start = transport.start.bind(transport);
  transport.start = async () => {
    await start();
    void transport.ended?.then(close);
  };
  return { transport, end: () => transport.close() };
}

/** Throws when an address or a header of the settings cannot be used; the sentence does not contain their values. */
function requireSound(url: string, headers: Readonly<Record<string, string>>): void {
  const problem = addressProblem(url);
  if (problem) throw new TellableError(`its url ${problem}`);
  for (const [name, value] of Object.entries(headers)) {
    const wrong = headerProblem(name, value);
    if (wrong) throw new TellableError(`its header ${name.slice(0, 64)} ${wrong}`);
  }
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

const MAX_WORDS = 300;

/** An error of the SDK for people, by its code or status. A refused call keeps the server's text for the model. */
function tellable(error: unknown, { withWords = false }: { withWords?: boolean } = {}): unknown {
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  const cause = { cause: error };
  if (typeof statusCode === "number") return new TellableError(`it answered with HTTP status ${statusCode}`, cause);
  if (typeof code !== "number") return error;
  const words = withWords ? `: ${detailOf(error).split("\n")[0]!.slice(0, MAX_WORDS)}` : "";
  return new TellableError(`it refused the request (code ${code})${words}`, cause);
}
