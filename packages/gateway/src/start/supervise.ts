/** Runs a gateway until it is disposed: a change of settings that needs it restarts everything in place. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { detailOf, ignore, TellableError } from "../base/errors.ts";
import { systemClock } from "../base/time/clock.ts";
import type { Host } from "../kit/host.ts";
import { Listeners } from "../server/listening/listeners.ts";
import { boot } from "./boot.ts";
import type { StartOptions } from "./options.ts";

export { openOffline } from "./offline.ts";

/** A gateway that runs; disposing it is a clean stop. */
export interface RunningGateway extends AsyncDisposable {
  /** Starts the program anew in this process; where that cannot be done, restarts in place. */
  restartProcess(reason: string): void;
  readonly port: number;
  /** For clients: ws:// or wss://. */
  readonly url: string;
  /** For people: opens WebChat signed in. The secret is in the fragment, which browsers do not send. */
  readonly dashboardUrl: string;
  /** SHA-256 of the certificate when TLS is on. */
  readonly tlsFingerprint: string | undefined;
}

const RESTART_EXPECTED_MS = 1_500;
const RESTART_RETRY_MS = 5_000;

/**
 * Starts the gateway: opens its state, then its port. Throws `StartError` with a sentence for the person who started it
 * when a secret, the port, the state folder or the config makes that impossible. A change of settings that needs it
 * restarts everything in place.
 */
export async function startGateway(options: StartOptions): Promise<RunningGateway> {
  const { clock = systemClock } = options;
  const stop = new AbortController();
  let wanted: { reason: string; delayMs: number; isAnew: boolean } | undefined;
  let restarting: Promise<void> | undefined;
  // One change may ask twice: the config because a section needs it, then the caller with its own delay. The last counts.
  const requestRestart: Host["requestRestart"] = (reason, delayMs, { isAnew = false } = {}) => {
    wanted = { reason, delayMs, isAnew: isAnew || wanted?.isAnew === true };
    restarting ??= restart().finally(() => {
      restarting = undefined;
    });
  };
  const processState = { requestRestart, listeners: new Listeners(options.sockets) };
  let current = await boot(options, processState);
  /** A port that the system chose stays, so that clients find their way back. */
  const again = () => {
    const { overrides = {} } = options;
    return boot(
      { ...options, overrides: overrides.port === 0 ? { ...overrides, port: current.port } : overrides },
      processState,
    );
  };
  const restart = async () => {
    await nextTurn();
    // Who asks while the gateway restarts may have come too late for it.
    while (wanted) await restartOnce();
  };
  const restartOnce = async () => {
    await clock.sleep(wanted!.delayMs, stop.signal);
    const { reason, isAnew } = wanted!;
    wanted = undefined;
    const isUpdate = existsSync(join(options.stateDir, "update.json"));
    // It is loaded while clients are still served.
    const { restartProcess } =
      isAnew || isUpdate ? await import("./restart-process.ts") : { restartProcess: undefined };
    current.log.info(restartProcess ? "restarting the program" : "restarting in place", { reason });
    const { port } = current;
    await current.stop("gateway restarting", RESTART_EXPECTED_MS);
    await restartProcess?.(options, { port, isUpdate, listeners: processState.listeners });
    for (;;) {
      try {
        current = await again();
        return;
      } catch (error) {
        current.log.error("the restart failed; trying again", { error: detailOf(error) });
        await clock.sleep(RESTART_RETRY_MS, stop.signal);
      }
    }
  };
  return {
    restartProcess: (reason) => requestRestart(reason, 0, { isAnew: true }),
    get port() {
      return current.port;
    },
    get url() {
      return current.url;
    },
    get dashboardUrl() {
      return current.dashboardUrl;
    },
    get tlsFingerprint() {
      return current.tlsFingerprint;
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new TellableError("the gateway stops"));
      await restarting?.catch((error) => ignore(error, "the stop has interrupted the restart"));
      await current.stop("gateway stopping", null);
      processState.listeners[Symbol.dispose]();
    },
  };
}
