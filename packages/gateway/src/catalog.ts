/**
 * The ordered list of slices: this is the architecture. A slice may use only those above it. Everything that reads
 * definitions — server, config, store, command line, generators, tests — reads them from here. It loads in
 * milliseconds: no socket, no database, no SDK.
 */
import { CHANNELS } from "./channels/index.ts";
import { inOrder } from "./kit/slice.ts";
import { absent } from "./slices/absent/index.ts";
import { agent } from "./slices/agent/index.ts";
import { approvals } from "./slices/approvals/index.ts";
import { chat } from "./slices/chat/index.ts";
import { devices } from "./slices/devices/index.ts";
import { httpApi } from "./slices/http-api/index.ts";
import { mcp } from "./slices/mcp/index.ts";
import { messaging } from "./slices/messaging/index.ts";
import { channelSettings } from "./slices/messaging/settings.ts";
import { models } from "./slices/models/index.ts";
import { recordings } from "./slices/recordings/index.ts";
import { sessions } from "./slices/sessions/index.ts";
import { setup } from "./slices/setup/index.ts";
import { skills } from "./slices/skills/index.ts";
import { system } from "./slices/system/index.ts";
import { usage } from "./slices/usage/index.ts";
import { workspace } from "./slices/workspace/index.ts";

export const SLICES = inOrder(
  system,
  devices,
  sessions,
  models,
  usage,
  workspace,
  skills,
  agent,
  mcp,
  approvals,
  messaging,
  chat,
  recordings,
  httpApi,
  setup,
  absent,
);

/** All methods by name. */
export const METHODS = new Map(
  SLICES.flatMap((slice) => slice.methods.map((method) => [method.name, method] as const)),
);

/** All events, in the order in which hello-ok lists them. */
export const EVENTS = SLICES.flatMap((slice) => slice.events);

/** The `channels` section: what each channel's definition asks for. */
export const CHANNELS_SECTION = channelSettings(CHANNELS);

/** All sections of the config file. */
export const SETTINGS = [...SLICES.flatMap((slice) => slice.settings), CHANNELS_SECTION];

/** All tools, in the order in which a model sees them. */
export const TOOLS = SLICES.flatMap((slice) => slice.tools);

/** All commands, in the order in which help shows them. */
export const COMMANDS = SLICES.flatMap((slice) => slice.commands);

/** All tables. */
export const TABLES = SLICES.flatMap((slice) => slice.tables);
