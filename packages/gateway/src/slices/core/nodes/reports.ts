/** What nodes report of themselves by `node.event` (protocol: node.event kinds). */
import { isRecord } from "../../../base/config/config.ts";
import type { Caller } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import { ManyPort } from "../../../kit/port.ts";
import { type Schema, validationText } from "../../../kit/schema/validate.ts";
import { type ExecReport, isExecReport } from "./calls/exec-report.ts";
import type { Invoke, Invokes } from "./calls/invokes.ts";
import { nodeHostStats, nodePresence } from "./events.ts";
import type { LiveNode, Registry } from "./registry.ts";
import { ReportThrottle } from "./report-throttle.ts";
import { NodeBattery, NodeHostStats, type NodeShape } from "./schema.ts";
import { NodeSpeech, type ReportOutcome } from "./words.ts";

/** Hears of reports about programs that this gateway had a node run; must not throw. */
export interface ReportObserver {
  reported(node: LiveNode, invoke: Invoke, report: ExecReport): void;
}

/** What reports are about. */
export interface Reported {
  readonly registry: Registry;
  readonly invokes: Invokes;
  /** Is told that a node can be asked now. */
  awake(nodeId: string): void;
}

const MAX_IDLE_SECONDS = 2_592_000;
const ALIVE_BECAUSE: ReadonlySet<unknown> = new Set([
  ...["background", "silent_push", "bg_app_refresh", "significant_location", "manual", "connect"],
]);
/** Reports of 2026's apps that nothing here makes use of; the answer says so. */
const UNUSED: ReadonlySet<string> = new Set([
  ...["notifications.changed", "push.apns.register", "node.desktop.availability"],
  ...["node.runnerInventory.update", "node.skills.update", "node.pluginTools.update"],
]);

export class NodeReports implements Disposable {
  readonly observers = new ManyPort<ReportObserver>();
  readonly speech = new NodeSpeech();
  readonly #base: Pick<Base, "bus" | "clock">;
  readonly #about: Reported;
  readonly #pace: ReportThrottle;

  constructor(base: Pick<Base, "bus" | "clock">, about: Reported) {
    this.#pace = new ReportThrottle(base.clock);
    this.#base = base;
    this.#about = about;
  }

  /**
   * Takes a report. One that is not known is no error: nodes of other versions send more. Throws `GatewayError` when words
   * or a press cannot be taken now.
   */
  take({ connId }: Pick<Caller, "connId">, event: string, payload: unknown): ReportOutcome {
    const node = this.#about.registry.ofConnection(connId);
    if (!node) return { handled: false, reason: "replaced" };
    const said = isRecord(payload) ? payload : {};
    if (event === "node.host.stats") return this.#stats(node, said);
    if (event === "node.presence.alive") return this.#alive(node, said);
    if (event === "node.presence.activity") return this.#activity(node, said);
    if (isExecReport(event)) return this.#exec(node, { event, said });
    const spoken = this.speech.take(node, event, said);
    if (spoken) return spoken;
    return { handled: false, reason: UNUSED.has(event) ? "unsupported_event" : "unknown_event" };
  }

  #exec(node: LiveNode, report: ExecReport): ReportOutcome {
    const invoke = this.#about.invokes.reported(node.caller.connId, report);
    if (!invoke) return { handled: false, reason: "unmatched_exec_event" };
    for (const each of this.observers) each.reported(node, invoke, report);
    return { handled: true };
  }

  #stats(node: LiveNode, said: Readonly<Record<string, unknown>>): ReportOutcome {
    if (!areStats(said)) return { handled: false, reason: "invalid_payload" };
    node.stats = said;
    const { bus, clock } = this.#base;
    const { deviceId: nodeId } = node.caller;
    this.#pace.tell(`stats ${nodeId}`, () => {
      if (this.#isLive(node)) bus.publish(nodeHostStats, { nodeId, hostStats: said, ts: clock.now() });
    });
    return { handled: true };
  }

  #alive(node: LiveNode, { trigger = "manual", battery }: Readonly<Record<string, unknown>>): ReportOutcome {
    if (!ALIVE_BECAUSE.has(trigger)) return { handled: false, reason: "invalid_payload" };
    node.aliveAt = this.#base.clock.now();
    if (isBattery(battery)) node.battery = battery;
    this.#tell(node, "alive");
    this.#about.awake(node.caller.deviceId);
    return { handled: true };
  }

  #activity(node: LiveNode, said: Readonly<Record<string, unknown>>): ReportOutcome {
    const { idleSeconds, action, source, battery } = said;
    node.usedIn = action !== "clear" && (source === "app" || source === "system") ? source : undefined;
    if (isBattery(battery)) node.battery = battery;
    if (action === "clear") node.idleSeconds = undefined;
    else if (typeof idleSeconds === "number" && idleSeconds >= 0 && idleSeconds <= MAX_IDLE_SECONDS)
      node.idleSeconds = Math.round(idleSeconds);
    else return { handled: false, reason: "invalid_payload" };
    this.#tell(node, "activity");
    if (action !== "clear") this.#about.awake(node.caller.deviceId);
    return { handled: true };
  }

  [Symbol.dispose](): void {
    this.#pace[Symbol.dispose]();
  }

  #tell(node: LiveNode, reason: "alive" | "activity"): void {
    const { bus, clock } = this.#base;
    const { deviceId: nodeId } = node.caller;
    this.#pace.tell(`${reason} ${nodeId}`, () => {
      const { idleSeconds } = node;
      const idle = idleSeconds === undefined ? {} : { idleSeconds };
      if (this.#isLive(node)) bus.publish(nodePresence, { nodeId, connected: true, reason, ...idle, ts: clock.now() });
    });
  }

  /** A node may have gone before its turn to be told of. */
  #isLive({ caller }: LiveNode): boolean {
    return this.#about.registry.ofConnection(caller.connId) !== undefined;
  }
}

function isBattery(said: unknown): said is NonNullable<NodeShape["battery"]> {
  return isRecord(said) && validationText(NodeBattery as Schema, said) === undefined;
}

function areStats(said: object): said is NonNullable<NodeShape["hostStats"]> {
  return validationText(NodeHostStats as Schema, said) === undefined;
}
