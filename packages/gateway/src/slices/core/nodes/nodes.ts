/** The service of nodes: phones, desktops and programs that do commands for people and agents. */
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { type Caller, hasScope } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import type { ConnectionWatcher } from "../../../kit/host.ts";
import { Port } from "../../../kit/port.ts";
import type { Devices } from "../devices/devices.ts";
import { type Invoke, type Invoked, Invokes } from "./calls/invokes.ts";
import { type NewWork, PendingWork } from "./calls/pending-work.ts";
import { Repeats } from "./calls/repeats.ts";
import { nodePairRequested, nodePairResolved, nodePresence, talkMode, voicewakeChanged } from "./events.ts";
import { Invitations } from "./invitations.ts";
import { type LegacyNode, LegacyNodes, legacyRequestView, legacyView } from "./legacy-nodes.ts";
import { isAllowed, isOfPages, isReserved, runsPrograms } from "./policy.ts";
import { CallQueue, failureOf, isAsleep } from "./queue/call-queue.ts";
import { notAllowed, notConnected, reserved, unavailable } from "./refusals.ts";
import { type LiveNode, Registry } from "./registry.ts";
import { NodeReports } from "./reports.ts";
import type { NodePairShape, NodeShape, QueuedCallShape } from "./schema.ts";
import { type SurfaceRequest, Surfaces } from "./surfaces.ts";
import { VoiceWake } from "./voice-wake.ts";

/** Types that slices below use. */
export type { Invoke } from "./calls/invokes.ts";
export type { CallRow, NodeWaker, ResultTeller } from "./queue/call-queue.ts";
export type { LiveNode } from "./registry.ts";
export type { ReportObserver } from "./reports.ts";
export type { Listening, NodePress, NodeWords, Pressing } from "./words.ts";
export { isAsleep };

interface NodeServices extends Base {
  readonly devices: Devices;
}

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

/** A call that somebody asks for. */
export interface NodeCall extends Omit<Invoke, "nodeId"> {
  /** The id of a node, the beginning of one, or a name. */
  readonly node: string;
  /** Whether it comes from `exec.approvals.node.*`, which alone may change a node's own rules. */
  readonly isAdministration?: boolean | undefined;
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

export class Nodes implements ConnectionWatcher, Disposable {
  readonly decisions = new Port<ProgramDecisions>({ spend: () => undefined });
  readonly invitations: Invitations;
  readonly invokes: Invokes;
  readonly reports: NodeReports;
  readonly voiceWake: VoiceWake;
  readonly pendingWork: PendingWork;
  readonly queue: CallQueue;
  readonly #services: NodeServices;
  readonly #registry = new Registry();
  /** When nodes that are away were last connected, as far as this process knows. */
  readonly #seen = new Map<string, number>();
  readonly #surfaces: Surfaces;
  readonly #legacy: LegacyNodes;
  readonly #repeats: Repeats<InvokeAnswer>;

