/** Calls of nodes as others ask for them: which node is meant, whether it may be asked, once for a key, and later if need be. */
import { GatewayError, invalidRequest } from "../../../../base/errors.ts";
import { type Caller, hasScope } from "../../../../kit/access.ts";
import type { Base } from "../../../../kit/base.ts";
import { Port } from "../../../../kit/port.ts";
import type { Directory } from "../directory.ts";
import type { Surfaces } from "../pairing/surfaces.ts";
import { isAllowed, isReserved } from "../policy.ts";
import { CallQueue, failureOf, isAsleep } from "../queue/call-queue.ts";
import { notAllowed, reserved } from "../refusals.ts";
import type { LiveNode, Registry } from "../registry.ts";
import type { QueuedCallShape } from "../schema.ts";
import { IdempotencyCache } from "./idempotency-cache.ts";
import { type Invoke, type Invoked, Invokes } from "./invokes.ts";

/** A program that somebody wants to run on a node, as an approval must cover it. */
export interface NodeProgram {
  readonly nodeId: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly caller: Pick<Caller, "principal" | "scopes">;
}

/** Knows what people allowed. Filled by approvals. */
export interface ProgramDecisions {
  /** The decision that covers exactly this program, which it uses up; undefined when there is none. */
  spend(program: NodeProgram): "allow-once" | "allow-always" | undefined;
}

/** A call that may draw on a node, for a conversation. */
export interface NodeDrawing extends Pick<Invoke, "nodeId" | "command" | "params"> {
  /** As the caller spells it. */
  readonly sessionKey: string;
}

/** Notes which conversation draws on a node. Filled by canvas. */
export interface NodeDrawings {
  /** Returns what undoes the note. Throws `INVALID_REQUEST` for a name that is no conversation. */
  asked(drawing: NodeDrawing): () => void;
}

/** A call that somebody asks for. */
export interface NodeCall extends Omit<Invoke, "nodeId"> {
  /** The id of a node, the beginning of one, or a name. */
  readonly node: string;
  /** Whether it comes from `exec.approvals.node.*`, which alone may change a node's own rules. */
  readonly isAdministration?: boolean | undefined;
  /** The conversation that the call is for: what is pressed on a surface that it draws goes there. */
  readonly sessionKey?: string | undefined;
}

/** How a call may wait when its node is away or asleep. */
export interface Waiting {
  readonly waitMs: number;
  /** The conversation that is told the result. */
  readonly sessionKey?: string | undefined;
  /** The run that asks. */
  readonly runId?: string | undefined;
}

interface InvokeAnswer {
  readonly ok: true;
  readonly nodeId: string;
  readonly command: string;
  readonly payload: unknown;
  readonly payloadJSON: string | null;
  readonly queued?: QueuedCallShape;
  readonly chars: number;
}

/** Payloads up to this length are answered as value and as text, as clients of January 2026 read them; characters. */
const MAX_TWICE = 8 * 1024 * 1024;

/** What calls rest on. */
interface CallSources {
  readonly directory: Directory;
  readonly registry: Registry;
  readonly surfaces: Surfaces;
}

export class NodeCalls {
  readonly decisions = new Port<ProgramDecisions>({ spend: () => undefined });
  readonly drawings = new Port<NodeDrawings>({ asked: () => () => {} });
  readonly invokes: Invokes;
  readonly queue: CallQueue;
  readonly #services: Base;
  readonly #sources: CallSources;
  readonly #repeats: IdempotencyCache<InvokeAnswer>;

  constructor(services: Base, sources: CallSources) {
    this.#services = services;
    this.#sources = sources;
    const { directory, registry } = sources;
    this.invokes = new Invokes(services);
    this.#repeats = new IdempotencyCache(services.clock, ({ payloadJSON, chars }) => payloadJSON?.length ?? chars);
    this.queue = new CallQueue(services, {
      isConnected: (nodeId) => registry.get(nodeId) !== undefined,
      requireAllowed: (nodeId, command) => this.#requireAllowed(command, directory.connected(nodeId), false),
      call: (invoke) => this.invokes.call(directory.connected(invoke.nodeId).caller, invoke),
    });
  }

  /** Calls a command. Rejects with one of three refusals (not connected, not declared, not allowed), or how it failed. */
  async invoke(call: NodeCall): Promise<Invoked & { nodeId: string }> {
    try {
      return await this.#invoke(call);
    } catch (error) {
      throw this.#calledBack(call.node, error);
    }
  }

