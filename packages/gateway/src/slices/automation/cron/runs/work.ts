/** Does what a slot asks for. The slot's row and all that follows from it are one transaction. */
import { defined } from "../../../../base/defined.ts";
import { newId } from "../../../../base/ids.ts";
import { localTime } from "../../../../base/schedule/local-time.ts";
import type { Port } from "../../../../kit/port.ts";
import type { NewRun } from "../../../agent/agent/run/new-run.ts";
import type { DeliverTo } from "../../../agent/agent/run/run-store.ts";
import { findPlace } from "../delivery/place.ts";
import type { WebhookPosts } from "../delivery/webhook-posts.ts";
import type { Job, Payload } from "../jobs/jobs.ts";
import type { CronServices } from "../services.ts";
import type { SlotEndHandler } from "./slot-end-handler.ts";
import type { Slot, Slots } from "./slots.ts";

export interface WorkContext {
  readonly services: CronServices;
  readonly slots: Slots;
  readonly ends: SlotEndHandler;
  readonly posts: WebhookPosts;
  readonly places: Port<Places>;
  /** The end as the wire says it. */
  bodyOf(slot: Slot): object;
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
export interface DueJob {
  readonly job: Job;
  readonly slot: Slot;
}

/** A whole minute later is said to people, ms. */
const SHOWN_LATE_MS = 60_000;
/** How long a message may wait for its channel, ms. */
const MESSAGE_TTL_MS = 24 * 3_600_000;
const MAX_SUMMARY_CHARS = 2_000;
/** How many news of one job wait: a job of each second must not push out what others say while nobody looks. */
const MAX_NEWS = 20;

/** Tells the main conversation, and the place that the job names, without a model. Returns the chats with messages to send. */
export function tell(context: WorkContext, { job, slot }: DueJob, text: string): DeliverTo[] {
  const { services, ends } = context;
  const { clock, heartbeat, notices, sessions, store } = services;
  const said = `${text}${lateness(slot, clock.now())}`;
  const place = context.places.now.placeOf(job.id);
  const sessionKey = place?.sessionKey ?? sessions.mainKey(job.config.agentId);
  const source = `cron:${job.id}`;
  const { route, chats } = store.transaction(() => {
    const { route, problem, isPosted } = place
      ? sayAt(context, { job, slot }, { place, said })
      : deliver(context, { job, slot }, said);
    const summary = said.slice(0, MAX_SUMMARY_CHARS).toWellFormed();
    // Somebody has been told already; the agent hears of it with its next turn, and none is made for it.
    if (route || isPosted) notices.add(sessionKey, { text: said, from: { kind: "event", id: source } });
    else if (place) place.say(said);
    else heartbeat.note({ sessionKey, text: said, source, key: `cron:${slot.id}`, most: MAX_NEWS });
    const chats = ends.end(slot, { state: "ok", summary, undelivered: problem });
    if (isPosted) post(context, { job, slot });
    return { route, chats };
  });
  if (!route && !place) heartbeat.wake({ mode: job.config.wakeMode, reason: source, sessionKey });
  return route ? [route, ...chats] : chats;
}

/** Puts what a job says on its way to its own place, where that is on a channel. Within a transaction. */
function sayAt(
  { services, slots }: WorkContext,
  { slot }: DueJob,
  { place: { route }, said }: { place: Place; said: string },
): Delivered {
  if (route) send({ services, slots }, { slot, route }, said);
  return { route };
}

/** Where words go: a chat, an address, or nowhere and why. */
interface Delivered {
  readonly route?: DeliverTo | undefined;
  readonly problem?: string | undefined;
  readonly isPosted?: boolean | undefined;
}

function send(
  { services, slots }: Pick<WorkContext, "services" | "slots">,
  { slot, route }: { slot: Slot; route: DeliverTo },
  said: string,
): void {
  slots.deliver(slot.id, "queued");
  services.messaging.outbox.add({
    ...{ ...route, origin: originOf(slot), ttlMs: MESSAGE_TTL_MS },
    payload: { content: { kind: "markdown", markdown: said } },
  });
}

/** Puts what a job says on its way. Within a transaction. */
export function deliver({ services, slots }: WorkContext, { job, slot }: DueJob, said: string): Delivered {
  const { delivery } = job.config;
  if (delivery.mode === "none") return {};
  const found = findPlace(services, job.config, delivery);
  if (found.kind === "nowhere") {
    slots.deliver(slot.id, "not-delivered", found.problem);
    return { problem: found.problem };
  }
  if (found.kind === "chat") {
    send({ services, slots }, { slot, route: found.route }, said);
    return { route: found.route };
  }
  slots.deliver(slot.id, "queued");
  return { isPosted: true };
}

/** Posts the end of a slot to the address that its job names. Within the transaction that records the end. */
export function post({ posts, slots, bodyOf }: WorkContext, { job, slot }: DueJob): void {
  const { mode, to } = job.config.delivery;
  const ended = slots.get(slot.id);
  if (mode !== "webhook" || to === undefined || !ended) return;
  posts.add({ origin: originOf(slot), slotId: slot.id, url: to, body: bodyOf(ended) });
}

/** Starts the run of an agent in the job's conversation. Throws `UNAVAILABLE` when too many runs wait. */
export function startRun({ services, slots }: WorkContext, due: DueJob, payload: AgentTurn) {
  const { agent, sessions, clock } = services;
  const { job, slot } = due;
  const { sessionKey, isOwn } = conversationOf(services, job);
  const model = payload.model === undefined ? undefined : sessions.models.now.refOf(payload.model);
  const { mode } = job.config.delivery;
  const found = mode === "none" ? undefined : findPlace(services, job.config, job.config.delivery);
  const route = found?.kind === "chat" ? found.route : undefined;
  const problem = found?.kind === "nowhere" ? found.problem : undefined;
  const runId = newId();
  const delivery = found === undefined ? "not-requested" : found.kind === "nowhere" ? "not-delivered" : "queued";
  return agent.runs.accept(newRun(services, due, { payload, runId, sessionKey, isOwn, route, model }), () => {
    slots.begin(slot.id, runId, { at: clock.now(), delivery, ...defined({ problem }) });
  });
}

export type AgentTurn = Extract<Payload, { kind: "agentTurn" }>;

/** Where an agent works for a job: in the job's own conversation, which begins anew each time, or in one that is named. */
export function conversationOf({ sessions }: CronServices, { id, config }: Job) {
  const { sessionTarget, sessionKey, agentId } = config;
  const named = sessionTarget === "current" ? sessionKey : sessionTarget.replace(/^session:/, "");
  if (named !== undefined && named !== "" && named !== "isolated" && named !== "main")
    return { sessionKey: sessions.keyOf(named, agentId), isOwn: false };
  return { sessionKey: sessions.keyOf(`cron:${id}`, agentId), isOwn: true };
}

interface Asked {
  readonly payload: AgentTurn;
  readonly runId: string;
  readonly sessionKey: string;
  readonly isOwn: boolean;
  readonly route: DeliverTo | undefined;
  readonly model: string | undefined;
}

function newRun({ agents, clock, workspace }: CronServices, { job }: DueJob, asked: Asked): NewRun {
  const { payload, runId, sessionKey, isOwn, route, model } = asked;
  const { id, config } = job;
  const message = `[cron:${id} ${config.name}] ${payload.message}\nCurrent time: ${localTime(clock.now(), workspace.timeZone)}`;
  const seconds = payload.timeoutSeconds ?? agents.settings.defaults.timeoutSeconds;
  const { toolsAllow } = payload;
  return {
    ...{ id: runId, source: "cron", principal: `cron:${id}`, sessionKey, startsAnew: isOwn },
    request: {
      ...{ message, timeoutMs: (seconds === 0 ? MAX_SECONDS : seconds) * 1_000, thinking: payload.thinking },
      // The conversation keeps its model: people may go on with it.
      ...{ model, fallbacks: payload.fallbacks },
      ...{ deliver: route, starter: { scopes: ["operator.write"], name: config.name } },
      ...(toolsAllow &&
        !toolsAllow.includes("*") && { limits: [{ because: "the job's toolsAllow … it", allow: toolsAllow }] }),
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

/** The name of a slot's message in the outbox, and of its post; each is taken once. */
export function originOf({ id, jobId, slotAt }: Slot): string {
  return `cron:${jobId}:${slotAt}:${id}`;
}

function lateness({ slotAt, outcome }: Slot, now: number): string {
  if (outcome !== "late" || now - slotAt < SHOWN_LATE_MS) return "";
  return ` (late by ${spanText(now - slotAt)})`;
}

function spanText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2 * 1_440 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} days`;
}

/** January's clients have the main conversation told of what an isolated run has said. */
export function tellMain({ heartbeat, sessions }: CronServices, { id, config }: Job, said: string): void {
  if (!config.isolation || said.trim() === "") return;
  const { postToMainPrefix = "Cron", postToMainMaxChars = 8_000 } = config.isolation;
  const text = `${postToMainPrefix}: ${said.slice(0, postToMainMaxChars).toWellFormed()}`;
  const sessionKey = sessions.mainKey(config.agentId);
  heartbeat.note({ sessionKey, text, source: `cron:${id}` });
  heartbeat.wake({ mode: config.wakeMode, reason: `cron:${id}`, sessionKey });
}
