/**
 * Calls of commands on nodes. Each has one deadline, which the node is told too; each ends exactly once: by the node's
 * result, its deadline, its caller, or the end of the node's connection.
 */
import type { Bus } from "../../../base/bus.ts";
import { GatewayError, ignore, invalidRequest } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { onAbort } from "../../../base/time/deadline.ts";
import type { Caller } from "../../../kit/access.ts";
import { nodeInvokeCancel, nodeInvokeProgress, nodeInvokeRequest } from "./events.ts";

/** A call, checked. */
export interface Invoke {
  readonly nodeId: string;
  readonly command: string;
  readonly params: unknown;
  /** Milliseconds; 0 for no deadline, and then silence for ten minutes ends it. */
  readonly timeoutMs: number;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
  /** The connection that sees progress events; none when undefined. */
  readonly watcher?: string | undefined;
  /** Who asks, in words for the person at the node. */
  readonly askedBy?: string | undefined;
  readonly onProgress?: ((chunk: string) => void) | undefined;
}

/** The result of a call. `json` is its text as the node sent it. */
export interface Invoked {
  readonly payload: unknown;
  readonly json: string | null;
}

/** A node's own words about a failure. */
interface NodeError {
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

interface Open {
  readonly id: string;
  readonly connId: string;
  readonly invoke: Invoke;
  readonly isFour: boolean;
  settle(result: Invoked): void;
  fail(error: GatewayError): void;
  timer: Disposable;
  nextSeq: number;
  readonly early: Map<number, string>;
}

const IDLE_MS = 10 * 60_000;
/** Calls of one node at once. */
const MAX_OPEN = 256;
/** Progress that waits for an earlier piece (protocol: node.invoke.progress). */
const MAX_EARLY = 128;

export class Invokes {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #open = new Map<string, Open>();

  constructor({ bus, clock }: { bus: Bus; clock: Clock }) {
    this.#bus = bus;
    this.#clock = clock;
  }

