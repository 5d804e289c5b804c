/**
 * The ordered list of slices: this is the architecture. A slice may use only those above it. Everything that reads
 * definitions — server, config, store, command line, generators, tests — reads them from here. It loads in
 * milliseconds: no socket, no database, no SDK.
 */
import type { Slice } from "./kit/slice.ts";
import { agent } from "./slices/agent/index.ts";
import { chat } from "./slices/chat/index.ts";
import { devices } from "./slices/devices/index.ts";
import { sessions } from "./slices/sessions/index.ts";
import { setup } from "./slices/setup/index.ts";
import { system } from "./slices/system/index.ts";

export const SLICES: readonly Slice[] = [system, devices, sessions, agent, chat, setup];

/** All methods by name. */
export const METHODS = new Map(
  SLICES.flatMap((slice) => slice.methods.map((method) => [method.name, method] as const)),
);

/** All events, in the order in which hello-ok lists them. */
export const EVENTS = SLICES.flatMap((slice) => slice.events);

/** All sections of the config file. */
export const SETTINGS = SLICES.flatMap((slice) => slice.settings);

/** All tables. */
export const TABLES = SLICES.flatMap((slice) => slice.tables);
