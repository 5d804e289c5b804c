/** Opens one gateway: its base, the slices in the order of the catalog, its port; one stack takes all of it down. */
import { rmSync } from "node:fs";
import { makePrivateDir } from "../base/files.ts";
import type { Log } from "../base/log.ts";
import { systemClock } from "../base/time/clock.ts";
import { VERSION } from "../base/version.ts";
import { SLICES } from "../catalog.ts";
import type { Host } from "../kit/host.ts";
import { openSlices } from "../kit/lifecycle.ts";
import type { GatewayServer } from "../server/listening/listen.ts";
import { openBase } from "./base.ts";
import { describeAddress, instancePath, writeInstance } from "./instance.ts";
import type { StartOptions } from "./options.ts";
import { makeServer } from "./serve.ts";
import { startErrorOf } from "./state.ts";

/** Between the open port and the rest of the start, ms. */
const SETTLE_MS = 25;

/** A gateway between two restarts. */
export interface Booted {
  readonly port: number;
  readonly url: string;
  readonly dashboardUrl: string;
  readonly tlsFingerprint: string | undefined;
  readonly log: Log;
  stop(reason: string, restartExpectedMs: number | null): Promise<void>;
}

/** Opens a gateway and its port. Throws `StartError` with a sentence for the person who started it. */
export async function boot(options: StartOptions, requestRestart: Host["requestRestart"]): Promise<Booted> {
  const { stateDir } = options;
  const stack = new AsyncDisposableStack();
  try {
    makePrivateDir(stateDir);
    const closeConnections: Host["closeConnections"] = (...which) => server.closeConnectionsOf(...which);
    const closeConnection: Host["closeConnection"] = (id, reason) => server.connections.get(id)?.close(4001, reason);
    const pageOrigins: Host["pageOrigins"] = () => server.pageOrigins();
    const opened = openBase(options, { requestRestart, closeConnections, closeConnection, pageOrigins }, stack);
    const { base, auth, settings } = opened;
    const { clock, log, config, upkeep } = base;
    const services = await openSlices(SLICES, base, stack);
    const server: GatewayServer = await makeServer(opened, services, stack);
    stack.defer(() => services.stop({ reason: "gateway stopping", restartExpectedMs: null }));
    services.resume();
    const { host, port } = await server.start();
    const tlsFingerprint = settings.current.tls.enabled ? server.fingerprint : undefined;
    const at = describeAddress(host, port, { isTls: tlsFingerprint !== undefined, auth });
    stack.defer(() => server.closeConnections());
    // Serve waiting connections first; the rest of the start can wait. Saves 40 ms of the first hello-ok.
    await systemClock.sleep(SETTLE_MS);
    await server.listenOnAlias();
    stack.defer(() => rmSync(instancePath(stateDir), { force: true }));
    writeInstance(stateDir, { pid: process.pid, port, url: at.url, startedAt: clock.now(), version: VERSION });
    config.watch();
    services.start();
    upkeep.start();
    log.info("gateway listens", { url: at.url, pid: process.pid, version: VERSION });
    return {
      port,
      ...at,
      tlsFingerprint,
      log,
      async stop(reason, restartExpectedMs) {
        server.stopAccepting();
        log.info("gateway stops", { reason });
        await services.stop({ reason, restartExpectedMs });
        await stack.disposeAsync();
      },
    };
  } catch (error) {
    await stack.disposeAsync();
    throw await startErrorOf(error, stateDir);
  }
}
