/**
 * Calls of commands on nodes. Each has one deadline, which the node is told too; each ends exactly once: by the node's
 * result, its deadline, its caller, or the end of the node's connection.
 */
import type { Bus } from "../../../../base/bus.ts";
import { GatewayError, invalidRequest } from "../../../../base/errors.ts";
import { newId } from "../../../../base/ids.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { onAbort } from "../../../../base/time/deadline.ts";
import type { Caller } from "../../../../kit/access.ts";
import { nodeInvokeCancel, nodeInvokeInput, nodeInvokeProgress, nodeInvokeRequest } from "../events.ts";
import { type ExecReport, isReportOf } from "./exec-report.ts";
import { type NodeError, type NodeResult, nodeFailure, payloadOf, timedOut, unreadyPauseMs } from "./outcome.ts";

/** A call, checked. */
export interface Invoke {
  readonly nodeId: string;
  readonly command: string;
  readonly params: unknown;
  /** Milliseconds; 0 for no deadline, and then silence for ten minutes ends it. */
  readonly timeoutMs: number;
  readonly idempotencyKey: string;
  readonly caller: Pick<Caller, "principal" | "scopes">;
  /** Ends the call; it goes on when its caller has gone when undefined. */
  readonly signal?: AbortSignal | undefined;
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

/** Names a call of the caller's own. */
export interface OwnCall {
  readonly principal: string;
  readonly idempotencyKey: string;
}

interface Open {
  /** Changes when the call is sent again. */
  id: string;
  readonly connId: string;
  readonly invoke: Invoke;
  readonly isFour: boolean;
  /** On the clock that never jumps; undefined when there is no deadline. */
  readonly endsAt: number | undefined;
  settle(result: Invoked): void;
  fail(error: GatewayError): void;
  timer: Disposable;
  /** Waits until the node may be ready. */
  pause: Disposable | undefined;
  unready: number;
  nextSeq: number;
  nextInput: number;
  hasReported: boolean;
  /** Made for the first piece: most calls are answered in one. */
  early: Map<number, string> | undefined;
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
  readonly #ofConnection = new Map<string, Set<Open>>();

  constructor({ bus, clock }: { bus: Bus; clock: Clock }) {
    this.#bus = bus;
    this.#clock = clock;
  }

