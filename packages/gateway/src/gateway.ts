/** The composition root: builds the services in the order of the catalog, on one stack that takes them down again. */
import type { Bus } from "./base/bus.ts";
import type { Clock } from "./base/clock.ts";
import type { Config } from "./base/config.ts";
import type { Env } from "./base/files.ts";
import type { Log } from "./base/log.ts";
import type { Store } from "./base/store.ts";

/** What every service is built from. */
export interface Base {
  readonly stateDir: string;
  readonly version: string;
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Log;
  readonly bus: Bus;
  readonly store: Store;
  readonly config: Config;
}

/** What a method's handler reaches: the base and each slice's service. */
export interface Gateway extends Base {}
