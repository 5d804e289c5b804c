/** The service of nodes: phones, desktops and programs that do commands for people and agents. */
import type { Caller } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import type { ConnectionWatcher } from "../../../kit/host.ts";
import type { Devices } from "../devices/devices.ts";
import { type NodeCall, NodeCalls, type Waiting } from "./calls/calls.ts";
import type { Invoked } from "./calls/invokes.ts";
import { type NewWork, PendingWork } from "./calls/pending-work.ts";
import { Directory } from "./directory.ts";
import { nodePairRequested, talkMode, voicewakeChanged } from "./events.ts";
import { Pairing } from "./pairing/pairing.ts";
import { Surfaces } from "./pairing/surfaces.ts";
import { isAsleep } from "./queue/call-queue.ts";
import { type LiveNode, Registry } from "./registry.ts";
import { NodeReports } from "./reports.ts";
import type { NodeShape, QueuedCallShape } from "./schema.ts";
import { VoiceWake } from "./voice-wake.ts";

/** Types that slices below use. */
export type { NodeDrawing, NodeProgram, ProgramDecisions } from "./calls/calls.ts";
export type { Invoke } from "./calls/invokes.ts";
export type { CallRow, NodeWaker, ResultReporter } from "./queue/call-queue.ts";
export type { LiveNode } from "./registry.ts";
export type { ReportObserver } from "./reports.ts";
export type { NodePress, NodeWords, PressHandler, SpeechHandler } from "./words.ts";
export { isAsleep };

interface NodeServices extends Base {
  readonly devices: Devices;
}

export class Nodes implements ConnectionWatcher, Disposable {
  readonly pairing: Pairing;
  readonly calls: NodeCalls;
  readonly reports: NodeReports;
  readonly voiceWake: VoiceWake;
  readonly pendingWork: PendingWork;
  readonly #services: NodeServices;
  readonly #registry = new Registry();
  readonly #surfaces: Surfaces;
  readonly #directory: Directory;

  constructor(services: NodeServices) {
    this.#services = services;
    const registry = this.#registry;
    const surfaces = new Surfaces(services);
    this.#surfaces = surfaces;
    this.#directory = new Directory(services, {
      ...{ registry, surfaces },
      waitingFor: (nodeId) => this.calls.queue.waitingFor(nodeId),
    });
    const directory = this.#directory;
    this.calls = new NodeCalls(services, { directory, registry, surfaces });
    this.pairing = new Pairing(services, {
      ...{ directory, registry, surfaces },
      approved: (nodeId) => this.calls.queue.ready(nodeId),
      removed: (nodeId) => this.#removed(nodeId),
    });
    this.pendingWork = new PendingWork(services.clock);
    this.reports = new NodeReports(services, {
      ...{ registry, invokes: this.calls.invokes },
      awake: (nodeId) => this.calls.queue.ready(nodeId),
    });
    this.voiceWake = new VoiceWake(services);
  }

  /** Takes up the calls that wait for nodes. */
  resume(): void {
    this.calls.queue.resume();
  }

  start(): void {
    this.calls.queue.start();
  }

  [Symbol.dispose](): void {
    this.calls.queue[Symbol.dispose]();
    this.reports[Symbol.dispose]();
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
      this.calls.invokes.disconnected(before.caller.connId);
      setImmediate(() => host.closeConnection(before.caller.connId, "replaced by a newer connection of this device"));
    }
    const request = this.pairing.declared(node);
    // These follow hello-ok, which is sent when this call returns.
    setImmediate(() => {
      bus.publish(voicewakeChanged, { triggers: this.voiceWake.triggers() }, { connId: caller.connId });
      this.#directory.changed(deviceId, "connected");
      if (request) bus.publish(nodePairRequested, this.#directory.request(request));
      this.calls.queue.ready(deviceId);
    });
    return {};
  }

  closed(connId: string): void {
    const node = this.#registry.remove(connId);
    this.calls.invokes.disconnected(connId);
    if (!node) return;
    const { deviceId } = node.caller;
    this.#surfaces.gone(deviceId);
    this.#directory.gone(deviceId);
    this.#directory.changed(deviceId, "disconnected");
  }

  /** All paired and all connected nodes: connected ones first, then by name. */
  list(): NodeShape[] {
    return this.#directory.list();
  }

  /** One node, by id, the beginning of its id, or its name. Throws `INVALID_REQUEST`. */
  find(wanted: string): NodeShape {
    return this.#directory.find(wanted);
  }

  /** See `NodeCalls.invoke`. */
  async invoke(call: NodeCall): Promise<Invoked & { nodeId: string }> {
    return await this.calls.invoke(call);
  }

  /** See `NodeCalls.once`. */
  async once(call: Omit<NodeCall, "signal"> & { readonly idempotencyKey: string }, waiting?: Waiting) {
    return await this.calls.once(call, waiting);
  }

  /** See `NodeCalls.keep`. */
  keep(call: Omit<NodeCall, "signal">, waiting: Waiting): QueuedCallShape {
    return this.calls.keep(call, waiting);
  }

  /** Leaves a small question for a node; a node that is away is woken unless `wake` is false. */
  leave({ nodeId: wanted, wake = true, ...work }: NewWork & { nodeId: string; wake?: boolean | undefined }) {
    const { nodeId, connected } = this.#directory.known(wanted);
    const wakeTriggered = wake && !connected && this.calls.queue.waker.now.wake(nodeId);
    return { nodeId, ...this.pendingWork.enqueue(nodeId, work), wakeTriggered };
  }

  /** Tells everybody that talk mode was switched. */
  talk(mode: { enabled: boolean; phase: string | null }): { enabled: boolean; phase: string | null; ts: number } {
    const { bus, clock } = this.#services;
    const switched = { ...mode, ts: clock.now() };
    bus.publish(talkMode, switched);
    return switched;
  }

  #removed(nodeId: string): void {
    this.pendingWork.forget(nodeId);
    this.#directory.forget(nodeId);
    this.calls.queue.forget(nodeId);
  }
}
