/** What messaging is built from: the base, and the slices above it. */
import type { Base } from "../../kit/base.ts";
import type { Agent } from "../agent/agent.ts";
import type { Approvals } from "../approvals/approvals.ts";
import type { Models } from "../models/models.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { System } from "../system/system.ts";

export interface MessagingServices extends Base {
  readonly system: System;
  readonly sessions: Sessions;
  readonly models: Models;
  readonly agent: Agent;
  readonly approvals: Approvals;
}
