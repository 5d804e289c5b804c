/** Calls commands of nodes from the command line. */
import { randomUUID } from "node:crypto";
import { isRecord } from "../../base/config/config.ts";
import type { Link } from "../connect.ts";
import type { Output } from "../output.ts";

export interface NodeCall {
  readonly node: string;
  readonly command: string;
  readonly params?: unknown;
  /** The one deadline of the call, ms. */
  readonly timeoutMs: number;
}

/** How much longer than the call itself its answer is waited for, ms. */
const TRANSPORT_MS = 5_000;

/** Calls a command; its payload. Output that comes meanwhile goes to `onProgress`. */
export async function invokeNode(
  { client }: Pick<Link, "client">,
  { node, command, params, timeoutMs }: NodeCall,
  onProgress?: (chunk: string) => void,
): Promise<unknown> {
  const idempotencyKey = randomUUID();
  using _progress = client.on("node.invoke.progress", (piece) => {
    if (piece.idempotencyKey === idempotencyKey) onProgress?.(piece.chunk);
  });
  const call = { nodeId: node, command, timeoutMs, idempotencyKey, ...(params !== undefined && { params }) };
  const { payload } = await client.request("node.invoke", call, { timeoutMs: timeoutMs + TRANSPORT_MS });
  return payload;
}

/** The only connected node when none was named. */
export async function chosenNode(
  { client, timeoutMs }: Link,
  named: string | undefined,
  command: string,
): Promise<string> {
  if (named !== undefined) return named;
  const { nodes } = await client.request("node.list", {}, { timeoutMs });
  const able = nodes.filter((each) => each.connected && each.commands.includes(command));
  if (able.length === 1) return able[0]!.nodeId;
  const { usageError } = await import("../exit.ts");
  if (able.length > 1)
    throw usageError(`Several nodes have ${command}; say which with --node: ${able.map(nameOf).join(", ")}.`);
  throw usageError(
    `No connected node has ${command}. \`moltbot nodes list\` shows what each offers and what waits for approval.`,
  );
}

function nameOf({ displayName, nodeId }: { displayName?: string; nodeId: string }): string {
  return displayName ?? nodeId.slice(0, 12);
}

/** Shows a payload for people. */
export function printPayload(out: Output, payload: unknown): void {
  if (payload === null || payload === undefined || (isRecord(payload) && Object.keys(payload).length === 0))
    return out.print("Done.");
  out.json(payload);
}
