/** What the import reaches. */
import type { Base } from "../../../kit/base.ts";
import type { Cron } from "../../automation/cron/cron.ts";
import type { Devices } from "../../core/devices/devices.ts";
import type { Nodes } from "../../core/nodes/nodes.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Messaging } from "../../surfaces/messaging/messaging.ts";

export type ImportServices = Base & {
  readonly devices: Devices;
  readonly nodes: Nodes;
  readonly sessions: Sessions;
  readonly messaging: Messaging;
  readonly cron: Cron;
};
