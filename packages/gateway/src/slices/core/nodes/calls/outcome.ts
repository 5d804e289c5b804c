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
const MAX_CODE_CHARS = 128;
/** How deep a payload may be: what is deeper cannot be written down again. */
const MAX_DEPTH = 200;

/**
 * The payload of a result. Nodes of January 2026 send text, and some send a value where the text belongs. Throws
 * `UNAVAILABLE` for one that is too deep.
 */
export function payloadOf({ payload, payloadJSON }: Pick<NodeResult, "payload" | "payloadJSON">) {
  if (typeof payloadJSON !== "string") return { payload: requireShallow(payloadJSON ?? payload ?? null), json: null };
  let value: unknown;
  try {
    value = JSON.parse(payloadJSON);
  } catch (error) {
    ignore(error, "a payload that is no JSON is handed on as the text that it is, in the form of January 2026");
    return { payload: { payloadJSON }, json: payloadJSON };
  }
  return { payload: requireShallow(value), json: payloadJSON };
}

/** Level by level and without recursion, because the depth is the node's choice. */
function requireShallow(payload: unknown): unknown {
  let level = [payload];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw new GatewayError(
        "UNAVAILABLE",
        `the node's result has more than ${MAX_DEPTH} levels; it cannot be handed on`,
      );
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null
        ? Object.values(value).filter((each) => typeof each === "object")
        : [],
    );
  }
  return payload;
}

export function nodeFailure(error: NodeError | undefined): GatewayError {
  const message = error?.message?.slice(0, MAX_MESSAGE_CHARS).toWellFormed() || "node invoke failed";
  // The node's words are as long as it likes, and the caller needs the beginning.
  const nodeError = error && {
    ...(error.code !== undefined && { code: error.code.slice(0, MAX_CODE_CHARS).toWellFormed() }),
    ...(error.message !== undefined && { message }),
  };
  return new GatewayError("UNAVAILABLE", message, { details: { nodeError: nodeError ?? null } });
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
