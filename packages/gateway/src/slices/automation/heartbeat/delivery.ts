/** Decides who hears of a reply to a heartbeat, and puts it in the outbox within the transaction that ends the run. */
import { defined } from "../../../base/defined.ts";
import { detailOf, GatewayError } from "../../../base/errors.ts";
import type { DeliverTo, RunOutcome } from "../../agent/agent/run/run-store.ts";
import type { HeartbeatSettings } from "../../core/agents/settings.ts";
import { OK_WORD, readReply } from "./reply.ts";
import type { HeartbeatServices } from "./services.ts";
import type { HeartbeatTurns, Outcome, Turn } from "./turns.ts";

/** How much may be beside the word (protocol: heartbeat, ackMaxChars). */
export const ACK_MAX_CHARS = 300;
const TTL_MS = 24 * 3_600_000;
/** States of an account in which nothing is sent before a person acts. */
const IDLE: ReadonlySet<string> = new Set(["disabled", "unconfigured", "stopped", "failed"]);

export interface DeliveryContext {
  readonly services: HeartbeatServices;
  readonly turns: HeartbeatTurns;
  readonly turn: Turn;
  readonly sessionKey: string;
}

type Part = Omit<Outcome, "ts" | "agentId" | "sessionKey" | "durationMs">;
type Target = { readonly to: DeliverTo } | { readonly reason: string };

/** Records what came of a turn. Called once for each run, in the transaction that records its end. */
export function recordEnd(context: DeliveryContext, ended: Exclude<RunOutcome, { kind: "merged" }>): Outcome {
  const { services, turns, turn, sessionKey } = context;
  const { part, told, isHandled } = partOf(context, ended);
  const ts = services.clock.now();
  const about = { agentId: turn.agentId, sessionKey, durationMs: Math.max(0, ts - turn.at) };
  const outcome: Outcome = { ts, ...withoutHidden(part, services), ...about };
  turns.end(turn.runId, { outcome, isHandled, ...defined({ told }) });
  return outcome;
}

function withoutHidden(part: Part, { messaging }: HeartbeatServices): Part {
  if (messaging.heartbeatShown.useIndicator) return part;
  const { indicatorType: _hidden, ...rest } = part;
  return rest;
}

function partOf(
  context: DeliveryContext,
  ended: Exclude<RunOutcome, { kind: "merged" }>,
): { part: Part; told?: string; isHandled: boolean } {
  const { services, turns, turn } = context;
  if (ended.kind === "error") return { part: failed(services.guard(ended.error)), isHandled: false };
  if (ended.kind === "aborted") return { part: failed(`stopped: ${ended.reason}`), isHandled: false };
  const settings = services.agents.heartbeatOf(turn.agentId) ?? {};
  const reply = readReply(ended.text, settings.ackMaxChars ?? ACK_MAX_CHARS);
  const { showOk, showAlerts } = services.messaging.heartbeatShown;
  const target = targetOf(context, settings);
  if (reply.kind !== "alert") {
    const isTold = showOk && "to" in target;
    if (isTold) send(context, target.to, OK_WORD);
    return { part: { status: reply.kind, silent: !isTold, indicatorType: "ok" }, isHandled: true };
  }
  const { text, hasMedia } = reply;
  const about = {
    preview: services.guard(text).slice(0, 200).toWellFormed(),
    ...(hasMedia && { hasMedia }),
    indicatorType: "alert",
  } as const;
  const skipped = (reason: string): Part => ({ status: "skipped", reason, silent: true, ...about });
  if (!hasMedia && text === turns.lastTold(turn.agentId)) return { part: skipped("duplicate"), isHandled: true };
  if (!showAlerts) return { part: skipped("alerts-disabled"), isHandled: true };
  if ("reason" in target) return { part: skipped(target.reason), isHandled: target.reason === "no-target" };
  send(context, target.to, text);
  const { channel, chat } = target.to;
  return { part: { status: "sent", channel, to: chat.id, silent: false, ...about }, told: text, isHandled: false };
}

function failed(reason: string): Part {
  return { status: "failed", reason: reason.slice(0, 500).toWellFormed(), silent: true, indicatorType: "error" };
}

/** Where an agent's heartbeats are told, or why nowhere. */
export function targetOf(
  { services, sessionKey }: Pick<DeliveryContext, "services" | "sessionKey">,
  { target = "last", to, accountId }: HeartbeatSettings,
): Target {
  const { agent, log, messaging, sessions } = services;
  const last = sessions.get(sessionKey)?.route;
  if (target === "none") return { reason: "no-target" };
  const isLast = target === "last" || target === "owner" || (to === undefined && target === last?.channel);
  if (!isLast && to === undefined) return { reason: "no-target" };
  try {
    const route = isLast
      ? target === "owner"
        ? messaging.ownerRoute()
        : last
      : agent.channels.now.route({ channel: target, to: to ?? "", ...defined({ accountId }) });
    if (!route) return { reason: "no-target" };
    const account = messaging.accounts.find({ channel: route.channel, account: route.account })?.account;
    if (!account || IDLE.has(account.state)) return { reason: `${route.channel}-${account?.state ?? "absent"}` };
    return { to: route };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    log.warn("the target of heartbeats is not one", { target, problem: detailOf(error) });
    return { reason: "no-target" };
  }
}

function send({ services: { messaging }, turn, sessionKey }: DeliveryContext, to: DeliverTo, markdown: string): void {
  const { channel, account, chat } = to;
  messaging.outbox.add({
    ...{ channel, account, chat, sessionKey, ttlMs: TTL_MS },
    origin: `heartbeat:${turn.runId}`,
    part: -1,
    payload: { content: { kind: "markdown", markdown } },
  });
  setImmediate(() => messaging.accounts.find({ channel, account })?.sender.kick());
}
