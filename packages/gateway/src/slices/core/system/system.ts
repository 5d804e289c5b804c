/** What the gateway knows of itself: health, presence, ticks, and the lines that wait for the agent's next turn. */
import { availableParallelism, freemem, hostname, totalmem } from "node:os";
import type { Static } from "@sinclair/typebox";
import { explain } from "../../../base/config/config.ts";
import { isDamage } from "../../../base/process/machine.ts";
import { Coalesced } from "../../../base/time/coalesce.ts";
import { type Caller, hasScope } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import type { Ending } from "../../../kit/lifecycle.ts";
import { Serialized } from "../../../kit/method.ts";
import { Port } from "../../../kit/port.ts";
import type { Snapshot } from "../../../kit/schema/frames.ts";
import { asPeopleRead, type Words } from "../../../kit/text/words.ts";
import { health as healthEvent, presence as presenceEvent, shutdown, tick } from "./events.ts";
import { type Beacon, type Entry, Presence } from "./presence.ts";
import type { AgentHealth, HealthSummary, SessionsSummary, StatusSummary } from "./schema.ts";

export type Health = Static<typeof HealthSummary>;

/** What the slice of conversations tells of them. */
interface Conversations {
  defaults(): NonNullable<Static<typeof Snapshot>["sessionDefaults"]>;
  summary(): Static<typeof SessionsSummary>;
  status(): Static<typeof StatusSummary>["sessions"];
}

/** What the slice of channels tells of them. */
interface Channels {
  health(): { channels: Record<string, unknown>; order: string[]; labels: Record<string, string> };
  /** One line for each account, for `status`. */
  summary(): string[];
}

const TICK_MS = 30_000;
/** A snapshot is refreshed and broadcast this often (protocol: transport). */
const REFRESH_MS = 60_000;
/** Refreshes and presence lists asked for within this time are sent once. */
const COALESCE_MS = 250;
/** The ages in a status may be this old. */
const STATUS_MS = 250;
const MAX_QUEUED_EVENTS = 20;
const NO_CHANNELS = { channels: {}, order: [], labels: {} };
const NO_SESSIONS = { path: "", count: 0, recent: [] };

export class System implements Disposable {
  /** Filled by sessions. */
  readonly conversations = new Port<Conversations>({
    defaults: () => ({ defaultAgentId: "main", mainKey: "main", mainSessionKey: "agent:main:main" }),
    summary: () => NO_SESSIONS,
    status: () => ({ paths: [], count: 0, defaults: { model: null, contextTokens: null }, recent: [], byAgent: [] }),
  });
  /** Filled by the agent. */
  readonly agents = new Port<{ health(): Static<typeof AgentHealth>[] }>({ health: () => [] });
  /** Filled by messaging. */
  readonly channels = new Port<Channels>({
    health: () => NO_CHANNELS,
    summary: () => [],
  });
  readonly #base: Base;
  readonly #startedAt: number;
  readonly #presence: Presence;
  readonly #queued = new Map<string, readonly Words[]>();
  readonly #timers = new DisposableStack();
  readonly #healthNews: Coalesced;
  readonly #presenceNews: Coalesced;
  readonly stateVersion = { presence: 1, health: 1 };
  #health: Health | undefined;
  #serialized: Serialized | undefined;
  #status: { readonly of: string; readonly at: number; readonly answer: Serialized } | undefined;

  constructor(base: Base) {
    this.#base = base;
    this.#startedAt = base.clock.monotonic();
    this.#presence = new Presence({ clock: base.clock, self: () => selfEntry(base.version) });
    const { clock } = base;
    this.#healthNews = this.#timers.use(
      new Coalesced({ clock, delayMs: COALESCE_MS, work: () => this.refreshHealth() }),
    );
    this.#presenceNews = this.#timers.use(
      new Coalesced({ clock, delayMs: COALESCE_MS, work: () => this.#publishPresence() }),
    );
  }

