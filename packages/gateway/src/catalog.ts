/**
 * The ordered list of slices: this is the architecture. A slice may use only those above it. Everything that reads
 * definitions — server, config, store, command line, generators, tests — reads them from here, or from `definitions.ts`
 * what only calls need. It loads in milliseconds: no socket, no database, no SDK.
 */
import { CHANNELS } from "./channels/index.ts";
import { inOrder } from "./kit/slice.ts";
import { agent } from "./slices/agent/agent/index.ts";
import { approvals } from "./slices/agent/approvals/index.ts";
import { mcp } from "./slices/agent/mcp/index.ts";
import { models } from "./slices/agent/models/index.ts";
import { nodeTools } from "./slices/agent/node-tools/index.ts";
import { recordings } from "./slices/agent/recordings/index.ts";
import { skills } from "./slices/agent/skills/index.ts";
import { usage } from "./slices/agent/usage/index.ts";
import { workspace } from "./slices/agent/workspace/index.ts";
import { cron } from "./slices/automation/cron/index.ts";
import { heartbeat } from "./slices/automation/heartbeat/index.ts";
import { hooks } from "./slices/automation/hooks/index.ts";
import { mail } from "./slices/automation/mail/index.ts";
import { reminders } from "./slices/automation/reminders/index.ts";
import { agents } from "./slices/core/agents/index.ts";
import { configFile } from "./slices/core/config-file/index.ts";
import { devices } from "./slices/core/devices/index.ts";
import { nodes } from "./slices/core/nodes/index.ts";
import { notices } from "./slices/core/notices/index.ts";
import { presence } from "./slices/core/presence/index.ts";
import { sessions } from "./slices/core/sessions/index.ts";
import { absent } from "./slices/operations/absent/index.ts";
import { backup } from "./slices/operations/backup/index.ts";
import { discovery } from "./slices/operations/discovery/index.ts";
import { imports } from "./slices/operations/imports/index.ts";
import { metrics } from "./slices/operations/metrics/index.ts";
import { onboarding } from "./slices/operations/onboarding/index.ts";
import { overview } from "./slices/operations/overview/index.ts";
import { tailscale } from "./slices/operations/tailscale/index.ts";
import { traces } from "./slices/operations/traces/index.ts";
import { update } from "./slices/operations/update/index.ts";
import { canvas } from "./slices/surfaces/canvas/index.ts";
import { chat } from "./slices/surfaces/chat/index.ts";
import { httpApi } from "./slices/surfaces/http-api/index.ts";
import { messaging } from "./slices/surfaces/messaging/index.ts";
import { channelSettings } from "./slices/surfaces/messaging/settings.ts";
import { push } from "./slices/surfaces/push/index.ts";

export const SLICES = inOrder(
  presence,
  backup,
  devices,
  nodes,
  agents,
  sessions,
  notices,
  models,
  usage,
  workspace,
  skills,
  agent,
  mcp,
  approvals,
  nodeTools,
  messaging,
  chat,
  canvas,
  recordings,
  httpApi,
  heartbeat,
  hooks,
  cron,
  reminders,
  mail,
  configFile,
  overview,
  imports,
  update,
  absent,
  push,
  metrics,
  traces,
  onboarding,
  tailscale,
  discovery,
);

/** The `channels` section: what each channel's definition asks for. */
export const CHANNELS_SECTION = channelSettings(CHANNELS);

/** All sections of the config file. */
export const SETTINGS = [...SLICES.flatMap((slice) => slice.settings), CHANNELS_SECTION];

/** All tables. */
export const TABLES = SLICES.flatMap((slice) => slice.tables);
