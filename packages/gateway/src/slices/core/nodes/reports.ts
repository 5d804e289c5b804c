/** What nodes report of themselves by `node.event` (protocol: node.event kinds). */
import { isRecord } from "../../../base/config/config.ts";
import type { Caller } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import { ManyPort } from "../../../kit/port.ts";
import { type Schema, validationText } from "../../../kit/schema/validate.ts";
import { nodeHostStats, nodePresence } from "./events.ts";
import type { LiveNode, Registry } from "./registry.ts";
import { NodeHostStats, type NodeShape } from "./schema.ts";

/** Hears of reports that this slice does not handle itself, such as `exec.finished`; returns whether it did. */
export interface ReportObserver {
  reported(node: LiveNode, event: string, payload: Readonly<Record<string, unknown>>): boolean;
}

/** What became of a report. */
export interface Handled {
  readonly handled: boolean;
  readonly reason?: string;
}

const MAX_IDLE_SECONDS = 2_592_000;

export class NodeReports {
  readonly observers = new ManyPort<ReportObserver>();
  readonly #base: Pick<Base, "bus" | "clock">;
  readonly #registry: Registry;

  constructor(base: Pick<Base, "bus" | "clock">, registry: Registry) {
    this.#base = base;
    this.#registry = registry;
  }

  /** Takes a report. One that is not known is no error: nodes of other versions send more. */
  take({ connId }: Pick<Caller, "connId">, event: string, payload: unknown): Handled {
    const node = this.#registry.ofConnection(connId);
    if (!node) return { handled: false, reason: "replaced" };
    const said = isRecord(payload) ? payload : {};
    if (event === "node.host.stats") return this.#stats(node, said);
    if (event === "node.presence.alive") return this.#alive(node);
    if (event === "node.presence.activity") return this.#activity(node, said);
    const handled = [...this.observers].some((each) => each.reported(node, event, said));
    return handled ? { handled } : { handled, reason: "unknown_event" };
  }

  #stats(node: LiveNode, said: Readonly<Record<string, unknown>>): Handled {
    if (!areStats(said)) return { handled: false, reason: "invalid_payload" };
    node.stats = said;
    const { bus, clock } = this.#base;
    bus.publish(nodeHostStats, { nodeId: node.caller.deviceId, hostStats: said, ts: clock.now() });
    return { handled: true };
  }

  #alive(node: LiveNode): Handled {
    node.aliveAt = this.#base.clock.now();
    this.#tell(node, "alive");
    return { handled: true };
  }

  #activity(node: LiveNode, { idleSeconds, action }: Readonly<Record<string, unknown>>): Handled {
    if (action === "clear") node.idleSeconds = undefined;
    else if (typeof idleSeconds === "number" && idleSeconds >= 0 && idleSeconds <= MAX_IDLE_SECONDS)
      node.idleSeconds = Math.round(idleSeconds);
    else return { handled: false, reason: "invalid_payload" };
    this.#tell(node, "activity");
    return { handled: true };
  }

  #tell({ caller: { deviceId }, idleSeconds }: LiveNode, reason: "alive" | "activity"): void {
    const { bus, clock } = this.#base;
    const idle = idleSeconds === undefined ? {} : { idleSeconds };
    bus.publish(nodePresence, { nodeId: deviceId, connected: true, reason, ...idle, ts: clock.now() });
  }
}

function areStats(said: object): said is NonNullable<NodeShape["hostStats"]> {
  return validationText(NodeHostStats as Schema, said) === undefined;
}
