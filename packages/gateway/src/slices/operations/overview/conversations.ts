/** The conversations in the form of `health` and `status`. */

import type { Static } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import type { Clock } from "../../../base/time/clock.ts";
import type { Agents } from "../../core/agents/agents.ts";
import { STORE } from "../../core/sessions/schema.ts";
import type { Session } from "../../core/sessions/session-rows.ts";
import { kindOf, type Sessions } from "../../core/sessions/sessions.ts";
import type { SessionStatus, SessionsSummary, StatusSummary } from "./schema.ts";

interface Services {
  readonly clock: Clock;
  readonly agents: Agents;
  readonly sessions: Sessions;
}

/** The model where nothing was chosen. */
interface ModelDefaults {
  readonly model: string | null;
  readonly contextTokens: number | null;
}

/** Count and newest sessions, of one agent or of all, for `health`. */
export function sessionsSummary({ clock, sessions }: Services, agentId?: string): Static<typeof SessionsSummary> {
  const now = clock.now();
  const recent = sessions.all.list({ limit: 5, includeGlobal: true, ...defined({ agentId }) });
  return {
    path: STORE,
    count: sessions.all.count(agentId),
    recent: recent.map(({ key, updatedAt }) => ({ key, updatedAt, age: Math.max(0, now - updatedAt) })),
  };
}

/** Count and newest sessions, of each agent and of all, and how full each conversation is, for `status`. */
export function sessionsStatus(
  { clock, agents, sessions }: Services,
  defaults: ModelDefaults,
): Static<typeof StatusSummary>["sessions"] {
  const now = clock.now();
  const recentOf = (agentId?: string) =>
    sessions.all
      .list({ limit: 10, includeGlobal: true, ...defined({ agentId }) })
      .map((session) => statusRow(session, defaults, now));
  return {
    paths: [STORE],
    count: sessions.all.count(),
    defaults,
    recent: recentOf(),
    byAgent: agents.ids().map((agentId) => ({
      agentId,
      path: STORE,
      count: sessions.all.count(agentId),
      recent: recentOf(agentId),
    })),
  };
}

function statusRow(session: Session, defaults: ModelDefaults, now: number): Static<typeof SessionStatus> {
  const { key, sessionId, agentId, updatedAt, levels, inputTokens, outputTokens, totalTokens, abortedLastRun } =
    session;
  const { thinkingLevel, verboseLevel, reasoningLevel, elevatedLevel } = levels;
  const { contextTokens } = defaults;
  return {
    ...defined({ agentId }),
    key,
    kind: kindOf(key),
    sessionId,
    updatedAt,
    age: Math.max(0, now - updatedAt),
    ...defined({ thinkingLevel, verboseLevel, reasoningLevel, elevatedLevel }),
    ...(abortedLastRun && { abortedLastRun }),
    inputTokens,
    outputTokens,
    totalTokens,
    remainingTokens: contextTokens === null ? null : Math.max(0, contextTokens - totalTokens),
    percentUsed: contextTokens === null ? null : Math.min(999, Math.round((totalTokens / contextTokens) * 100)),
    model: levels.model ?? session.lastModel ?? defaults.model,
    contextTokens,
    flags: [],
  };
}