  async #invoke(call: NodeCall): Promise<Invoked & { nodeId: string }> {
    const { command } = call;
    const live = this.#sources.directory.connected(call.node);
    const nodeId = live.caller.deviceId;
    this.#requireAllowed(command, live, call.isAdministration ?? false);
    const params = this.#checkedParams(nodeId, call);
    const { sessionKey } = call;
    // A press may come before the node's answer.
    const undo =
      sessionKey === undefined ? undefined : this.drawings.now.asked({ nodeId, command, params, sessionKey });
    try {
      return { ...(await this.invokes.call(live.caller, { ...call, params, nodeId })), nodeId };
    } catch (error) {
      undo?.();
      throw error;
    }
  }

  /**
   * Calls a command once for an idempotency key; the call goes on when its caller has gone, and a repeated one joins it.
   * With `waiting` it is kept for a node that is away or asleep.
   */
  async once(call: Omit<NodeCall, "signal"> & { readonly idempotencyKey: string }, waiting?: Waiting) {
    const { command, idempotencyKey, caller } = call;
    const known = waiting && this.queue.known(caller.principal, idempotencyKey);
    if (known) return queuedAnswer(known);
    const { chars: _chars, ...answer } = await this.#repeats.once(`${caller.principal} ${idempotencyKey}`, async () => {
      try {
        const { nodeId, payload, json } = await this.invoke(call);
        const isLarge = json !== null && json.length > MAX_TWICE;
        return { ok: true, nodeId, command, payload, payloadJSON: isLarge ? null : json, chars: json?.length ?? 0 };
      } catch (error) {
        const { code, message } = failureOf(error);
        if (!waiting || !isAsleep(code, message)) throw error;
        return queuedAnswer(this.keep(call, waiting));
      }
    });
    return answer;
  }

  /** Keeps a call until its node can do it. Throws `UNAVAILABLE` when nobody knows the node, or too many calls wait. */
  keep(call: Omit<NodeCall, "signal">, { waitMs, sessionKey, runId }: Waiting): QueuedCallShape {
    const { command, timeoutMs, idempotencyKey, caller, askedBy } = call;
    const { nodeId } = this.#sources.directory.known(call.node);
    if (isReserved(command)) throw reserved(command);
    const { deny } = this.#services.host.nodeCommands();
    if (command === "" || deny.includes(command)) throw notAllowed("command not allowlisted", command, undefined);
    return this.queue.add({
      ...{ nodeId, command, params: this.#checkedParams(nodeId, call), timeoutMs, idempotencyKey, sessionKey, runId },
      ...{ principal: caller.principal, askedBy, waitMs },
    });
  }

  /** Calls a node to the front that is away or in the background, and says so in the refusal. */
  #calledBack(wanted: string, error: unknown): unknown {
    if (!(error instanceof GatewayError)) return error;
    const { code, message, details = {} } = error;
    const isHidden = message.startsWith("NODE_BACKGROUND_UNAVAILABLE");
    if (!isHidden && details.code !== "NOT_CONNECTED") return error;
    const node = this.#sources.directory
      .list()
      .find(({ nodeId, displayName }) => nodeId === wanted || displayName === wanted);
    if (!node || !this.queue.waker.now.wake(node.nodeId)) return error;
    const fix = "a notification calls its page to the front; ask again when it is open";
    return new GatewayError(code, isHidden ? `${message}; ${fix}` : message, { details: { ...details, fix } });
  }

  /** Takes away decisions of callers, and puts in the one that people have made of exactly this program. */
  #checkedParams(
    nodeId: string,
    { command, params, caller }: Pick<NodeCall, "command" | "params" | "caller">,
  ): unknown {
    if (command !== "system.run") return params;
    const { approved: _approved, approvalDecision: _decision, ...rest } = asRecord(params);
    if (!hasScope(caller.scopes, "operator.approvals")) return rest;
    const decision = this.decisions.now.spend({ nodeId, params: rest, caller });
    return decision === undefined ? rest : { ...rest, approved: true, approvalDecision: decision };
  }

  #requireAllowed(command: string, { caller }: LiveNode, isAdministration: boolean): void {
    const { deviceId } = caller;
    if (command.trim() === "") throw notAllowed("command required", command, undefined);
    if (isReserved(command) && !isAdministration) throw reserved(command);
    const declared = caller.declared?.commands ?? [];
    if (declared.length === 0)
      throw notAllowed("node did not declare commands", command, "start the node again with the commands that it has");
    if (!declared.includes(command))
      throw notAllowed("command not declared by node", command, `it offers: ${declared.slice(0, 30).join(", ")}`);
    if (!isAllowed(command, caller, this.#services.host.nodeCommands()))
      throw notAllowed(
        "command not allowlisted",
        command,
        `moltbot config set gateway.nodes.commands.allow '["${command}"]'`,
      );
    const approved = this.#sources.surfaces.approved(deviceId);
    if (approved !== "all" && !approved?.includes(command)) {
      const request = this.#sources.surfaces.request(deviceId);
      throw notAllowed("command not approved", command, `moltbot nodes approve ${request?.requestId ?? deviceId}`);
    }
  }
}

function queuedAnswer(queued: QueuedCallShape): InvokeAnswer {
  const { nodeId, command, payload = null } = queued;
  return { ok: true, nodeId, command, payload, payloadJSON: null, queued, chars: 0 };
}

function asRecord(value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalidRequest("params must be an object");
  return { ...value };
}
