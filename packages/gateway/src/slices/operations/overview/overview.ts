/** The state of the gateway: health and its events, status, ticks, and what hello-ok tells a connection. */

import { availableParallelism, freemem, hostname, totalmem } from "node:os";
import type { Static } from "@sinclair/typebox";
import { explain } from "../../../base/config/config.ts";
import { defined } from "../../../base/defined.ts";
import { isDamage } from "../../../base/process/machine.ts";
import { Coalesced } from "../../../base/time/coalesce.ts";
import { hasScope } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import { Serialized } from "../../../kit/method.ts";
import type { Snapshot, StateVersion } from "../../../kit/schema/frames.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { Models } from "../../agent/models/models.ts";
import type { Heartbeat } from "../../automation/heartbeat/heartbeat.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Notices } from "../../core/notices/notices.ts";
import type { Presence } from "../../core/presence/presence.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Messaging } from "../../surfaces/messaging/messaging.ts";
import type { Backups } from "../backup/backup.ts";
import { sessionsStatus, sessionsSummary } from "./conversations.ts";
import { lowDiskSpace } from "./disk.ts";
import { health as healthEvent, tick } from "./events.ts";
import type { AgentHealth, HealthSummary, StatusSummary } from "./schema.ts";

export type Health = Static<typeof HealthSummary>;

interface OverviewServices extends Base {
  readonly presence: Presence;
  readonly backup: Backups;
  readonly agents: Agents;
  readonly sessions: Sessions;
  readonly notices: Notices;
  readonly models: Models;
  readonly agent: Agent;
  readonly messaging: Messaging;
  readonly heartbeat: Heartbeat;
}

const TICK_MS = 30_000;
/** A snapshot is refreshed and broadcast this often (protocol: transport). */
const REFRESH_MS = 60_000;
/** Refreshes requested within this time are one, ms. */
const COALESCE_MS = 250;
/** The ages in a status may be this old. */
const STATUS_MS = 250;
const NO_CHANNELS = { channels: {}, order: [], labels: {} };
const NO_SESSIONS = { path: "", count: 0, recent: [] };

export class Overview implements Disposable {
  readonly #services: OverviewServices;
  readonly #startedAt: number;
  readonly #timers = new DisposableStack();
  readonly #healthNews: Coalesced;
  #healthVersion = 1;
  #health: Health | undefined;
  #serialized: Serialized | undefined;
  #status: { readonly of: string; readonly at: number; readonly answer: Serialized } | undefined;

