/** The service of updates: fetches a version, tries it on a copy, and has the restart try it in its place. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../../base/config/config.ts";
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest, messageOf } from "../../../base/errors.ts";
import { writePrivateFile } from "../../../base/files.ts";
import { storageProblem } from "../../../base/process/machine.ts";
import type { UpdateRecord } from "../../../base/update/record.ts";
import type { Base } from "../../../kit/base.ts";
import type { Messaging } from "../../surfaces/messaging/messaging.ts";
import type { Backups } from "../backup/backup.ts";
import { update as section, type UpdateSettings } from "./settings.ts";

const USUAL_DELAY_MS = 2_000;
const MAX_DELAY_MS = 60_000;
/** How long the registry's answer is good, ms: each question starts npm, which costs half a second of CPU. */
const ANSWER_GOOD_MS = 10 * 60_000;
const REGISTRY_MS = 60_000;

interface UpdateServices extends Base {
  readonly backup: Backups;
  readonly messaging: Messaging;
}

interface RunParams {
  readonly to?: string;
  readonly from?: string;
  readonly sessionKey?: string;
  readonly note?: string;
  readonly restartDelayMs?: number;
  readonly timeoutMs?: number;
}

interface Step {
  readonly name: string;
  readonly ok: boolean;
  readonly durationMs: number;
}

export class Updates {
  readonly #services: UpdateServices;
  readonly #settings: Settings<UpdateSettings>;
  #isBusy = false;
  #asked: { readonly newest: Promise<string>; goodUntil: number } | undefined;

  constructor(services: UpdateServices) {
    this.#services = services;
    this.#settings = services.config.of(section);
  }

