/** What every service is built from, and what every handler, tool and command can reach. */
import type { Bus } from "../base/bus.ts";
import type { Config } from "../base/config/config-file.ts";
import type { Env } from "../base/files.ts";
import type { Log } from "../base/log.ts";
import type { Machine } from "../base/process/machine.ts";
import type { Store } from "../base/store/store.ts";
import type { StoreUpkeep } from "../base/store/store-upkeep.ts";
import type { StoreWatch } from "../base/store/store-watch.ts";
import type { SteadyClock } from "../base/time/steady-clock.ts";
import type { Host } from "./host.ts";

export interface Base {
  readonly stateDir: string;
  readonly version: string;
  readonly env: Env;
  readonly clock: SteadyClock;
  readonly log: Log;
  readonly bus: Bus;
  readonly store: Store;
  /** Deletes old rows. A service that keeps rows for a limited time registers here how they are deleted. */
  readonly upkeep: StoreUpkeep;
  /** Watches the store for damage. */
  readonly database: StoreWatch;
  readonly config: Config;
  /** Tells whether files can be written, and when they can be written again. */
  readonly machine: Machine;
  /** Takes secrets out of a text that leaves the process. */
  readonly guard: (text: string) => string;
  /** The part of a growing text that may be sent already, without secrets; the whole text when `isOver`. */
  readonly settled: (text: string, isOver?: boolean) => string;
  readonly host: Host;
}