  constructor(services: OverviewServices) {
    const { clock } = services;
    this.#services = services;
    this.#startedAt = clock.monotonic();
    this.#healthNews = this.#timers.use(
      new Coalesced({ clock, delayMs: COALESCE_MS, work: () => this.refreshHealth() }),
    );
  }

  /** Starts ticks, the regular health refresh, and looking after the database. */
  start(): void {
    const { clock, bus, database, machine } = this.#services;
    this.#timers.use(clock.every(TICK_MS, () => bus.publish(tick, { ts: clock.now() })));
    this.#timers.use(clock.every(REFRESH_MS, () => this.refreshHealth()));
    this.#timers.use(machine.onChange(() => this.refreshHealth()));
    database.start(() => this.refreshHealthSoon());
  }

  get uptimeMs(): number {
    return Math.round(this.#services.clock.monotonic() - this.#startedAt);
  }

  /** The versions that some events carry. */
  get stateVersion(): Static<typeof StateVersion> {
    return { presence: this.#services.presence.version, health: this.#healthVersion };
  }

  /** What hello-ok tells a connection, as far as its scopes let it. */
  snapshot(scopes: ReadonlySet<string>): Static<typeof Snapshot> {
    const { config, presence, sessions, stateDir } = this.#services;
    const { defaultAgentId, mainKey, scope } = sessions.defaults;
    return {
      presence: hasScope(scopes, "operator.read") ? presence.list() : [],
      health: this.health(),
      stateVersion: this.stateVersion,
      uptimeMs: this.uptimeMs,
      ...(hasScope(scopes, "operator.admin") && { configPath: config.path, stateDir }),
      sessionDefaults: { defaultAgentId, mainKey, mainSessionKey: sessions.mainKey(defaultAgentId), scope },
    };
  }

  /** The machine and the process, in figures. */
  info() {
    return {
      ...{ hostname: hostname(), platform: process.platform, arch: process.arch, nodeVersion: process.version },
      ...{ pid: process.pid, uptimeMs: this.uptimeMs, cpuCount: availableParallelism() },
      memory: { totalBytes: totalmem(), freeBytes: freemem(), processBytes: process.memoryUsage.rss() },
    };
  }

  /** What happened in each of the last hours, the oldest first; the last one is not over yet. */
  async hours(count: number) {
    const { hoursOf } = await import("./hours.ts");
    const { agent, messaging, clock } = this.#services;
    return hoursOf({ runs: agent.runs, inbox: messaging.inbox, outbox: messaging.outbox.entries }, clock.now(), count);
  }

  /** The newest snapshot, made when there is none yet. */
  health(): Health {
    return this.#health && !this.#isMachineNew(this.#health) ? this.#health : this.#makeHealth();
  }

  /** The newest snapshot, ready for the wire; one older than a minute is made anew. */
  serializedHealth(): Serialized {
    // A clock that was put back makes a snapshot look as if it came from the future.
    if (!this.#serialized || Math.abs(this.#services.clock.now() - this.health().ts) > REFRESH_MS) this.#makeHealth();
    return this.#serialized!;
  }

  /** Makes a snapshot and broadcasts it. */
  refreshHealth(): Health {
    const snapshot = this.#makeHealth();
    this.#healthVersion++;
    this.#services.bus.publish(healthEvent, snapshot);
    return snapshot;
  }

  /** Refreshes soon; many calls at once cause one refresh. */
  refreshHealthSoon(): void {
    this.#healthNews.soon();
  }

  /** The current status, or one of a moment ago when nothing has changed since. */
  status(): Serialized {
    const { clock, store, config, heartbeat } = this.#services;
    const of = `${store.writes} ${config.revision} ${heartbeat.enabled}`;
    const at = clock.monotonic();
    if (this.#status?.of !== of || at - this.#status.at > STATUS_MS)
      this.#status = { of, at, answer: Serialized.of(this.#makeStatus()) };
    return this.#status.answer;
  }

  [Symbol.dispose](): void {
    this.#timers.dispose();
  }

  #makeStatus(): Static<typeof StatusSummary> {
    const { agents, database, heartbeat, messaging, models, notices, sessions } = this.#services;
    return {
      heartbeat: {
        defaultAgentId: agents.defaultId,
        agents: agents.ids().map((agentId) => heartbeat.settingsOf(agentId)),
      },
      channelSummary: messaging.accountStatus.summary(),
      queuedSystemEvents: [...notices.waiting(sessions.mainKey())],
      database: database.state,
      sessions: sessionsStatus(this.#services, models.chosen.modelDefaults()),
    };
  }

  /** Whether the machine is in another state than a snapshot says. */
  #isMachineNew({ machine }: Health): boolean {
    const { clock, machine: now } = this.#services;
    return now.trouble !== machine.trouble || (clock.skew === undefined) !== (machine.clock === undefined);
  }

  #machineHealth(): Health["machine"] {
    const { clock, machine, stateDir } = this.#services;
    return {
      ...defined({ trouble: machine.trouble }),
      ...(clock.skew && { clock: clock.skew }),
      ...defined({ disk: lowDiskSpace(stateDir) }),
    };
  }

  #makeHealth(): Health {
    const { agents, clock, config, database, messaging } = this.#services;
    const startedAt = clock.monotonic();
    const { issues } = config.snapshot();
    const { channels, order, labels } = this.#read(() => messaging.accountStatus.health(), NO_CHANNELS);
    this.#health = {
      ok: true,
      ts: clock.now(),
      durationMs: 0,
      channels,
      channelOrder: order,
      channelLabels: labels,
      heartbeatSeconds: Math.round((this.#services.heartbeat.settingsOf(agents.defaultId).everyMs ?? 0) / 1_000),
      defaultAgentId: agents.defaultId,
      agents: this.#read(() => this.#agentsHealth(), []),
      sessions: this.#read(() => sessionsSummary(this.#services), NO_SESSIONS),
      machine: this.#machineHealth(),
      database: database.state,
      backup: this.#services.backup.health,
      config: issues.length === 0 ? { valid: true } : { valid: false, problem: explain("moltbot.json", issues) },
    };
    this.#health.durationMs = Math.round(clock.monotonic() - startedAt);
    this.#serialized = Serialized.of(this.#health);
    return this.#health;
  }

  #agentsHealth(): Static<typeof AgentHealth>[] {
    const { agents } = this.#services;
    return agents.list().map(({ id, name }) => ({
      agentId: id,
      ...defined({ name }),
      isDefault: id === agents.defaultId,
      heartbeat: this.#services.heartbeat.healthOf(id),
      sessions: sessionsSummary(this.#services, id),
    }));
  }

  /** Health is told of a gateway whose database is damaged, too: what cannot be read is left out. */
  #read<T>(read: () => T, otherwise: T): T {
    try {
      return read();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#services.database.report(error);
      return otherwise;
    }
  }
}