  /** Says how an update has ended that was tried before this start. */
  start(): void {
    const { log, stateDir } = this.#services;
    void this.#last(stateDir).then((last) => {
      if (last?.phase === "failed") log.warn("the last update was given up", { to: last.to, why: last.why });
    });
    if (existsSync(join(stateDir, "versions"))) void this.#clearLeft();
  }

  /** What there is. The registry is asked once in ten minutes, however many ask. */
  async check(signal: AbortSignal = AbortSignal.timeout(REGISTRY_MS)) {
    const { isNewer } = await import("../../../base/update/record.ts");
    const { version, stateDir } = this.#services;
    const newest = await this.#told(() => this.#newest(signal));
    const last = await this.#last(stateDir);
    const told = last && {
      ...defined({ why: last.why }),
      from: last.from,
      to: last.to,
      ok: last.phase === "done",
      at: last.at,
    };
    return { version, newest, isNewer: isNewer(newest, version), ...(told && { last: told }) };
  }

  /** Makes an update ready and restarts with it. What goes wrong before that is told in the result; nothing is changed then. */
  async run(params: RunParams, signal: AbortSignal) {
    if (this.#isBusy) throw new GatewayError("UNAVAILABLE", "an update is under way; wait for its end");
    this.#isBusy = true;
    const { clock, stateDir } = this.#services;
    const startedAt = clock.monotonic();
    const steps: Step[] = [];
    const limit =
      params.timeoutMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(params.timeoutMs)]);
    const { versionsFolder } = await import("../../../base/update/record.ts");
    const about = () => ({
      ...{
        mode: params.from === undefined ? ("npm" as const) : ("unknown" as const),
        root: versionsFolder(stateDir),
        steps,
      },
      ...{ before: { version: this.#services.version }, durationMs: Math.round(clock.monotonic() - startedAt) },
    });
    try {
      const to = await this.#prepare(params, steps, limit);
      const delayMs = Math.min(params.restartDelayMs ?? USUAL_DELAY_MS, MAX_DELAY_MS);
      const path = this.#leaveNote(params);
      this.#services.host.requestRestart("update", delayMs);
      const result = { status: "ok" as const, after: { version: to }, ...about() };
      return { ok: true as const, result, restart: { delayMs, reason: "update" }, sentinel: { path } };
    } catch (error) {
      const status = error instanceof Skipped ? ("skipped" as const) : ("error" as const);
      this.#services.log.warn("an update was not made", { error });
      const result = { status, reason: messageOf(error), ...about() };
      return { ok: true as const, result, restart: null, sentinel: { path: null } };
    } finally {
      this.#isBusy = false;
    }
  }

  /** Goes back to the version from before, and to the backup that was made then. */
  async undo(): Promise<{ from: string; to: string; backup: string }> {
    const { stateDir, log } = this.#services;
    const { writeUpdate } = await import("../../../base/update/record.ts");
    const last = await this.#last(stateDir);
    if (last?.phase !== "done" || last.backup === undefined)
      throw invalidRequest("there is no update that could be undone");
    await this.#services.backup.restore({ file: last.backup });
    try {
      writeUpdate(stateDir, { ...last, phase: "undo" });
    } catch (error) {
      // The version that runs must not start with the older database alone.
      await this.#services.backup.withdraw();
      throw new GatewayError("UNAVAILABLE", storageProblem(error) ?? messageOf(error), { cause: error });
    }
    log.info("the update is undone at the restart", { from: last.to, to: last.from });
    return { from: last.to, to: last.from, backup: last.backup };
  }

  #newest(signal: AbortSignal): Promise<string> {
    const { clock } = this.#services;
    if (this.#asked && clock.monotonic() < this.#asked.goodUntil) return this.#asked.newest;
    const asking = async () => {
      const { newestVersion } = await import("../../../base/update/fetch.ts");
      return await newestVersion(signal);
    };
    const asked = { newest: asking(), goodUntil: clock.monotonic() + ANSWER_GOOD_MS };
    asked.newest.catch(() => {
      // The network may be back by now.
      asked.goodUntil = 0;
    });
    this.#asked = asked;
    return asked.newest;
  }

  async #prepare(params: RunParams, steps: Step[], signal: AbortSignal): Promise<string> {
    const { stateDir, version, store, env, database, backup, clock } = this.#services;
    const { currentVersion, writeUpdate } = await import("../../../base/update/record.ts");
    const { fetchVersion } = await import("../../../base/update/fetch.ts");
    const { probe } = await import("../../../base/update/probe.ts");
    const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const at = clock.monotonic();
      const noted = (ok: boolean) => void steps.push({ name, ok, durationMs: Math.round(clock.monotonic() - at) });
      try {
        const result = await work();
        noted(true);
        return result;
      } catch (error) {
        noted(false);
        throw error;
      }
    };
    const to = await step("fetch", () =>
      fetchVersion(stateDir, { version: params.to, from: params.from, running: version }, signal),
    );
    if (to === version) throw new Skipped(`version ${version} runs already`);
    const { path } = await step("backup", () => backup.now({}));
    await step("probe", () =>
      probe({
        ...{ stateDir, version: to, tables: store.tables, env, signal },
        copyDatabase: (target) => database.copyTo(target, () => {}),
      }),
    );
    const { watchSeconds, maxMegabytes } = this.#settings.current;
    const record: UpdateRecord = {
      ...{ phase: "ready", from: version, to, backup: path, before: currentVersion(stateDir), at: clock.now() },
      watchMs: watchSeconds * 1_000,
      maxBytes: maxMegabytes * 1_000_000,
      connected: this.#connected(),
      program: [...process.execArgv, ...process.argv.slice(1, 2)],
    };
    writeUpdate(stateDir, record);
    return to;
  }

  /** The accounts that are connected now. */
  #connected(): string[] {
    const { channels } = this.#services.messaging.accountStatus.health();
    return Object.entries(channels).flatMap(([channel, each]) =>
      Object.values((each as { accounts: Record<string, { accountId: string; state: string }> }).accounts)
        .filter(({ state }) => state === "connected")
        .map(({ accountId }) => `${channel} ${accountId}`),
    );
  }

  /** The note that the next start tells the session (protocol: update.run). */
  #leaveNote({ sessionKey, note }: RunParams): string | null {
    if (sessionKey === undefined) return null;
    const { stateDir, clock } = this.#services;
    const path = join(stateDir, "restart-sentinel.json");
    const payload = {
      kind: "update",
      status: "ok",
      ts: clock.now(),
      sessionKey,
      message: note ?? null,
      doctorHint: "moltbot doctor",
      stats: {},
    };
    writePrivateFile(path, JSON.stringify({ version: 1, payload }));
    return path;
  }

  /** Removes what a kill has left of an update. */
  async #clearLeft(): Promise<void> {
    const { clearLeftovers } = await import("../../../base/update/leftovers.ts");
    const { stateDir, log } = this.#services;
    await clearLeftovers(stateDir).catch((error: unknown) => log.warn("what an update has left stays", { error }));
  }

  async #last(stateDir: string): Promise<UpdateRecord | undefined> {
    return (await import("../../../base/update/record.ts")).lastUpdate(stateDir);
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new GatewayError("UNAVAILABLE", messageOf(error), { cause: error });
    }
  }
}

/** There is nothing to do. */
class Skipped extends GatewayError {
  constructor(message: string) {
    super("UNAVAILABLE", message);
  }
}