  /** Calls a command. Rejects with `GatewayError` in the protocol's words, or with the signal's reason. */
  async call(node: Pick<Caller, "connId" | "protocol">, invoke: Invoke): Promise<Invoked> {
    const { connId } = node;
    if ([...this.#open.values()].filter((open) => open.connId === connId).length >= MAX_OPEN)
      throw new GatewayError("UNAVAILABLE", `the node works on ${MAX_OPEN} calls already; try again later`, {
        retryable: true,
        retryAfterMs: 1_000,
      });
    const { promise, resolve, reject } = Promise.withResolvers<Invoked>();
    const id = newId();
    const open: Open = {
      ...{ id, connId, invoke, isFour: node.protocol >= 4, nextSeq: 0, early: new Map() },
      settle: resolve,
      fail: reject,
      timer: this.#limit(id, invoke),
    };
    this.#open.set(id, open);
    using _aborted = onAbort(invoke.signal, () => this.#cancel(open, "the caller has gone"));
    const { nodeId, command, params, timeoutMs, idempotencyKey, askedBy } = invoke;
    const request = {
      ...{ id, nodeId, command, paramsJSON: JSON.stringify(params ?? {}), timeoutMs, idempotencyKey },
      ...(askedBy !== undefined && open.isFour && { askedBy }),
    };
    this.#bus.publish(nodeInvokeRequest, request, { connId });
    return await promise;
  }

  /**
   * Takes a node's result; false when nobody waits for it (any more). Throws `INVALID_REQUEST` when it is another
   * node's.
   */
  result({ connId, deviceId }: Pick<Caller, "connId" | "deviceId">, result: NodeResult): boolean {
    if (result.nodeId !== deviceId) throw invalidRequest("nodeId mismatch");
    const open = this.#open.get(result.id);
    if (!open || open.connId !== connId) return false;
    this.#forget(open);
    if (result.ok) open.settle(payloadOf(result));
    else open.fail(nodeFailure(result.error ?? undefined));
    return true;
  }

  /** Takes a piece of output; pieces that come too early wait for those before them. */
  progress(
    { connId, deviceId }: Pick<Caller, "connId" | "deviceId">,
    { invokeId, nodeId, seq, chunk }: { invokeId: string; nodeId: string; seq: number; chunk: string },
  ): boolean {
    if (nodeId !== deviceId) throw invalidRequest("nodeId mismatch");
    const open = this.#open.get(invokeId);
    if (!open || open.connId !== connId || seq < open.nextSeq || open.early.size >= MAX_EARLY) return false;
    open.early.set(seq, chunk);
    for (let next = open.early.get(open.nextSeq); next !== undefined; next = open.early.get(open.nextSeq)) {
      open.early.delete(open.nextSeq);
      this.#tell(open, next);
      open.nextSeq++;
    }
    if (open.invoke.timeoutMs === 0) {
      open.timer[Symbol.dispose]();
      open.timer = this.#limit(open.id, open.invoke);
    }
    return true;
  }

  /** Ends all calls of a connection that has ended. */
  disconnected(connId: string): void {
    for (const open of [...this.#open.values()]) {
      if (open.connId !== connId) continue;
      this.#forget(open);
      const { command } = open.invoke;
      open.fail(
        new GatewayError("UNAVAILABLE", `Error: node disconnected (${command})`, {
          details: { code: "NODE_DISCONNECTED", nodeError: { code: "NOT_CONNECTED", message: "node disconnected" } },
        }),
      );
    }
  }

  #tell({ id, invoke }: Open, chunk: string): void {
    const { watcher, onProgress, idempotencyKey, nodeId } = invoke;
    onProgress?.(chunk);
    const { nextSeq: seq } = this.#open.get(id)!;
    const piece = { invokeId: id, idempotencyKey, nodeId, seq, chunk };
    if (watcher !== undefined) this.#bus.publish(nodeInvokeProgress, piece, { connId: watcher });
  }

  #limit(id: string, { timeoutMs }: Invoke): Disposable {
    return this.#clock.after(timeoutMs === 0 ? IDLE_MS : timeoutMs, () => {
      const open = this.#open.get(id);
      if (open) this.#cancel(open, "its time is up", timedOut());
    });
  }

  #cancel(open: Open, reason: string, error?: GatewayError): void {
    if (!this.#open.has(open.id)) return;
    this.#forget(open);
    const cancel = { invokeId: open.id, nodeId: open.invoke.nodeId, reason };
    if (open.isFour) this.#bus.publish(nodeInvokeCancel, cancel, { connId: open.connId });
    open.fail(error ?? new GatewayError("UNAVAILABLE", "the call was cancelled", { details: { code: "CANCELLED" } }));
  }

  #forget(open: Open): void {
    open.timer[Symbol.dispose]();
    this.#open.delete(open.id);
  }
}

function timedOut(): GatewayError {
  const message = "node invoke timed out";
  return new GatewayError("UNAVAILABLE", message, { details: { nodeError: { code: "TIMEOUT", message } } });
}

function nodeFailure(error: NodeError | undefined): GatewayError {
  const message = error?.message?.slice(0, 2_000).toWellFormed() || "node invoke failed";
  return new GatewayError("UNAVAILABLE", message, { details: { nodeError: error ?? null } });
}

/** Nodes of January 2026 send text, and some send the value itself or a value where the text belongs. */
function payloadOf({ payload, payloadJSON }: NodeResult): Invoked {
  if (typeof payloadJSON !== "string") return { payload: payloadJSON ?? payload ?? null, json: null };
  try {
    return { payload: JSON.parse(payloadJSON) as unknown, json: payloadJSON };
  } catch (error) {
    ignore(error, "a payload that is no JSON is handed on as the text that it is");
    return { payload: payloadJSON, json: payloadJSON };
  }
}
