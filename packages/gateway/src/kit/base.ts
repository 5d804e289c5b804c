/** What every service is built from, and what every handler, tool and command can reach. */
import type { IncomingMessage } from "node:http";
import type { Bus } from "../base/bus.ts";
import type { Config } from "../base/config.ts";
import type { Env } from "../base/files.ts";
import type { Log } from "../base/log.ts";
import type { Machine } from "../base/machine.ts";
import type { SteadyClock } from "../base/steady-clock.ts";
import type { Store } from "../base/store.ts";
import type { StoreUpkeep } from "../base/store-upkeep.ts";
import type { StoreWatch } from "../base/store-watch.ts";
import type { ChannelDefinition } from "./channel.ts";
import type { Command } from "./command.ts";
import type { Tool } from "./tool.ts";

export interface Base {
  readonly stateDir: string;
  readonly version: string;
  readonly env: Env;
  readonly clock: SteadyClock;
  readonly log: Log;
  readonly bus: Bus;
  readonly store: Store;
  /** Keeps the store small: who keeps something for a while says here how it is forgotten. */
  readonly upkeep: StoreUpkeep;
  /** What is known of damage of the store. */
  readonly database: StoreWatch;
  readonly config: Config;
  /** Whether files can be written, and when they can again. */
  readonly machine: Machine;
  /** Takes secrets out of a text that leaves the process. */
  readonly guard: (text: string) => string;
  /** The beginning of a growing text that may leave, without secrets; all of it when the text `isOver`. */
  readonly settled: (text: string, isOver?: boolean) => string;
  readonly host: Host;
}

/** What only the process knows, lent to the slices. */
export interface Host {
  /** The absolute path of the log file. */
  readonly logFile: string;
  /** The commands of all slices, in the order in which help shows them. */
  readonly commands: readonly Command[];
  /** The tools of all slices, in the order in which a model sees them. */
  readonly tools: readonly Tool[];
  readonly channels: readonly ChannelDefinition[];
  /** Replaces every secret that the gateway knows, and what is shaped like one. */
  redact(text: string): string;
  /** Restarts the gateway in place after `delayMs`. Returns at once; of several requests the last one counts. */
  requestRestart(reason: string, delayMs: number): void;
  /** Closes the live connections that rest on a device's token in a role; without a role, all that the device has. */
  closeConnections(deviceId: string, role: string | undefined, reason: string): void;
  /** Judges an HTTP request by its headers, before its body is read. */
  authorize(request: IncomingMessage): HttpVerdict;
  /** Which endpoints of the HTTP API are on, as the settings say now. */
  httpEndpoints(): HttpEndpoints;
}

/** What an HTTP request is told: let in, refused, refused as a web page's, or locked out for a while. */
export type HttpVerdict =
  | { readonly kind: "granted"; readonly address: string; readonly isLocal: boolean }
  | { readonly kind: "unauthorized" }
  | { readonly kind: "foreign-page" }
  | { readonly kind: "locked"; readonly retryAfterMs: number };

export interface HttpEndpoints {
  readonly chatCompletions: boolean;
  readonly responses: boolean;
}
