/** Which nodes there are, what each is and offers now, and how one is named. */
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import type { Base } from "../../../kit/base.ts";
import type { Devices } from "../devices/devices.ts";
import { nodePresence } from "./events.ts";
import type { SurfaceRequest, Surfaces } from "./pairing/surfaces.ts";
import { isAllowed } from "./policy.ts";
import { notConnected, unavailable } from "./refusals.ts";
import type { LiveNode, Registry } from "./registry.ts";
import type { NodePairShape, NodeShape } from "./schema.ts";

interface DirectoryServices extends Base {
  readonly devices: Devices;
}

/** What a directory reads. */
interface DirectorySources {
  readonly registry: Registry;
  readonly surfaces: Surfaces;
  /** How many calls wait for a node. */
  waitingFor(nodeId: string): number;
}

export class Directory {
  readonly #services: DirectoryServices;
  readonly #sources: DirectorySources;
  /** When nodes that are away were last connected, as far as this process knows. */
  readonly #seen = new Map<string, number>();

  constructor(services: DirectoryServices, sources: DirectorySources) {
    this.#services = services;
    this.#sources = sources;
  }

  /** All paired and all connected nodes: connected ones first, then by name. */
  list(): NodeShape[] {
    // A node that was removed is a device still, and its token as a node is revoked.
    const paired = this.#services.devices
      .paired()
      .filter(({ tokens }) => tokens.some(({ role, revokedAtMs }) => role === "node" && revokedAtMs === undefined));
    const known = new Map(paired.map((device) => [device.deviceId, device]));
    const ids = [...new Set([...known.keys(), ...this.#sources.registry.all().map(({ caller }) => caller.deviceId)])];
    const views = ids.map((id) => {
      const device = known.get(id);
      return this.view(
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

  /** The connected node of a call. */
  connected(wanted: string): LiveNode {
    // An id is the common case, and needs no look at all nodes.
    const named = this.#sources.registry.get(wanted.trim());
    if (named) return named;
    const view = this.known(wanted);
    const live = this.#sources.registry.get(view.nodeId);
    if (!live) throw notConnected(view);
    return live;
  }

  /** The node of a call. One that nobody knows is not connected (protocol: node.invoke). */
  known(wanted: string): NodeShape {
    try {
      return this.find(wanted);
    } catch (error) {
      const isUnknown = error instanceof GatewayError && error.message === "unknown nodeId";
      throw isUnknown ? unavailable() : error;
    }
  }

  /** Gives a node a name; whether it is known is the caller's to ask. */
  name(nodeId: string, name: string): void {
    this.#services.store.run(
      "insert into node_names (node_id, name) values (?, ?) on conflict do update set name = excluded.name",
      ...[nodeId, name],
    );
  }

  /** A node has gone. */
  gone(nodeId: string): void {
    this.#seen.set(nodeId, this.#services.clock.now());
  }

  /** Forgets a node that was removed. */
  forget(nodeId: string): void {
    this.#seen.delete(nodeId);
  }

  /** A node as clients see it. */
  view(
    nodeId: string,
    stored: Pick<NodeShape, "displayName" | "platform" | "lastSeenAtMs">,
    paired: boolean,
  ): NodeShape {
    const { store, host } = this.#services;
    const live = this.#sources.registry.get(nodeId);
    const client = live?.caller.client;
    const named = store.get<{ name: string }>("select name from node_names where node_id = ?", nodeId)?.name;
    const declared = live?.caller.declared;
    const approved = this.#sources.surfaces.approved(nodeId);
    const offered = live
      ? (declared?.commands ?? []).filter((each) => isAllowed(each, live.caller, host.nodeCommands()))
      : [];
    const commands = offered.filter((each) => approved === "all" || approved?.includes(each));
    const request = this.#sources.surfaces.request(nodeId);
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
        waitingCalls: this.#sources.waitingFor(nodeId) || undefined,
      }),
      caps: [...(live?.caller.caps ?? [])].toSorted(),
      commands: commands.toSorted(),
      paired,
      connected: live !== undefined,
      approvalState: this.#sources.surfaces.state(nodeId),
      ...(request && {
        pendingRequestId: request.requestId,
        pendingDeclaredCommands: [...request.commands],
        pendingDeclaredCaps: [...request.caps],
        ...defined({ pendingDeclaredPermissions: declared?.permissions && { ...declared.permissions } }),
        hint: `its commands wait for approval: moltbot nodes approve ${request.requestId}`,
      }),
    };
  }

  /** What a node offers and nobody has approved, as clients see it. */
  request(request: SurfaceRequest): NodePairShape {
    const { displayName, platform, remoteIp, permissions } = this.view(request.nodeId, {}, true);
    return {
      ...{ requestId: request.requestId, nodeId: request.nodeId, kind: "commands", ts: request.at },
      ...{ commands: [...request.commands], caps: [...request.caps], isRepair: request.isRepair },
      ...defined({ displayName, platform, remoteIp, permissions }),
    };
  }

  /** Tells clients that a node has changed. */
  changed(nodeId: string, reason: "connected" | "disconnected" | "changed"): void {
    const { bus, clock } = this.#services;
    bus.publish(nodePresence, {
      nodeId,
      connected: this.#sources.registry.get(nodeId) !== undefined,
      reason,
      ts: clock.now(),
    });
  }
}
