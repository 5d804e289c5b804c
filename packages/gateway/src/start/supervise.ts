/** Runs a gateway until it is disposed: a change of settings that needs it restarts everything in place. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { detailOf, ignore, TellableError } from "../base/errors.ts";
import { systemClock } from "../base/time/clock.ts";
import { Doors } from "../server/listening/door.ts";
import { boot } from "./boot.ts";
import type { StartOptions } from "./options.ts";

export { openOffline } from "./offline.ts";

/** A gateway that runs; disposing it is a clean stop. */
export interface RunningGateway extends AsyncDisposable {
  readonly port: number;
  /** For clients: ws:// or wss://. */
  readonly url: string;
  /** For people: opens WebChat signed in. The secret stands in the fragment, which browsers do not send. */
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
  let wanted: { reason: string; delayMs: number } | undefined;
  let restarting: Promise<void> | undefined;
  // One change may ask twice: the config because a section needs it, then the caller with its own delay. The last counts.
  const requestRestart = (reason: string, delayMs: number) => {
    wanted = { reason, delayMs };
    restarting ??= restart().finally(() => {
      restarting = undefined;
    });
  };
  const lasting = { requestRestart, doors: new Doors(options.sockets) };
  let current = await boot(options, lasting);
  /** A port that the system chose stays, so that clients find their way back. */
  const again = () => {
    const { overrides = {} } = options;
    return boot(
      { ...options, overrides: overrides.port === 0 ? { ...overrides, port: current.port } : overrides },
      lasting,
    );
  };
  const restart = async () => {
    await nextTurn();
    const { reason, delayMs } = wanted!;
    await clock.sleep(delayMs, stop.signal);
    current.log.info("restarting in place", { reason });
    await current.stop("gateway restarting", RESTART_EXPECTED_MS);
    if (existsSync(join(options.stateDir, "update.json"))) {
      const { updateInPlace } = await import("./update.ts");
      // The other version binds the port itself.
      lasting.doors[Symbol.dispose]();
      await updateInPlace(options, stop.signal);
    }
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
      lasting.doors[Symbol.dispose]();
    },
  };
}
