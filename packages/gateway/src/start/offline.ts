/** Opens the services of a state folder without a port, accounts or timers: for work that is done while no gateway runs. */
import { TellableError } from "../base/errors.ts";
import { makePrivateDir } from "../base/files.ts";
import { SLICES } from "../catalog.ts";
import type { Base } from "../kit/base.ts";
import { openSlices } from "../kit/lifecycle.ts";
import { openBase } from "./base.ts";
import { SECTIONS } from "./config.ts";
import type { StartOptions } from "./options.ts";
import { startErrorOf } from "./state.ts";

/** Services that run nothing by themselves; disposing closes the state. */
export interface OfflineServices extends AsyncDisposable {
  /** The base and each service under its slice's name, as handlers are given them. */
  readonly gateway: Base;
  /** All sections of the settings. */
  readonly sections: typeof SECTIONS;
}

/** Throws `StartError` when a gateway runs on the folder, and for what forbids a start. */
export async function openOffline(options: StartOptions): Promise<OfflineServices> {
  const stack = new AsyncDisposableStack();
  const nothing = () => {};
  try {
    makePrivateDir(options.stateDir);
    const late = {
      requestRestart: nothing,
      closeConnections: nothing,
      closeConnection: nothing,
      listen: noPort,
      listenAlso: noPort,
      listens: () => ({ host: "127.0.0.1", port: 0, scheme: "http" as const, fingerprint: undefined, pins: [] }),
      pageOrigins: () => [],
      allowOrigin: () => ({ [Symbol.dispose]: nothing }),
    };
    // Nobody connects, so no secret is asked for: it may be in an environment that this process does not have.
    const closed = { ...options, overrides: { bind: "loopback", auth: "none" } };
    const { base } = openBase(closed, late, stack);
    const { gateway } = await openSlices(SLICES, base, stack);
    return { gateway, sections: SECTIONS, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw await startErrorOf(error, options.stateDir);
  }
}

/** Without a gateway there is no port that could be opened. */
function noPort(): Promise<never> {
  return Promise.reject(new TellableError("no port is opened while no gateway runs"));
}
