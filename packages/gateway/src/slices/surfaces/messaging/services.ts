/** What messaging is built from: the base, and the slices above it. */
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { Approvals } from "../../agent/approvals/approvals.ts";
import type { Models } from "../../agent/models/models.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { System } from "../../core/system/system.ts";

export interface MessagingServices extends Base {
  readonly system: System;
  readonly sessions: Sessions;
  readonly models: Models;
  readonly agent: Agent;
  readonly approvals: Approvals;
}
