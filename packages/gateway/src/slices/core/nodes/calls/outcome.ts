/** How calls of nodes end: results and failures as nodes tell them. */
import { GatewayError, ignore } from "../../../../base/errors.ts";

/** A node's own words about a failure. */
export interface NodeError {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/** The result of a call as the node sends it. */
export interface NodeResult {
  readonly id: string;
  readonly nodeId: string;
  readonly ok: boolean;
  readonly payload?: unknown;
  readonly payloadJSON?: unknown;
  readonly error?: NodeError | null | undefined;
}

/** The pauses before a node that was not ready is asked again, ms; there are no more than four (protocol 4). */
const UNREADY_PAUSES_MS = [250, 500, 1_000, 2_000];
const MAX_MESSAGE_CHARS = 2_000;

/** The payload of a result. Nodes of January 2026 send text, and some send a value where the text belongs. */
export function payloadOf({ payload, payloadJSON }: Pick<NodeResult, "payload" | "payloadJSON">) {
  if (typeof payloadJSON !== "string") return { payload: payloadJSON ?? payload ?? null, json: null };
  try {
    return { payload: JSON.parse(payloadJSON) as unknown, json: payloadJSON };
  } catch (error) {
    ignore(error, "a payload that is no JSON is handed on as the text that it is");
    return { payload: payloadJSON, json: payloadJSON };
  }
}

export function nodeFailure(error: NodeError | undefined): GatewayError {
  const message = error?.message?.slice(0, MAX_MESSAGE_CHARS).toWellFormed() || "node invoke failed";
  return new GatewayError("UNAVAILABLE", message, { details: { nodeError: error ?? null } });
}

export function timedOut(): GatewayError {
  const message = "node invoke timed out";
  return new GatewayError("UNAVAILABLE", message, { details: { nodeError: { code: "TIMEOUT", message } } });
}

/** How long to wait before a node is asked again, when it only was not ready; `before` is how often it was so already. */
export function unreadyPauseMs(error: NodeError | undefined, before: number): number | undefined {
  return says(error, "NODE_NOT_READY") ? UNREADY_PAUSES_MS[before] : undefined;
}

/** Whether a failure is of this kind: apps say it as the code, or as the beginning of the message. */
export function says(error: NodeError | undefined, code: string): boolean {
  return error?.code === code || (error?.message?.startsWith(code) ?? false);
}
