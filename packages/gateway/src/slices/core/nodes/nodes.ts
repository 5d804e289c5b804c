/** The service of nodes: phones, desktops and programs that do commands for people and agents. */
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { type Caller, hasScope } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import type { ConnectionWatcher } from "../../../kit/host.ts";
import { Port } from "../../../kit/port.ts";
import type { Devices } from "../devices/devices.ts";
import { nodePairRequested, nodePairResolved, nodePresence, talkMode, voicewakeChanged } from "./events.ts";
import { Invitations } from "./invitations.ts";
import { type Invoke, type Invoked, Invokes } from "./invokes.ts";
import { isAllowed, isOfPages, isReserved, runsPrograms } from "./policy.ts";
import { type LiveNode, Registry } from "./registry.ts";
import { Repeats } from "./repeats.ts";
import { NodeReports } from "./reports.ts";
import type { NodePairShape, NodeShape } from "./schema.ts";
import { type SurfaceRequest, Surfaces } from "./surfaces.ts";
import { VoiceWake } from "./voice-wake.ts";

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

/** Calls a node that is away, or a page that is in the background. Filled by push. */
export interface NodeWaker {
  /** Whether there was a way to call it. */
  wake(nodeId: string): boolean;
}

/** A call that somebody asks for. */
export interface NodeCall extends Omit<Invoke, "nodeId"> {
  /** The id of a node, the beginning of one, or a name. */
  readonly node: string;
  readonly caller: Pick<Caller, "principal" | "scopes">;
  /** Whether it comes from `exec.approvals.node.*`, which alone may change a node's own rules. */
  readonly isAdministration?: boolean | undefined;
}

interface InvokeAnswer {
  readonly ok: true;
  readonly nodeId: string;
  readonly command: string;
  readonly payload: unknown;
  readonly payloadJSON: string | null;
  readonly chars: number;
}

/** Payloads up to this length are answered as value and as text, as clients of January 2026 read them; characters. */
const MAX_TWICE = 8 * 1024 * 1024;

export class Nodes implements ConnectionWatcher {
  readonly decisions = new Port<ProgramDecisions>({ spend: () => undefined });
  readonly waker = new Port<NodeWaker>({ wake: () => false });
  readonly invitations: Invitations;
  readonly invokes: Invokes;
  readonly reports: NodeReports;
  readonly voiceWake: VoiceWake;
  readonly #services: NodeServices;
  readonly #registry = new Registry();
  readonly #surfaces: Surfaces;
  readonly #repeats: Repeats<InvokeAnswer>;

  constructor(services: NodeServices) {
    this.#services = services;
    this.invitations = new Invitations(services);
    this.invokes = new Invokes(services);
    this.#surfaces = new Surfaces(services);
    this.#repeats = new Repeats(services.clock, ({ payloadJSON, chars }) => payloadJSON?.length ?? chars);
    this.reports = new NodeReports(services, this.#registry);
    this.voiceWake = new VoiceWake(services);
  }

  /** Hears of a connection that was let in; a node replaces its older connection at once. */
  opened(caller: Caller, remoteIp: string | undefined): Readonly<Record<string, unknown>> {
    const { deviceId } = caller;
    if (caller.role !== "node" || deviceId === undefined) return {};
    const { bus, clock, host } = this.#services;
    const node: LiveNode = {
      ...{ caller: { ...caller, deviceId }, remoteIp, connectedAt: clock.now() },
      ...{ stats: undefined, aliveAt: undefined, idleSeconds: undefined },
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
    });
    return {};
  }

  closed(connId: string): void {
    const node = this.#registry.remove(connId);
    this.invokes.disconnected(connId);
    if (!node) return;
    this.#surfaces.gone(node.caller.deviceId);
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
        defined({ displayName: device?.displayName, platform: device?.platform }),
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
    const { command, caller } = call;
    // An id is the common case, and needs no look at all nodes.
    const live = this.#registry.get(call.node.trim()) ?? this.#connected(call.node);
    const nodeId = live.caller.deviceId;
    this.#requireAllowed(command, live, call.isAdministration ?? false);
    const params = command === "system.run" ? this.#programParams(nodeId, call.params, caller) : call.params;
    const invoked = await this.invokes.call(live.caller, { ...call, params, nodeId });
    return { ...invoked, nodeId };
  }

