/**
 * Calls that wait for a node which sleeps. Each is a row before its caller is answered, works when the node comes, and is
 * told to the conversation that asked. A command with effects is sent at most once, whatever restarts in between.
 */
import { defined } from "../../../../base/defined.ts";
import { detailOf, GatewayError, ignore, invalidRequest } from "../../../../base/errors.ts";
import type { Base } from "../../../../kit/base.ts";
import { Port } from "../../../../kit/port.ts";
import type { Invoke, Invoked } from "../calls/invokes.ts";
import { nodeQueueChanged } from "../events.ts";
import { hasEffects } from "../policy.ts";
import type { QueuedCallShape } from "../schema.ts";
import { type CallEnd, type CallRow, CallRows, callView, type NewCall } from "./rows.ts";

export type { CallRow } from "./rows.ts";

/** Tells conversations of the results of calls that waited. Filled by node-tools. */
export interface ResultReporter {
  /** What the conversation is told of a result; keeps its files. Throws `GatewayError` when they cannot be kept. */
  textOf(call: CallRow, payload: unknown): Promise<string>;
  /** Tells an ended call; called again later when it throws. Called within a transaction. */
  tell(call: CallRow): void;
}

/** Calls a node that is away. Filled by push. */
export interface NodeWaker {
  /** Whether there was a way to call it. */
  wake(nodeId: string): boolean;
}

/** How the queue reaches nodes. */
export interface QueueNodes {
  isConnected(nodeId: string): boolean;
  /** Throws the refusal of a command that may not be asked for now. */
  requireAllowed(nodeId: string, command: string): void;
  call(invoke: Invoke): Promise<Invoked>;
}

/** The longest wait for a node, ms. */
export const MAX_WAIT_MS = 24 * 3_600_000;
const MAX_OF_NODE = 32;
const MAX_WAITING = 256;
const MAX_PARAMS_CHARS = 64 * 1024;
const MAX_ANSWER_CHARS = 64 * 1024;
const RETRY_MS = 5_000;
const LISTED = 200;
const UNKEPT = "the node did it, but its result could not be kept";
const NOBODY_KNOWS = "the gateway or the node ended while it worked; nobody knows whether it took effect";

export class CallQueue implements Disposable {
  readonly reporter = new Port<ResultReporter>({ textOf: async () => "", tell() {} });
  readonly waker = new Port<NodeWaker>({ wake: () => false });
  readonly #base: Base;
  readonly #nodes: QueueNodes;
  readonly #rows: CallRows;
  /** Nodes whose calls are being worked off. */
  readonly #busy = new Set<string>();
  readonly #ending = new AbortController();
  #expiry: Disposable | undefined;
  #retry: Disposable | undefined;

  constructor(base: Base, nodes: QueueNodes) {
    this.#base = base;
    this.#nodes = nodes;
    this.#rows = new CallRows(base);
  }

  /** Takes up what the last gateway left: what had begun and has effects is not sent again. */
  resume(): void {
    for (const row of this.#rows.working()) {
      if (hasEffects(row.command)) this.#end(row, { state: "unknown", error: NOBODY_KNOWS });
      else this.#rows.waitAgain(row.id);
    }
    this.#expire();
  }

  start(): void {
    this.#base.upkeep.add(() => this.#rows.prune());
    this.#tellAll();
  }

  [Symbol.dispose](): void {
    this.#ending.abort();
    this.#expiry?.[Symbol.dispose]();
    this.#retry?.[Symbol.dispose]();
  }