  /** What hello-ok tells a connection, as far as its scopes let it. */
  snapshot(scopes: ReadonlySet<string>): Static<typeof Snapshot> {
    const { config, stateDir } = this.#base;
    return {
      presence: hasScope(scopes, "operator.read") ? this.presence() : [],
      health: this.health(),
      stateVersion: this.stateVersion,
      uptimeMs: this.uptimeMs,
      ...(hasScope(scopes, "operator.admin") && { configPath: config.path, stateDir }),
      sessionDefaults: this.conversations.now.defaults(),
    };
  }

  /** Starts ticks, the regular health refresh, and looking after the database. */
  start(): void {
    const { clock, bus } = this.#base;
    this.#timers.use(clock.every(TICK_MS, () => bus.publish(tick, { ts: clock.now() })));
    this.#timers.use(clock.every(REFRESH_MS, () => this.refreshHealth()));
    this.#timers.use(this.#base.machine.onChange(() => this.refreshHealth()));
    this.#base.database.start(() => this.refreshHealthSoon());
  }

  /** Tells everybody who is connected. */
  stop({ reason, restartExpectedMs }: Ending): void {
    this.#base.bus.publish(shutdown, { reason, restartExpectedMs });
  }

  get uptimeMs(): number {
    return Math.round(this.#base.clock.monotonic() - this.#startedAt);
  }

  /** The machine and the process, in figures. */
  info() {
    return {
      ...{ hostname: hostname(), platform: process.platform, arch: process.arch, nodeVersion: process.version },
      ...{ pid: process.pid, uptimeMs: this.uptimeMs, cpuCount: availableParallelism() },
      memory: { totalBytes: totalmem(), freeBytes: freemem(), processBytes: process.memoryUsage.rss() },
    };
  }

  /** The newest snapshot, made when there is none yet. */
  health(): Health {
    return this.#health && !this.#isMachineNew(this.#health) ? this.#health : this.#makeHealth();
  }

  /** The newest snapshot, ready for the wire; one older than a minute is made anew. */
  serializedHealth(): Serialized {
    // A clock that was put back makes a snapshot look as if it came from the future.
    if (!this.#serialized || Math.abs(this.#base.clock.now() - this.health().ts) > REFRESH_MS) this.#makeHealth();
    return this.#serialized!;
  }

  /** Makes a snapshot and broadcasts it. */
  refreshHealth(): Health {
    const snapshot = this.#makeHealth();
    this.stateVersion.health++;
    this.#base.bus.publish(healthEvent, snapshot);
    return snapshot;
  }

  /** Refreshes soon; many calls at once cause one refresh. */
  refreshHealthSoon(): void {
    this.#healthNews.soon();
  }

  /** The status that `make` tells, or the one of a moment ago when nothing has changed since. */
  serializedStatus(make: () => Static<typeof StatusSummary>): Serialized {
    const { clock, store, config } = this.#base;
    const of = `${store.writes} ${config.revision}`;
    const at = clock.monotonic();
    if (this.#status?.of !== of || at - this.#status.at > STATUS_MS)
      this.#status = { of, at, answer: new Serialized(make()) };
    return this.#status.answer;
  }

  presence(): Entry[] {
    return this.#presence.list();
  }

  connected(caller: Caller, ip: string | undefined): void {
    if (this.#presence.connected(caller, ip)) this.stateVersion.presence++;
    this.#presenceNews.soon();
    this.refreshHealthSoon();
  }

  disconnected(connId: string): void {
    if (!this.#presence.disconnected(connId)) return;
    this.stateVersion.presence++;
    this.#presenceNews.soon();
  }

  /** Takes in a client's beacon and queues what is new in it for the agent (protocol: system-event). */
  beacon(beacon: Beacon, sessionKey: string): void {
    const { before, after } = this.#presence.beacon(beacon);
    const line = queueLine(beacon.text, before, after);
    if (line) this.queueEvent(sessionKey, { text: line, from: { kind: "event", id: "a client of the gateway" } });
    this.stateVersion.presence++;
    this.#publishPresence();
  }

  /** Queues news for the agent's next turn on a session; consecutive duplicates and the oldest beyond 20 are dropped. */
  queueEvent(sessionKey: string, event: Words): void {
    const events = this.#queued.get(sessionKey) ?? [];
    if (JSON.stringify(events.at(-1)) === JSON.stringify(event)) return;
    this.#queued.set(sessionKey, [...events, event].slice(-MAX_QUEUED_EVENTS));
    this.#status = undefined;
  }

  /** The queued news of a session, as people read them. */
  queuedEvents(sessionKey: string): readonly string[] {
    return (this.#queued.get(sessionKey) ?? []).map(({ text, from }) => asPeopleRead(text, from));
  }

  /** Takes the queued news of a session: they are shown to the agent once. */
  takeEvents(sessionKey: string): readonly Words[] {
    const events = this.#queued.get(sessionKey) ?? [];
    this.#queued.delete(sessionKey);
    this.#status = undefined;
    return events;
  }

  [Symbol.dispose](): void {
    this.#timers.dispose();
  }

  /** Whether the machine is in another state than a snapshot says. */
  #isMachineNew({ machine }: Health): boolean {
    const now = this.#machineHealth();
    return now.trouble !== machine.trouble || (now.clock === undefined) !== (machine.clock === undefined);
  }

  #machineHealth(): Health["machine"] {
    const { clock, machine } = this.#base;
    return {
      ...(machine.trouble !== undefined && { trouble: machine.trouble }),
      ...(clock.skew && { clock: clock.skew }),
    };
  }

  #makeHealth(): Health {
    const { clock, config } = this.#base;
    const startedAt = clock.monotonic();
    const { issues } = config.snapshot();
    const {
      channels,
      order: channelOrder,
      labels: channelLabels,
    } = this.#read(() => this.channels.now.health(), NO_CHANNELS);
    this.#health = {
      ok: true,
      ts: clock.now(),
      durationMs: 0,
      channels,
      channelOrder,
      channelLabels,
      heartbeatSeconds: 0,
      defaultAgentId: this.conversations.now.defaults().defaultAgentId,
      agents: this.#read(() => this.agents.now.health(), []),
      sessions: this.#read(() => this.conversations.now.summary(), NO_SESSIONS),
      machine: this.#machineHealth(),
      database: this.#base.database.state,
      config: issues.length === 0 ? { valid: true } : { valid: false, problem: explain("moltbot.json", issues) },
    };
    this.#health.durationMs = Math.round(clock.monotonic() - startedAt);
    this.#serialized = new Serialized(this.#health);
    return this.#health;
  }

  /** Health is told of a gateway whose database is damaged, too: what cannot be read is left out. */
  #read<T>(read: () => T, otherwise: T): T {
    try {
      return read();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#base.database.report(error);
      return otherwise;
    }
  }

  #publishPresence(): void {
    this.#base.bus.publish(presenceEvent, { presence: this.presence() });
  }
}

function selfEntry(version: string): Omit<Entry, "ts"> {
  const host = hostname() || "gateway";
  return {
    host,
    version,
    platform: process.platform,
    mode: "gateway",
    reason: "self",
    text: `Gateway: ${host} · app ${version} · mode gateway · reason self`,
  };
}

/** Plain text is queued as it is; of a node's beacon only news is, and periodic beacons are none. */
function queueLine(text: string, before: Entry | undefined, after: Entry): string | undefined {
  if (!text.startsWith("Node:")) return text;
  const { reason = "" } = after;
  if (reason.startsWith("periodic") || reason === "heartbeat") return undefined;
  const changed = (["host", "ip", "version", "mode", "reason"] as const).filter(
    (name) => after[name] !== before?.[name],
  );
  if (changed.length === 0) return undefined;
  return `Node: ${after.host ?? "?"} · ${changed.map((name) => `${name} ${after[name]}`).join(" · ")}`;
}