  constructor(services: NodeServices) {
    this.#services = services;
    this.invitations = new Invitations(services);
    this.invokes = new Invokes(services);
    this.#surfaces = new Surfaces(services);
    this.#legacy = new LegacyNodes(services);
    this.pendingWork = new PendingWork(services.clock);
    this.#repeats = new Repeats(services.clock, ({ payloadJSON, chars }) => payloadJSON?.length ?? chars);
    this.reports = new NodeReports(services, {
      ...{ registry: this.#registry, invokes: this.invokes },
      awake: (nodeId) => this.queue.ready(nodeId),
    });
    this.voiceWake = new VoiceWake(services);
    this.queue = new CallQueue(services, {
      isConnected: (nodeId) => this.#registry.get(nodeId) !== undefined,
      requireAllowed: (nodeId, command) => this.#requireAllowed(command, this.#connected(nodeId), false),
      call: (invoke) => this.invokes.call(this.#connected(invoke.nodeId).caller, invoke),
    });
  }

  /** Takes up the calls that wait for nodes. */
  resume(): void {
    this.queue.resume();
  }

  start(): void {
    this.queue.start();
  }

  [Symbol.dispose](): void {
    this.queue[Symbol.dispose]();
  }

  /** Hears of a connection that was let in; a node replaces its older connection at once. */
  opened(caller: Caller, remoteIp: string | undefined): Readonly<Record<string, unknown>> {
    const { deviceId } = caller;
    if (caller.role !== "node" || deviceId === undefined) return {};
    const { bus, clock, host } = this.#services;
    const node: LiveNode = {
      ...{ caller: { ...caller, deviceId }, remoteIp, connectedAt: clock.now() },
      ...{ stats: undefined, aliveAt: undefined, idleSeconds: undefined, usedIn: undefined, battery: undefined },
    };
    const before = this.#registry.add(node);
    if (before) {
      this.invokes.disconnected(before.caller.connId);
      setImmediate(() => host.closeConnection(before.caller.connId, "replaced by a newer connection of this device"));
    }
    const request = this.#invited(node, this.#surfaces.declared(node));
    // These follow hello-ok, which is sent when this call returns.
    setImmediate(() => {
      bus.publish(voicewakeChanged, { triggers: this.voiceWake.triggers() }, { connId: caller.connId });
      this.#changed(deviceId, "connected");
      if (request) bus.publish(nodePairRequested, this.#surfaceView(request));
      this.queue.ready(deviceId);
    });
    return {};
  }

  closed(connId: string): void {
    const node = this.#registry.remove(connId);
    this.invokes.disconnected(connId);
    if (!node) return;
    this.#surfaces.gone(node.caller.deviceId);
    this.#seen.set(node.caller.deviceId, this.#services.clock.now());
    this.#changed(node.caller.deviceId, "disconnected");
  }

  /** All paired and all connected nodes: connected ones first, then by name. */
  list(): NodeShape[] {
    const paired = this.#services.devices.list().paired.filter(({ roles, role }) => (roles ?? [role]).includes("node"));
    const known = new Map(paired.map((device) => [device.deviceId, device]));
    const ids = [...new Set([...known.keys(), ...this.#registry.all().map(({ caller }) => caller.deviceId)])];
    const views = ids.map((id) => {
      const device = known.get(id);
      return this.#view(
        id,
        defined({
          ...{ displayName: device?.displayName, platform: device?.platform },
          lastSeenAtMs: this.#seen.get(id) ?? device?.tokens.find(({ role }) => role === "node")?.lastUsedAtMs,
        }),
        device !== undefined,
      );
    });
    const order = (node: NodeShape) => `${node.connected ? 0 : 1} ${(node.displayName ?? node.nodeId).toLowerCase()}`;
    return views.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  /** One node, by id, the beginning of its id, or its name. Throws `INVALID_REQUEST`. */
  find(wanted: string): NodeShape {
    const asked = wanted.trim();
    if (asked === "") throw invalidRequest("nodeId required");
    const all = this.list();
    const exact = all.find(({ nodeId }) => nodeId === asked);
    if (exact) return exact;
    const name = asked.toLowerCase();
    const named = all.filter(({ displayName, remoteIp }) => displayName?.toLowerCase() === name || remoteIp === asked);
    const begun = asked.length >= 6 ? all.filter(({ nodeId }) => nodeId.startsWith(name)) : [];
    const found = named.length > 0 ? named : begun;
    if (found.length === 1) return found[0]!;
    if (found.length === 0) throw invalidRequest("unknown nodeId");
    const ids = found.map(({ nodeId }) => nodeId.slice(0, 12)).join(", ");
    throw invalidRequest(`several nodes are called that; say which by its id: ${ids}`);
  }

  rename(wanted: string, displayName: string): { nodeId: string; displayName: string } {
    if (this.#legacy.rename(wanted.trim(), displayName)) return { nodeId: wanted.trim(), displayName };
    const { nodeId } = this.find(wanted);
    this.#name(nodeId, displayName);
    this.#changed(nodeId, "changed");
    return { nodeId, displayName };
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
    const live = this.#connected(call.node);
    const nodeId = live.caller.deviceId;
    this.#requireAllowed(command, live, call.isAdministration ?? false);
    const params = this.#checkedParams(nodeId, call);
    const invoked = await this.invokes.call(live.caller, { ...call, params, nodeId });
    return { ...invoked, nodeId };
  }

  /**
   * Calls a command once for an idempotency key; the call goes on when its caller has gone, and a repeated one joins it.
   * With `waiting` it is kept for a node that is away or asleep.
   */
  async once(call: Omit<NodeCall, "signal"> & { readonly idempotencyKey: string }, waiting?: Waiting) {
    const { signal } = new AbortController();
    const { command, idempotencyKey, caller } = call;
    const known = waiting && this.queue.known(caller.principal, idempotencyKey);
    if (known) return queuedAnswer(known);
    const { chars: _chars, ...answer } = await this.#repeats.once(`${caller.principal} ${idempotencyKey}`, async () => {
      try {
        const { nodeId, payload, json } = await this.invoke({ ...call, signal });
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
    const { nodeId } = this.#known(call.node);
    if (isReserved(command)) throw reserved(command);
    const { deny } = this.#services.host.nodeCommands();
    if (command === "" || deny.includes(command)) throw notAllowed("command not allowlisted", command, undefined);
    return this.queue.add({
      ...{ nodeId, command, params: this.#checkedParams(nodeId, call), timeoutMs, idempotencyKey, sessionKey, runId },
      ...{ principal: caller.principal, askedBy, waitMs },
    });
  }

  /** Leaves a small question for a node; a node that is away is woken unless `wake` is false. */
  leave({ nodeId: wanted, wake = true, ...work }: NewWork & { nodeId: string; wake?: boolean | undefined }) {
    const { nodeId, connected } = this.#known(wanted);
    const wakeTriggered = wake && !connected && this.queue.waker.now.wake(nodeId);
    return { nodeId, ...this.pendingWork.enqueue(nodeId, work), wakeTriggered };
  }

  /** Asks for a token of a node that does not connect itself (January 2026). */
  requestToken(node: LegacyNode): { status: "pending"; request: NodePairShape; created: boolean } {
    const { request, created } = this.#legacy.request(node);
    const view = legacyRequestView(request);
    if (created) this.#services.bus.publish(nodePairRequested, view);
    return { status: "pending", request: view, created };
  }

  /** The node of such a token. */
  verify(nodeId: string, token: string): NodeShape | undefined {
    const node = this.#legacy.verify(nodeId, token);
    return node && legacyView(node);
  }

  /** What waits for a person: devices that want to be nodes, and commands that nodes offer. */
  pairing(): { pending: NodePairShape[]; paired: NodeShape[] } {
    const devices = this.#services.devices.list().pending.filter(({ role }) => role === "node");
    const asDevices = devices.map((each): NodePairShape => {
      const { requestId, deviceId, displayName, platform, remoteIp, isRepair, ts } = each;
      const facts = defined({ displayName, platform, remoteIp, isRepair });
      return { requestId, nodeId: deviceId, kind: "device", ts, ...facts };
    });
    const surfaces = this.#surfaces.requests().map((request) => this.#surfaceView(request));
    const tokens = this.#legacy.requests().map(legacyRequestView);
    const paired = [...this.list().filter((each) => each.paired), ...this.#legacy.paired().map(legacyView)];
    return { pending: [...asDevices, ...surfaces, ...tokens], paired };
  }

  /** Approves a device or a node's commands. Throws `INVALID_REQUEST` "unknown requestId", or what right is missing. */
  approve(requestId: string, caller: Pick<Caller, "scopes">): { requestId: string; node: NodeShape; token?: string } {
    const legacy = this.#legacy.find(requestId);
    if (legacy) {
      const token = this.#legacy.approve(legacy);
      this.#resolved({ requestId, nodeId: legacy.node.nodeId }, "approved");
      return { requestId, node: legacyView(legacy.node), token };
    }
    const surface = this.#surfaces.find(requestId);
    if (!surface) {
      const { device } = this.#services.devices.approve(requestId, caller);
      return { requestId, node: this.#view(device.deviceId, defined({ displayName: device.displayName }), true) };
    }
    const needed = surface.commands.some(runsPrograms) ? "operator.admin" : "operator.write";
    if (!hasScope(caller.scopes, needed)) throw invalidRequest(`missing scope: ${needed}`);
    this.#surfaces.approve(surface);
    this.#resolved(surface, "approved");
    this.queue.ready(surface.nodeId);
    return { requestId: surface.requestId, node: this.#view(surface.nodeId, {}, true) };
  }

  reject(requestId: string): { requestId: string; nodeId: string } {
    const legacy = this.#legacy.find(requestId);
    if (legacy) {
      const { nodeId } = legacy.node;
      this.#legacy.reject(legacy);
      this.#resolved({ requestId, nodeId }, "rejected");
      return { requestId, nodeId };
    }
    const surface = this.#surfaces.find(requestId);
    if (!surface) {
      const { deviceId } = this.#services.devices.reject(requestId);
      return { requestId, nodeId: deviceId };
    }
    this.#surfaces.reject(surface);
    this.#resolved(surface, "rejected");
    return { requestId: surface.requestId, nodeId: surface.nodeId };
  }

  /** Takes the role of a node from a device and ends its connections. Throws `INVALID_REQUEST` "unknown nodeId". */
  remove(wanted: string, caller: Pick<Caller, "scopes">): { nodeId: string; removed: true } {
    if (this.#legacy.remove(wanted.trim())) return { nodeId: wanted.trim(), removed: true };
    const { nodeId } = this.find(wanted);
    this.#services.devices.revoke(nodeId, "node", caller);
    const live = this.#registry.get(nodeId);
    if (live) setImmediate(() => this.#services.host.closeConnection(live.caller.connId, "removed"));
    this.#surfaces.forget(nodeId);
    this.pendingWork.forget(nodeId);
    this.#seen.delete(nodeId);
    this.queue.forget(nodeId);
    return { nodeId, removed: true };
  }

  /** Tells everybody that talk mode was switched. */
  talk(mode: { enabled: boolean; phase: string | null }): { enabled: boolean; phase: string | null; ts: number } {
    const { bus, clock } = this.#services;
    const switched = { ...mode, ts: clock.now() };
    bus.publish(talkMode, switched);
    return switched;
  }

  /** Calls a node to the front that is away or in the background, and says so in the refusal. */
  #calledBack(wanted: string, error: unknown): unknown {
    if (!(error instanceof GatewayError)) return error;
    const { code, message, details = {} } = error;
    const isHidden = message.startsWith("NODE_BACKGROUND_UNAVAILABLE");
    if (!isHidden && details.code !== "NOT_CONNECTED") return error;
    const node = this.list().find(({ nodeId, displayName }) => nodeId === wanted || displayName === wanted);
    if (!node || !this.queue.waker.now.wake(node.nodeId)) return error;
    const fix = "a notification calls its page to the front; ask again when it is open";
    return new GatewayError(code, isHidden ? `${message}; ${fix}` : message, { details: { ...details, fix } });
  }

  /** Approves what an invited page offers when it first comes; returns what still waits for a person. */
  #invited(node: LiveNode, request: SurfaceRequest | undefined): SurfaceRequest | undefined {
    const { deviceId } = node.caller;
    const invitation = this.invitations.arrival(deviceId);
    if (!invitation) return request;
    if (invitation.name !== undefined) this.#name(deviceId, invitation.name);
    if (!request) return undefined;
    this.#surfaces.approve({ ...request, commands: request.commands.filter(isOfPages) });
    return this.#surfaces.declared(node);
  }

  #name(nodeId: string, name: string): void {
    this.#services.store.run(
      "insert into node_names (node_id, name) values (?, ?) on conflict do update set name = excluded.name",
      ...[nodeId, name],
    );
  }

  /** The connected node of a call. */
  #connected(wanted: string): LiveNode {
    // An id is the common case, and needs no look at all nodes.
    const named = this.#registry.get(wanted.trim());
    if (named) return named;
    const view = this.#known(wanted);
    const live = this.#registry.get(view.nodeId);
    if (!live) throw notConnected(view);
    return live;
  }

  /** The node of a call. One that nobody knows is not connected (protocol: node.invoke). */
  #known(wanted: string): NodeShape {
    try {
      return this.find(wanted);
    } catch (error) {
      const isUnknown = error instanceof GatewayError && error.message === "unknown nodeId";
      throw isUnknown ? unavailable() : error;
    }
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
    const approved = this.#surfaces.approved(deviceId);
    if (approved !== "all" && !approved?.includes(command)) {
      const request = this.#surfaces.request(deviceId);
      throw notAllowed("command not approved", command, `moltbot nodes approve ${request?.requestId ?? deviceId}`);
    }
  }

  #view(
    nodeId: string,
    stored: Pick<NodeShape, "displayName" | "platform" | "lastSeenAtMs">,
    paired: boolean,
  ): NodeShape {
    const { store, host } = this.#services;
    const live = this.#registry.get(nodeId);
    const client = live?.caller.client;
    const named = store.get<{ name: string }>("select name from node_names where node_id = ?", nodeId)?.name;
    const declared = live?.caller.declared;
    const approved = this.#surfaces.approved(nodeId);
    const offered = live
      ? (declared?.commands ?? []).filter((each) => isAllowed(each, live.caller, host.nodeCommands()))
      : [];
    const commands = offered.filter((each) => approved === "all" || approved?.includes(each));
    const request = this.#surfaces.request(nodeId);
    return {
      nodeId,
      ...defined({
        displayName: named ?? client?.displayName ?? stored.displayName,
        platform: client?.platform ?? stored.platform,
        version: client?.version,
        deviceFamily: client?.deviceFamily,
        modelIdentifier: client?.modelIdentifier,
        remoteIp: live?.remoteIp,
        pathEnv: declared?.pathEnv,
        permissions: declared?.permissions && { ...declared.permissions },
        connectedAtMs: live?.connectedAt,
        hostStats: live?.stats,
        lastAliveAtMs: live?.aliveAt,
        idleSeconds: live?.idleSeconds,
        usedIn: live?.usedIn,
        battery: live?.battery,
        lastSeenAtMs: live ? undefined : stored.lastSeenAtMs,
        waitingCalls: this.queue.waitingFor(nodeId) || undefined,
      }),
      caps: [...(live?.caller.caps ?? [])].toSorted(),
      commands: commands.toSorted(),
      paired,
      connected: live !== undefined,
      approvalState: this.#surfaces.state(nodeId),
      ...(request && {
        pendingRequestId: request.requestId,
        pendingDeclaredCommands: [...request.commands],
        pendingDeclaredCaps: [...request.caps],
        ...defined({ pendingDeclaredPermissions: declared?.permissions && { ...declared.permissions } }),
        hint: `its commands wait for approval: moltbot nodes approve ${request.requestId}`,
      }),
    };
  }

  #surfaceView(request: SurfaceRequest): NodePairShape {
    const { displayName, platform, remoteIp, permissions } = this.#view(request.nodeId, {}, true);
    return {
      ...{ requestId: request.requestId, nodeId: request.nodeId, kind: "commands", ts: request.at },
      ...{ commands: [...request.commands], caps: [...request.caps], isRepair: request.isRepair },
      ...defined({ displayName, platform, remoteIp, permissions }),
    };
  }

  #resolved(
    { requestId, nodeId }: Pick<SurfaceRequest, "requestId" | "nodeId">,
    decision: "approved" | "rejected",
  ): void {
    const { bus, clock } = this.#services;
    bus.publish(nodePairResolved, { requestId, nodeId, decision, ts: clock.now() });
    this.#changed(nodeId, "changed");
  }

  #changed(nodeId: string, reason: "connected" | "disconnected" | "changed"): void {
    const { bus, clock } = this.#services;
    bus.publish(nodePresence, { nodeId, connected: this.#registry.get(nodeId) !== undefined, reason, ts: clock.now() });
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
