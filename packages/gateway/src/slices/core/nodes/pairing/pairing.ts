/** Who may be a node and what it may offer: requests of devices, of commands and of tokens, and what people decided. */
import { defined } from "../../../../base/defined.ts";
import { type Caller, requireScope } from "../../../../kit/access.ts";
import type { Base } from "../../../../kit/base.ts";
import type { Devices } from "../../devices/devices.ts";
import type { Directory } from "../directory.ts";
import { nodePairRequested, nodePairResolved } from "../events.ts";
import { isOfPages, runsPrograms } from "../policy.ts";
import type { LiveNode, Registry } from "../registry.ts";
import type { NodePairShape, NodeShape } from "../schema.ts";
import { Invitations } from "./invitations.ts";
import { type LegacyNode, LegacyNodes, legacyRequestView, legacyView } from "./legacy-nodes.ts";
import type { SurfaceRequest, Surfaces } from "./surfaces.ts";

interface PairingServices extends Base {
  readonly devices: Devices;
}

/** What pairing is about. */
interface PairingSources {
  readonly directory: Directory;
  readonly registry: Registry;
  readonly surfaces: Surfaces;
  /** Is told that a node can be asked for more. */
  approved(nodeId: string): void;
  /** Is told that a node is none any more. */
  removed(nodeId: string): void;
}

export class Pairing {
  readonly invitations: Invitations;
  readonly #services: PairingServices;
  readonly #sources: PairingSources;
  readonly #legacy: LegacyNodes;

  constructor(services: PairingServices, sources: PairingSources) {
    this.#services = services;
    this.#sources = sources;
    this.invitations = new Invitations(services);
    this.#legacy = new LegacyNodes(services);
  }

  /** Notes what a node that has connected declares; returns what is new and waits for a person. */
  declared(node: LiveNode): SurfaceRequest | undefined {
    return this.#invited(node, this.#sources.surfaces.declared(node));
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
  list(): { pending: NodePairShape[]; paired: NodeShape[] } {
    const devices = this.#services.devices.pending().filter(({ role }) => role === "node");
    const asDevices = devices.map((each): NodePairShape => {
      const { requestId, deviceId, displayName, platform, remoteIp, isRepair, ts } = each;
      const facts = defined({ displayName, platform, remoteIp, isRepair });
      return { requestId, nodeId: deviceId, kind: "device", ts, ...facts };
    });
    const surfaces = this.#sources.surfaces.requests().map((request) => this.#sources.directory.request(request));
    const tokens = this.#legacy.requests().map(legacyRequestView);
    const paired = [
      ...this.#sources.directory.list().filter((each) => each.paired),
      ...this.#legacy.paired().map(legacyView),
    ];
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
    const surface = this.#sources.surfaces.find(requestId);
    if (!surface) {
      const { device } = this.#services.devices.approve(requestId, caller);
      return {
        requestId,
        node: this.#sources.directory.view(device.deviceId, defined({ displayName: device.displayName }), true),
      };
    }
    const needed = surface.commands.some(runsPrograms) ? "operator.admin" : "operator.write";
    requireScope(caller, needed);
    this.#sources.surfaces.approve(surface);
    this.#resolved(surface, "approved");
    this.#sources.approved(surface.nodeId);
    return { requestId: surface.requestId, node: this.#sources.directory.view(surface.nodeId, {}, true) };
  }

  reject(requestId: string): { requestId: string; nodeId: string } {
    const legacy = this.#legacy.find(requestId);
    if (legacy) {
      const { nodeId } = legacy.node;
      this.#legacy.reject(legacy);
      this.#resolved({ requestId, nodeId }, "rejected");
      return { requestId, nodeId };
    }
    const surface = this.#sources.surfaces.find(requestId);
    if (!surface) {
      const { deviceId } = this.#services.devices.reject(requestId);
      return { requestId, nodeId: deviceId };
    }
    this.#sources.surfaces.reject(surface);
    this.#resolved(surface, "rejected");
    return { requestId: surface.requestId, nodeId: surface.nodeId };
  }

  /** Gives a node a name. Throws `INVALID_REQUEST` "unknown nodeId". */
  rename(wanted: string, displayName: string): { nodeId: string; displayName: string } {
    if (this.#legacy.rename(wanted.trim(), displayName)) return { nodeId: wanted.trim(), displayName };
    const { nodeId } = this.#sources.directory.find(wanted);
    this.#sources.directory.name(nodeId, displayName);
    this.#sources.directory.changed(nodeId, "changed");
    return { nodeId, displayName };
  }

  /** Takes the role of a node from a device and ends its connections. Throws `INVALID_REQUEST` "unknown nodeId". */
  remove(wanted: string, caller: Pick<Caller, "scopes">): { nodeId: string; removed: true } {
    if (this.#legacy.remove(wanted.trim())) return { nodeId: wanted.trim(), removed: true };
    const { nodeId } = this.#sources.directory.find(wanted);
    this.#services.devices.revoke(nodeId, "node", caller);
    const live = this.#sources.registry.get(nodeId);
    if (live) setImmediate(() => this.#services.host.closeConnection(live.caller.connId, "removed"));
    this.#sources.surfaces.forget(nodeId);
    this.#sources.removed(nodeId);
    return { nodeId, removed: true };
  }

  /** Approves what an invited page offers when it first comes; returns what still waits for a person. */
  #invited(node: LiveNode, request: SurfaceRequest | undefined): SurfaceRequest | undefined {
    const { deviceId } = node.caller;
    const invitation = this.invitations.arrival(deviceId);
    if (!invitation) return request;
    if (invitation.name !== undefined) this.#sources.directory.name(deviceId, invitation.name);
    if (!request) return undefined;
    this.#sources.surfaces.approve({ ...request, commands: request.commands.filter(isOfPages) });
    return this.#sources.surfaces.declared(node);
  }

  #resolved(
    { requestId, nodeId }: Pick<SurfaceRequest, "requestId" | "nodeId">,
    decision: "approved" | "rejected",
  ): void {
    const { bus, clock } = this.#services;
    bus.publish(nodePairResolved, { requestId, nodeId, decision, ts: clock.now() });
    this.#sources.directory.changed(nodeId, "changed");
  }
}