  /** Keeps a call for its node and calls the node. Throws `UNAVAILABLE` when too many wait, `INVALID_REQUEST`. */
  add(call: Omit<NewCall, "params" | "expiresAt"> & { params: unknown; waitMs: number }): QueuedCallShape {
    const { waitMs, params, ...rest } = call;
    const known = this.known(call.principal, call.idempotencyKey);
    if (known) return known;
    const json = JSON.stringify(params ?? {});
    if (json.length > MAX_PARAMS_CHARS)
      throw invalidRequest(`a call that waits takes params of ${MAX_PARAMS_CHARS} characters; this has ${json.length}`);
    if (this.#rows.count(call.nodeId) >= MAX_OF_NODE || this.#rows.count() >= MAX_WAITING)
      throw new GatewayError(
        "UNAVAILABLE",
        `too many calls wait already (${MAX_OF_NODE} for one node, ${MAX_WAITING} in all); \`moltbot nodes queue\` shows them`,
      );
    const expiresAt = this.#base.clock.now() + Math.min(waitMs, MAX_WAIT_MS);
    const row = this.#rows.add({ ...rest, params: json, expiresAt });
    this.#changed(row);
    this.#expire();
    this.#wake(row.nodeId);
    return callView(row);
  }

  /** The call that a caller has queued under a key. */
  known(principal: string, idempotencyKey: string): QueuedCallShape | undefined {
    const row = this.#rows.ofKey(principal, idempotencyKey);
    return row && callView(row);
  }

  /** The newest first. */
  list(): QueuedCallShape[] {
    return this.#rows.newest(LISTED).map(callView);
  }

  waitingFor(nodeId: string): number {
    return this.#rows.count(nodeId);
  }

  /** Takes a waiting call back. Throws `INVALID_REQUEST` when it is not waiting. */
  cancel(id: string): QueuedCallShape {
    const row = this.#rows.get(id);
    if (!row) throw invalidRequest("there is no such call; node.queue.list shows them");
    if (row.state !== "waiting") throw invalidRequest(`the call does not wait any more: it is ${row.state}`);
    this.#end(row, { state: "cancelled", error: "it was cancelled before the node came" });
    return callView(this.#rows.get(id)!);
  }

  /** The node may be asked now: it has come, was approved, or says that it is awake. */
  ready(nodeId: string): void {
    if (this.#busy.has(nodeId) || this.#ending.signal.aborted || this.#rows.count(nodeId) === 0) return;
    this.#busy.add(nodeId);
    this.#workOff(nodeId)
      .catch((error: unknown) =>
        this.#base.log.error("calls that waited for a node cannot be sent", { problem: detailOf(error) }),
      )
      .finally(() => this.#busy.delete(nodeId));
  }

  /** Forgets the calls of a node that was removed. */
  forget(nodeId: string): void {
    for (const row of this.#rows.waitingFor(nodeId))
      this.#end(row, { state: "cancelled", error: "the node was removed" });
  }

  async #workOff(nodeId: string): Promise<void> {
    for (const row of this.#rows.waitingFor(nodeId)) {
      if (!this.#nodes.isConnected(nodeId) || this.#ending.signal.aborted) return;
      const next = await this.#work(row);
      if (next === "later") return;
    }
  }

  /** Works one call; "later" when the node cannot do anything now. */
  async #work(row: CallRow): Promise<"next" | "later"> {
    const { id, nodeId, command, params, timeoutMs, principal, idempotencyKey, askedBy } = row;
    try {
      this.#nodes.requireAllowed(nodeId, command);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      if (error.details?.reason === "command not approved") return "next";
      this.#end(row, { state: "failed", error: error.message + fixOf(error) });
      return "next";
    }
    if (!this.#rows.begin(id)) return "next";
    this.#changed({ ...row, state: "working" });
    try {
      const caller = { principal, scopes: new Set<string>() };
      const { payload, json } = await this.#nodes.call({
        ...{ nodeId, command, params: JSON.parse(params) as unknown, timeoutMs, idempotencyKey, caller, askedBy },
        signal: this.#ending.signal,
      });
      this.#end(row, await this.#kept(row, payload, json));
      return "next";
    } catch (error) {
      return this.#failed(row, error);
    }
  }

  async #kept(row: CallRow, payload: unknown, json: string | null): Promise<CallEnd> {
    if (row.sessionKey !== undefined) {
      try {
        return { state: "done", answer: await this.reporter.now.textOf(row, payload) };
      } catch (error) {
        if (!(error instanceof GatewayError)) throw new GatewayError("UNAVAILABLE", UNKEPT, { cause: error });
        throw error;
      }
    }
    const text = json ?? JSON.stringify(payload);
    if (text.length <= MAX_ANSWER_CHARS) return { state: "done", answer: text };
    return { state: "done", error: `the result has ${text.length} characters, too many to keep; call it again now` };
  }

  #failed(row: CallRow, error: unknown): "next" | "later" {
    const { code, message } = failureOf(error);
    if (isAsleep(code, message)) {
      this.#rows.waitAgain(row.id);
      this.#changed({ ...row, state: "waiting" });
      return "later";
    }
    const isCut = code === "NODE_DISCONNECTED" || code === "CANCELLED";
    if (isCut && !hasEffects(row.command)) {
      this.#rows.waitAgain(row.id);
      return "later";
    }
    this.#end(row, isCut ? { state: "unknown", error: NOBODY_KNOWS } : { state: "failed", error: message });
    return "next";
  }

  #end(row: CallRow, end: CallEnd): void {
    if (!this.#rows.end(row.id, end)) return;
    this.#changed(this.#rows.get(row.id)!);
    if (row.sessionKey !== undefined) setImmediate(() => this.#tellAll());
  }

  /** Tells conversations what they have not been told; each once. */
  #tellAll(): void {
    if (this.#ending.signal.aborted) return;
    try {
      for (const row of this.#rows.untold())
        this.#base.store.transaction(() => {
          this.reporter.now.tell(row);
          this.#rows.told(row.id);
        });
    } catch (error) {
      this.#base.log.warn("the result of a node cannot be told yet", { problem: detailOf(error) });
      this.#retry?.[Symbol.dispose]();
      this.#retry = this.#base.clock.after(RETRY_MS, () => this.#tellAll());
    }
  }

  /** Ends what has waited too long, and looks again when the next one has. */
  #expire(): void {
    this.#expiry?.[Symbol.dispose]();
    this.#expiry = undefined;
    const now = this.#base.clock.now();
    const [late, others] = partition(this.#rows.waiting(), ({ expiresAt }) => expiresAt <= now);
    for (const row of late) this.#end(row, { state: "expired", error: "the node did not come in time" });
    if (others.length === 0) return;
    const next = Math.min(...others.map(({ expiresAt }) => expiresAt));
    this.#expiry = this.#base.clock.after(Math.max(1, next - now), () => this.#expire());
  }

  #wake(nodeId: string): void {
    try {
      this.waker.now.wake(nodeId);
    } catch (error) {
      ignore(error, "the call waits for the node anyway");
    }
  }

  #changed(row: CallRow): void {
    this.#base.bus.publish(nodeQueueChanged, { call: callView(row) });
  }
}

/** Whether a failure says that the node has done nothing and may later. */
export function isAsleep(code: string, message: string): boolean {
  return [code, message].some((text) => /^(?:NODE_BACKGROUND_UNAVAILABLE|NODE_NOT_READY|NOT_CONNECTED)\b/.test(text));
}

/** The code and the words of a failed call. */
export function failureOf(error: unknown): { code: string; message: string } {
  if (!(error instanceof GatewayError)) return { code: "CANCELLED", message: "the call was cancelled" };
  const { details } = error;
  const node = details?.nodeError as { code?: string } | null | undefined;
  return { code: String(details?.code ?? node?.code ?? ""), message: error.message };
}

function fixOf({ details }: GatewayError): string {
  const { reason, fix } = defined({ reason: details?.reason, fix: details?.fix });
  return [reason, fix]
    .filter(Boolean)
    .map((each) => `; ${String(each)}`)
    .join("");
}

function partition<T>(all: readonly T[], isFirst: (each: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((each) => !isFirst(each))];
}
