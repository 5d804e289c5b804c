/** Calls commands of nodes from the command line. */
import { randomUUID } from "node:crypto";
import { ConnectionClosed } from "@moltbot/protocol";
import { isRecord } from "../../base/config/config.ts";
import { defined } from "../../base/defined.ts";
import { ignore } from "../../base/errors.ts";
import { CliError, EXIT, usageError } from "../language/exit.ts";
import type { Link } from "../reach/connect.ts";
import type { Output } from "../terminal/output.ts";
import { onStop } from "../terminal/stop.ts";

export interface NodeCall {
  readonly node: string;
  readonly command: string;
  readonly params?: unknown;
  /** The one deadline of the call, ms. */
  readonly timeoutMs: number;
  /** How long the call may wait for a node that is away or asleep, ms. Without it, the call fails at once. */
  readonly queueForMs?: number | undefined;
}

/** How much longer than the call itself its answer is waited for, ms. */
const TRANSPORT_MS = 5_000;

/** Calls a command; its payload. Output that comes meanwhile goes to `onProgress`. */
export async function invokeNode(
  link: Pick<Link, "client">,
  call: NodeCall,
  onProgress?: (chunk: string) => void,
): Promise<unknown> {
  return (await answerOfNode(link, call, onProgress)).payload;
}

/** Like `invokeNode`, but also tells of a call that waits for its node. */
export async function answerOfNode(
  { client }: Pick<Link, "client">,
  { node, command, params, timeoutMs, queueForMs }: NodeCall,
  onProgress?: (chunk: string) => void,
) {
  const idempotencyKey = randomUUID();
  using _progress = client.on("node.invoke.progress", (piece) => {
    if (piece.idempotencyKey === idempotencyKey) onProgress?.(piece.chunk);
  });
  // The first Ctrl-C ends the call on the node too, and the answer says so; a second one ends this command.
  const cancel = () => {
    client
      .request("node.invoke.cancel", { idempotencyKey })
      .catch((error: unknown) => ignore(error, "the call ends with its connection, or with its own answer"));
  };
  using _stop = onStop(cancel);
  const call = { nodeId: node, command, timeoutMs, idempotencyKey, ...defined({ params, queueForMs }) };
  try {
    return await client.request("node.invoke", call, { timeoutMs: timeoutMs + TRANSPORT_MS });
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
    throw new CliError(
      `The gateway ended during the call, so nobody knows whether ${command} took effect. Look at the node before you ` +
        "call it again.",
      EXIT.unreachable,
      { cause: error },
    );
  }
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