  /** Calls a command. Rejects with `GatewayError` in the protocol's words, or with the signal's reason. */
  async call(node: Pick<Caller, "connId" | "protocol">, invoke: Invoke): Promise<Invoked> {
    const { connId } = node;
    const beside = this.#ofConnection.get(connId) ?? new Set<Open>();
    if (beside.size >= MAX_OPEN)
      throw new GatewayError("UNAVAILABLE", `the node works on ${MAX_OPEN} calls already; try again later`, {
        retryable: true,
        retryAfterMs: 1_000,
      });
    const { promise, resolve, reject } = Promise.withResolvers<Invoked>();
    const endsAt = invoke.timeoutMs === 0 ? undefined : this.#clock.monotonic() + invoke.timeoutMs;
    // Each in its place, because it is made for each call: parts that are spread are made, copied and thrown away.
    const open: Open = {
      id: newId(),
      connId,
      invoke,
      isFour: node.protocol >= 4,
      endsAt,
      settle: resolve,
      fail: reject,
      pause: undefined,
      unready: 0,
      nextSeq: 0,
      nextInput: 0,
      hasReported: false,
      early: undefined,
      timer: this.#clock.after(invoke.timeoutMs || IDLE_MS, () => this.#late(open)),
    };
    this.#open.set(open.id, open);
    this.#ofConnection.set(connId, beside.add(open));
    using _aborted =
      invoke.signal && onAbort(invoke.signal, () => this.#cancel(open, "the caller has gone", cancelled()));
    this.#send(open);
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
    const error = result.error ?? undefined;
    if (!result.ok && this.#sendsAgain(open, error)) return true;
    this.#forget(open);
    if (!result.ok) open.fail(nodeFailure(error));
    else settle(open, result);
    return true;
  }

  /** Takes a piece of output; pieces that come too early wait for those before them. */
  progress(
    { connId, deviceId }: Pick<Caller, "connId" | "deviceId">,
    { invokeId, nodeId, seq, chunk }: { invokeId: string; nodeId: string; seq: number; chunk: string },
  ): boolean {
    if (nodeId !== deviceId) throw invalidRequest("nodeId mismatch");
    const open = this.#open.get(invokeId);
    if (!open || open.connId !== connId || seq < open.nextSeq) return false;
    open.early ??= new Map();
    const { early } = open;
    // The piece for which the others wait is always taken.
    if (early.size >= MAX_EARLY && seq !== open.nextSeq) return false;
    early.set(seq, chunk);
    for (let next = early.get(open.nextSeq); next !== undefined; next = early.get(open.nextSeq)) {
      early.delete(open.nextSeq);
      this.#tell(open, next);
      open.nextSeq++;
    }
    if (open.endsAt === undefined) {
      open.timer[Symbol.dispose]();
      open.timer = this.#clock.after(IDLE_MS, () => this.#late(open));
    }
    return true;
  }

  /** Hands input to a call that works. Throws `INVALID_REQUEST` when there is none, or its node takes none. */
  input(own: OwnCall, payloadJSON: string): { seq: number } {
    const open = this.#own(own);
    if (!open) throw invalidRequest("no call of yours works under this idempotencyKey");
    if (!open.isFour) throw invalidRequest("this node speaks protocol 3, which has no input");
    const seq = open.nextInput++;
    const { id, connId, invoke } = open;
    this.#bus.publish(nodeInvokeInput, { id, nodeId: invoke.nodeId, seq, payloadJSON }, { connId });
    return { seq };
  }

  /** Ends a call for its caller, whatever the node does; false when it does not work (any more). */
  cancel(own: OwnCall): boolean {
    const open = this.#own(own);
    if (open) this.#cancel(open, "the caller cancelled it", cancelled());
    return open !== undefined;
  }

  /** The call that a report of a node about a program is of; each end is taken once. */
  reported(connId: string, report: ExecReport): Invoke | undefined {
    const open = this.#ofConnection
      .get(connId)
      ?.values()
      .find((each) => !each.hasReported && isReportOf(report, each.invoke));
    if (open && report.event !== "exec.started") open.hasReported = true;
    return open?.invoke;
  }

  /** Ends all calls of a connection that has ended. */
  disconnected(connId: string): void {
    for (const open of [...(this.#ofConnection.get(connId) ?? [])]) {
      this.#forget(open);
      const { command } = open.invoke;
      open.fail(
        new GatewayError("UNAVAILABLE", `Error: node disconnected (${command})`, {
          details: { code: "NODE_DISCONNECTED", nodeError: { code: "NOT_CONNECTED", message: "node disconnected" } },
        }),
      );
    }
  }

  #own({ principal, idempotencyKey }: OwnCall): Open | undefined {
    return this.#open
      .values()
      .find(({ invoke }) => invoke.idempotencyKey === idempotencyKey && invoke.caller.principal === principal);
  }

  #send({ id, connId, invoke, endsAt, isFour, unready }: Open): void {
    const { nodeId, command, params, idempotencyKey, askedBy } = invoke;
    const leftMs = endsAt === undefined ? 0 : Math.max(1, Math.round(endsAt - this.#clock.monotonic()));
    const timeoutMs = unready === 0 ? invoke.timeoutMs : leftMs;
    const request = {
      ...{ id, nodeId, command, paramsJSON: JSON.stringify(params ?? {}), timeoutMs, idempotencyKey },
      ...(askedBy !== undefined && isFour && { askedBy }),
    };
    this.#bus.publish(nodeInvokeRequest, request, { connId });
  }

  /** Whether a node that was not ready, and has done nothing yet, is asked again. */
  #sendsAgain(open: Open, error: NodeError | undefined): boolean {
    const leftMs = open.endsAt === undefined ? Number.POSITIVE_INFINITY : open.endsAt - this.#clock.monotonic();
    const hasBegun = open.nextSeq > 0 || (open.early?.size ?? 0) > 0 || open.hasReported;
    const pauseMs = hasBegun ? undefined : unreadyPauseMs(error, open.unready);
    if (pauseMs === undefined || pauseMs >= leftMs) return false;
    open.unready++;
    // A late second answer under the old id counts no more.
    this.#open.delete(open.id);
    open.id = newId();
    this.#open.set(open.id, open);
    open.pause = this.#clock.after(pauseMs, () => this.#send(open));
    return true;
  }

  #tell({ id, invoke, nextSeq: seq }: Open, chunk: string): void {
    const { watcher, onProgress, idempotencyKey, nodeId } = invoke;
    onProgress?.(chunk);
    const piece = { invokeId: id, idempotencyKey, nodeId, seq, chunk };
    if (watcher !== undefined) this.#bus.publish(nodeInvokeProgress, piece, { connId: watcher });
  }

  #late(open: Open): void {
    this.#cancel(open, "its time is up", timedOut());
  }

  /** The node may send no result after a cancel, so the call ends here. */
  #cancel(open: Open, reason: string, error: GatewayError): void {
    if (!this.#open.has(open.id)) return;
    this.#forget(open);
    const cancel = { invokeId: open.id, nodeId: open.invoke.nodeId, reason };
    if (open.isFour) this.#bus.publish(nodeInvokeCancel, cancel, { connId: open.connId });
    open.fail(error);
  }

  #forget(open: Open): void {
    open.timer[Symbol.dispose]();
    open.pause?.[Symbol.dispose]();
    this.#open.delete(open.id);
    const beside = this.#ofConnection.get(open.connId);
    beside?.delete(open);
    if (beside?.size === 0) this.#ofConnection.delete(open.connId);
  }
}

function cancelled(): GatewayError {
  return new GatewayError("UNAVAILABLE", "the call was cancelled", { details: { code: "CANCELLED" } });
}

function settle(open: Open, result: NodeResult): void {
  try {
    open.settle(payloadOf(result));
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    open.fail(error);
  }
}
