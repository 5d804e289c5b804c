/**
 * Decides whether a heartbeat asks the model. The rules are tried in order, and the first that fits is the verdict;
 * docs/heartbeat.md lists them for people.
 */
import { dayOf } from "../../../base/time/date-format.ts";
import type { HeartbeatSettings } from "../../core/agents/settings.ts";
import { durationMs, isActive, minuteOf, zoneOf } from "./active-hours.ts";
import { CHECKLIST, readChecklist } from "./checklist.ts";
import type { HeartbeatServices } from "./services.ts";
import type { HeartbeatTurns } from "./turns.ts";

/** What a heartbeat would do. */
export interface Verdict {
  /** `quiet`: nothing, and nobody is told; `wait`: looks again; `skipped`: nothing, and clients are told; `asks`: a turn. */
  readonly kind: "quiet" | "wait" | "skipped" | "asks";
  readonly reason: string;
  /** The reason as a sentence. */
  readonly detail: string;
  /** The state of HEARTBEAT.md for the turn. */
  readonly pages: string;
  /** Today in the agent's zone. */
  readonly day: string;
}

export interface JudgedHeartbeat {
  readonly services: HeartbeatServices;
  readonly turns: HeartbeatTurns;
  readonly isOn: boolean;
}

export interface Subject {
  readonly agentId: string;
  /** Canonical. */
  readonly sessionKey: string;
  /** Whether it asks although nothing is new. */
  readonly force?: boolean;
}

/** What counts as news, for people. */
export const NEWS: readonly string[] = [
  "a system event that waits: `moltbot system event`, the method wake, a hook, a job",
  "HEARTBEAT.md, or a file that it names, has changed since the last heartbeat that left nothing to do",
  "a date in HEARTBEAT.md has come, written as 2026-11-29 or 2026-11-29 08:05",
];

const EVERY = "30m";
const MAX_TURNS = 48;

/** The length of time between two looks, ms; undefined when the agent has no heartbeat. */
export function everyOf(settings: HeartbeatSettings | undefined): { text: string; ms: number } | undefined {
  if (!settings) return undefined;
  const text = settings.every ?? EVERY;
  const ms = durationMs(text);
  return ms > 0 ? { text, ms } : undefined;
}

/** How often a day a model is asked. */
export function maxTurnsOf(settings: HeartbeatSettings | undefined): number {
  return settings?.maxTurnsPerDay ?? MAX_TURNS;
}

/** Whether and why a heartbeat of an agent asks the model now. */
export function judge(
  { services, turns, isOn }: JudgedHeartbeat,
  { agentId, sessionKey, force = false }: Subject,
): Verdict {
  const { agent, agents, clock, messaging, models, notices, workspace } = services;
  const settings = agents.heartbeatOf(agentId);
  const zone = zoneOf(settings?.activeHours?.timezone, workspace.timeZone);
  const now = clock.now();
  const minute = minuteOf(now, zone);
  const day = dayOf(now, zone);
  const say = (kind: Verdict["kind"], reason: string, detail: string, pages = ""): Verdict => ({
    ...{ kind, reason, detail, pages, day },
  });
  if (!isOn) return say("quiet", "disabled", "Heartbeats are switched off; `moltbot heartbeat on` switches them on.");
  if (!settings) return say("quiet", "not-enrolled", "Only agents that agents.list names a heartbeat for have one.");
  if (!everyOf(settings)) return say("quiet", "disabled", "agents.defaults.heartbeat.every is 0.");
  const isProgram = agents.of(agentId)?.backend !== undefined;
  if (!isProgram && models.chosen.modelNameOf(sessionKey) === undefined)
    return say("quiet", "no-model", "No model is connected; see `moltbot models`.");
  if (settings.activeHours && !isActive(settings.activeHours, minute.slice(-5)))
    return say("quiet", "quiet-hours", `It is ${minute.slice(-5)} in ${zone}, outside of heartbeat.activeHours.`);
  if (agent.runs.open().some(({ record }) => record.sessionKey === sessionKey))
    return say("wait", "busy", "The agent is answering in this conversation; the heartbeat comes after that.");
  const waiting = notices.sessionsWithNews().find((each) => each.sessionKey === sessionKey)?.count ?? 0;
  const list = workspace.hasFolder(agentId) ? readChecklist(workspace.filesOf(agentId), minute) : { kind: "missing" };
  const pages = "state" in list ? list.state : "";
  const isListNew = pages !== "" && pages !== turns.handled(agentId);
  if (!force && waiting === 0 && list.kind === "empty")
    return say("skipped", "empty-heartbeat-file", `${CHECKLIST} holds no tasks, and no system event waits.`);
  if (!force && waiting === 0 && !isListNew)
    return say("skipped", "nothing-new", `No system event waits, and ${CHECKLIST} has nothing new.`);
  if (turns.countOf(agentId, day) >= maxTurnsOf(settings))
    return say("skipped", "budget", "The heartbeats of today are spent; see agents.defaults.heartbeat.maxTurnsPerDay.");
  const { showOk, showAlerts, useIndicator } = messaging.heartbeatShown;
  if (!showOk && !showAlerts && !useIndicator)
    return say("skipped", "alerts-disabled", "channels.defaults.heartbeat shows nobody anything.");
  if (waiting > 0)
    return say("asks", "events", `${waiting} system event${waiting === 1 ? " waits" : "s wait"}.`, pages);
  if (isListNew) return say("asks", "checklist", `${CHECKLIST} or a file that it names has something new.`, pages);
  return say("asks", "forced", "It was asked for.", pages);
}
