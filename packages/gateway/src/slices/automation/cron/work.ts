/** Does what a slot asks for. The slot's row and all that follows from it are one transaction. */
import { newId } from "../../../base/ids.ts";
import { localTime } from "../../../base/schedule/local-time.ts";
import type { DeliverTo } from "../../agent/agent/run/run-store.ts";
import type { NewRun } from "../../agent/agent/runs.ts";
import type { Job, Payload } from "./jobs.ts";
import type { CronServices } from "./services.ts";
import type { Slot, Slots } from "./slots.ts";

export interface Working {
  readonly services: CronServices;
  readonly slots: Slots;
}

/** The conversation that a job belongs to, and the place on a channel where it speaks. */
export interface Place {
  readonly sessionKey: string;
  readonly route: DeliverTo | undefined;
  /** Says a text in the conversation itself, when there is no route; within the transaction that ends the slot. */
  say(text: string): void;
}

/** Knows the places of jobs. */
export interface Places {
  /** Undefined for jobs of the main conversation. */
  placeOf(jobId: string): Place | undefined;
}

/** A job whose slot has come. */
export interface Turn {
  readonly job: Job;
  readonly slot: Slot;
}

/** A whole minute later is said to people, ms. */
const TOLD_LATE_MS = 60_000;
/** How long a message may wait for its channel, ms. */
const MESSAGE_TTL_MS = 24 * 3_600_000;
const MAX_SUMMARY_CHARS = 2_000;

/**
 * Tells the main conversation, and the chat that the job names, without a model. Returns the channel's account that has a
 * message to send.
 */
export function tell(
  { services, slots, place }: Working & { readonly place: Place | undefined },
  { job, slot }: Turn,
  text: string,
): DeliverTo | undefined {
  const { clock, heartbeat, messaging, notices, sessions, store } = services;
  const now = clock.now();
  const said = `${text}${lateness(slot, now)}`;
  const { route, problem } = place ? { route: place.route, problem: undefined } : routeOf(services, job);
  const sessionKey = place?.sessionKey ?? sessions.mainKey(job.config.agentId);
  const source = `cron:${job.id}`;
  store.transaction(() => {
    if (route)
      messaging.outbox.add({
        ...{ ...route, origin: originOf(slot), ttlMs: MESSAGE_TTL_MS },
        payload: { content: { kind: "markdown", markdown: said } },
      });
    if (job.config.delivery.mode === "announce") slots.deliver(slot.id, route ? "queued" : "not-delivered", problem);
    slots.end(slot.id, { at: now, state: "ok", summary: said.slice(0, MAX_SUMMARY_CHARS).toWellFormed() });
    // Somebody has been told already; the agent hears of it with its next turn, and none is made for it.
    if (route) notices.add(sessionKey, { text: said, from: { kind: "event", id: source } });
    else if (place) place.say(said);
    else heartbeat.note({ sessionKey, text: said, source, key: `cron:${slot.id}` });
  });
  if (!route && !place) heartbeat.wake({ mode: job.config.wakeMode, reason: source, sessionKey });
  return route;
}

/** Starts the run of an agent in a conversation of the job's own. Throws `UNAVAILABLE` when too many runs wait. */
export function startRun({ services, slots }: Working, turn: Turn, payload: AgentTurn) {
  const { agent, sessions, clock } = services;
  const { job, slot } = turn;
  const sessionKey = sessions.keyOf(`cron:${job.id}`, job.config.agentId);
  const model = payload.model === undefined ? undefined : sessions.models.now.refOf(payload.model);
  const { route, problem } = routeOf(services, job);
  const runId = newId();
  const delivery = job.config.delivery.mode === "none" ? "not-requested" : route ? "queued" : "not-delivered";
  return agent.runs.accept(newRun(services, turn, { payload, runId, sessionKey, route }), () => {
    if (model !== undefined) sessions.patch(sessionKey, { model });
    slots.begin(slot.id, runId, { at: clock.now(), delivery, ...(problem !== undefined && { problem }) });
  });
}

export type AgentTurn = Extract<Payload, { kind: "agentTurn" }>;

interface Asked {
  readonly payload: AgentTurn;
  readonly runId: string;
  readonly sessionKey: string;
  readonly route: DeliverTo | undefined;
}

function newRun({ agents, clock, workspace }: CronServices, { job }: Turn, asked: Asked): NewRun {
  const { payload, runId, sessionKey, route } = asked;
  const { id, config } = job;
  const message = `[cron:${id} ${config.name}] ${payload.message}\nCurrent time: ${localTime(clock.now(), workspace.timeZone)}`;
  const seconds = payload.timeoutSeconds ?? agents.settings.defaults.timeoutSeconds;
  const { toolsAllow } = payload;
  return {
    ...{ id: runId, source: "cron", principal: `cron:${id}`, sessionKey, startsAnew: true },
    request: {
      ...{ message, timeoutMs: (seconds === 0 ? MAX_SECONDS : seconds) * 1_000, thinking: payload.thinking },
      ...{ deliver: route, starter: { scopes: ["operator.write"], name: config.name } },
      ...(toolsAllow && { limits: [{ because: "the job's toolsAllow … it", allow: toolsAllow }] }),
    },
    content: [
      {
        ...{ type: "text", text: message },
        from: { kind: "message", id: `cron:${id}`, name: config.name, standing: "owner" },
      },
    ],
  };
}

const MAX_SECONDS = 86_400;

/** Where a job's words go beside the transcript, and why they go nowhere although they should. */
function routeOf({ agent, sessions }: CronServices, { config }: Job): { route?: DeliverTo; problem?: string } {
  const { mode, channel = "last", to, accountId, threadId } = config.delivery;
  if (mode === "none") return {};
  const last = sessions.get(sessions.mainKey(config.agentId))?.route;
  const name = channel === "last" ? last?.channel : channel;
  if (to === undefined && last && last.channel === name) return { route: last };
  if (name === undefined || to === undefined)
    return { problem: "Cron delivery requires a recipient; name delivery.channel and delivery.to" };
  if (!agent.channels.now.knows(name)) return { problem: `there is no channel ${name.slice(0, 64)}` };
  const more = { ...(accountId !== undefined && { accountId }), ...(threadId !== undefined && { threadId }) };
  const route = agent.channels.now.route({ channel: name, to, ...more });
  return route ? { route } : { problem: `${name} cannot be reached now` };
}

/** The name of a slot's message in the outbox, which takes each once. */
function originOf({ id, jobId, slotAt }: Slot): string {
  return `cron:${jobId}:${slotAt}:${id}`;
}

function lateness({ slotAt, outcome }: Slot, now: number): string {
  if (outcome !== "late" || now - slotAt < TOLD_LATE_MS) return "";
  return ` (late by ${spanText(now - slotAt)})`;
}

function spanText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2 * 1_440 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} days`;
}
