/** Opens one gateway: its base, the slices in the order of the catalog, its port; one stack takes all of it down. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { defined } from "../base/defined.ts";
import { makePrivateDir } from "../base/files.ts";
import type { Log } from "../base/log.ts";
import { storageProblem } from "../base/process/machine.ts";
import { systemClock } from "../base/time/clock.ts";
import { VERSION } from "../base/version.ts";
import { SLICES } from "../catalog.ts";
import type { Base } from "../kit/base.ts";
import type { Host } from "../kit/host.ts";
import { openSlices } from "../kit/lifecycle.ts";
import type { GatewayServer } from "../server/listening/gateway-server.ts";
import type { Listeners } from "../server/listening/listeners.ts";
import { openBase } from "./base.ts";
import { describeAddress, instancePath, writeInstance } from "./instance.ts";
import type { StartOptions } from "./options.ts";
import type { AbandonedRestore, RestoreTrial } from "./restored.ts";
import { makeServer } from "./serve.ts";
import { startErrorOf } from "./state.ts";

/** Between the open port and the rest of the start, ms. */
const SETTLE_MS = 25;

/** A gateway between two restarts. */
export interface BootedGateway {
  readonly port: number;
  readonly url: string;
  readonly dashboardUrl: string;
  readonly tlsFingerprint: string | undefined;
  readonly log: Log;
  stop(reason: string, restartExpectedMs: number | null): Promise<void>;
}

/** State of the process: it stays when a gateway restarts in place. */
export interface ProcessState {
  readonly requestRestart: Host["requestRestart"];
  readonly listeners: Listeners;
}

/** Opens a gateway and its port. Throws `StartError` with a sentence for the person who started it. */
export async function boot(
  options: StartOptions,
  processState: ProcessState,
  givenUp?: AbandonedRestore,
): Promise<BootedGateway> {
  const { stateDir } = options;
  const { requestRestart, listeners } = processState;
  const stack = new AsyncDisposableStack();
  let restored: RestoreTrial | AbandonedRestore | undefined = givenUp;
  try {
    makePrivateDir(stateDir);
    if (options.env.MOLTBOT_UPDATE_TRIAL !== "1" && existsSync(join(stateDir, "update.json")))
      await (await import("../base/update/trial.ts")).takeUpUpdate(stateDir);
    if (existsSync(join(stateDir, "restore.json"))) restored = (await import("./restored.ts")).takeUpRestore(stateDir);
    const closeConnections: Host["closeConnections"] = (...which) => server.closeConnectionsOf(...which);
    const closeConnection: Host["closeConnection"] = (id, reason) => server.connections.get(id)?.close(4001, reason);
    const listen: Host["listen"] = (wanted) => server.open(wanted);
    const listenAlso: Host["listenAlso"] = (where) => server.openAlso(where);
    const listens: Host["listens"] = () => server.place();
    const pageOrigins: Host["pageOrigins"] = () => server.pageOrigins();
    const allowOrigin: Host["allowOrigin"] = (origin) => server.allowOrigin(origin);
    const late = {
      requestRestart,
      closeConnections,
      closeConnection,
      listen,
      listenAlso,
      listens,
      pageOrigins,
      allowOrigin,
    };
    const opened = openBase(options, late, stack);
    const { base, auth, settings } = opened;
    const { clock, log, config, upkeep } = base;
    const services = await openSlices(SLICES, base, stack);
    const server: GatewayServer = await makeServer(opened, services, { stack, listeners });
    stack.defer(() => services.stop({ reason: "gateway stopping", restartExpectedMs: null }));
    services.resume();
    const { host, port } = await server.start();
    if (restored) await tellRestored(restored, base);
    const tlsFingerprint = settings.current.tls.enabled ? server.fingerprint : undefined;
    const at = describeAddress(host, port, { isTls: tlsFingerprint !== undefined, auth });
    stack.defer(() => server.closeConnections());
    // Serve waiting connections first; the rest of the start can wait. Saves 40 ms of the first hello-ok.
    await systemClock.sleep(SETTLE_MS);
    await server.listenOnAlias();
    listeners[Symbol.dispose]();
    // It stays during a restart: who calls then waits at the port, which is kept.
    let isRestart = false;
    stack.defer(() => {
      if (!isRestart) rmSync(instancePath(stateDir), { force: true });
    });
    writeInstance(stateDir, { pid: process.pid, port, url: at.url, startedAt: clock.now(), version: VERSION });
    config.watch();
    if (tlsFingerprint !== undefined) {
      const { keepCertificate } = await import("./renewal.ts");
      stack.use(keepCertificate(server, { settings: () => settings.current.tls, stateDir, clock, log }));
    }
    services.start();
    upkeep.start();
    log.info("gateway listens", { url: at.url, pid: process.pid, version: VERSION });
    return {
      port,
      ...at,
      tlsFingerprint,
      log,
      async stop(reason, restartExpectedMs) {
        isRestart = restartExpectedMs !== null;
        server.stopAccepting({ isRestart });
        log.info("gateway stops", { reason });
        await services.stop({ reason, restartExpectedMs });
        await stack.disposeAsync();
      },
    };
  } catch (error) {
    await stack.disposeAsync();
    if (restored?.kind !== "trial") throw await startErrorOf(error, stateDir);
    restored.rollBackPlan();
    return await boot(options, processState, { kind: "given-up", what: restored.what, error });
  }
}

/** Ends a restore whose gateway has started. One that was given up is told of. */
async function tellRestored(restored: RestoreTrial | AbandonedRestore, { log, stateDir, clock }: Base): Promise<void> {
  const { givenUp, notCarried, noteRestore } = await import("../base/backup/last-restore.ts");
  const at = clock.now();
  if (restored.kind === "trial") {
    restored.commitPlan();
    const isWhole = restored.notCarried === undefined;
    noteRestore(stateDir, isWhole ? undefined : { problem: notCarried(restored.what), at });
    if (!isWhole)
      log.warn("what came in and went out since the backup could not be taken over", {
        ...{ error: restored.notCarried, next: "messages since then may be answered again; look at `moltbot why`" },
      });
    return log.info("the restored state is in place", { from: restored.what });
  }
  const { what, error } = restored;
  noteRestore(stateDir, { problem: givenUp(what, error), at });
  log.error("a restore was given up; the gateway goes on with what was there", {
    ...{ from: what, error, ...defined({ why: storageProblem(error) }) },
    next: "mend that, and restore again",
  });
}