  /** Calls a command once for an idempotency key; the call goes on when its caller has gone, and a repeated one joins it. */
  async once(call: Omit<NodeCall, "signal"> & { readonly idempotencyKey: string }) {
    const { signal } = new AbortController();
    const key = `${call.caller.principal} ${call.idempotencyKey}`;
    const { chars: _chars, ...answer } = await this.#repeats.once(key, async () => {
      const { nodeId, payload, json } = await this.invoke({ ...call, signal });
      const isLarge = json !== null && json.length > MAX_TWICE;
      const { command } = call;
      return { ok: true, nodeId, command, payload, payloadJSON: isLarge ? null : json, chars: json?.length ?? 0 };
    });
    return answer;
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
    return { pending: [...asDevices, ...surfaces], paired: this.list().filter(({ paired }) => paired) };
  }

  /** Approves a device or a node's commands. Throws `INVALID_REQUEST` "unknown requestId", or what right is missing. */
  approve(requestId: string, caller: Pick<Caller, "scopes">): { requestId: string; node: NodeShape } {
    const surface = this.#surfaces.find(requestId);
    if (!surface) {
      const { device } = this.#services.devices.approve(requestId, caller);
      return { requestId, node: this.#view(device.deviceId, defined({ displayName: device.displayName }), true) };
    }
    const needed = surface.commands.some(runsPrograms) ? "operator.admin" : "operator.write";
    if (!hasScope(caller.scopes, needed)) throw invalidRequest(`missing scope: ${needed}`);
    this.#surfaces.approve(surface);
    this.#resolved(surface, "approved");
    return { requestId: surface.requestId, node: this.#view(surface.nodeId, {}, true) };
  }

  reject(requestId: string): { requestId: string; nodeId: string } {
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
    const { nodeId } = this.find(wanted);
    this.#services.devices.revoke(nodeId, "node", caller);
    const live = this.#registry.get(nodeId);
    if (live) setImmediate(() => this.#services.host.closeConnection(live.caller.connId, "removed"));
    this.#surfaces.forget(nodeId);
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
    if (!node || !this.waker.now.wake(node.nodeId)) return error;
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

  /** The node of a call. One that nobody knows is not connected (protocol: node.invoke). */
  #connected(wanted: string): LiveNode {
    try {
      const view = this.find(wanted);
      const live = this.#registry.get(view.nodeId);
      if (!live) throw notConnected(view);
      return live;
    } catch (error) {
      const isUnknown = error instanceof GatewayError && error.message === "unknown nodeId";
      throw isUnknown ? unavailable() : error;
    }
  }

  /** Takes away decisions of callers, and puts in the one that people have made of exactly this program. */
  #programParams(nodeId: string, params: unknown, caller: NodeCall["caller"]): unknown {
    const { approved: _approved, approvalDecision: _decision, ...rest } = asRecord(params);
    if (!hasScope(caller.scopes, "operator.approvals")) return rest;
    const decision = this.decisions.now.spend({ nodeId, params: rest, caller });
    return decision === undefined ? rest : { ...rest, approved: true, approvalDecision: decision };
  }

  #requireAllowed(command: string, { caller }: LiveNode, isAdministration: boolean): void {
    const { deviceId } = caller;
    if (command.trim() === "") throw notAllowed("command required", command, undefined);
    if (isReserved(command) && !isAdministration)
      throw notAllowed("command reserved", command, "use exec.approvals.node.get and exec.approvals.node.set");
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

  #view(nodeId: string, stored: Pick<NodeShape, "displayName" | "platform">, paired: boolean): NodeShape {
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

  #resolved({ requestId, nodeId }: SurfaceRequest, decision: "approved" | "rejected"): void {
    const { bus, clock } = this.#services;
    bus.publish(nodePairResolved, { requestId, nodeId, decision, ts: clock.now() });
    this.#changed(nodeId, "changed");
  }

  #changed(nodeId: string, reason: "connected" | "disconnected" | "changed"): void {
    const { bus, clock } = this.#services;
    bus.publish(nodePresence, { nodeId, connected: this.#registry.get(nodeId) !== undefined, reason, ts: clock.now() });
  }
}

function unavailable(fix?: string): GatewayError {
  return new GatewayError("UNAVAILABLE", "node not connected", {
    details: { code: "NOT_CONNECTED", ...defined({ fix }) },
  });
}

function notConnected({ nodeId, displayName }: NodeShape): GatewayError {
  const fix = `start it: on its machine, \`moltbot node run\`; \`moltbot nodes list\` shows when ${displayName ?? nodeId.slice(0, 12)} is there`;
  return unavailable(fix);
}

function notAllowed(reason: string, command: string, fix: string | undefined): GatewayError {
  return invalidRequest("node command not allowed", { reason, command, ...defined({ fix }) });
}

function asRecord(value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalidRequest("params must be an object");
  return { ...value };
}
