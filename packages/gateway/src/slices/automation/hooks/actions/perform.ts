/** Does what a delivery asks for. The row of the delivery and all that follows from it are one transaction. */
import { newId } from "../../../../base/ids.ts";
import type { Source } from "../../../../kit/text/framing.ts";
import type { ToolLimits } from "../../../../kit/tool.ts";
import type { NewRun } from "../../../agent/agent/run/new-run.ts";
import type { StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import type { Answer, Deliveries, NewDelivery } from "../deliveries.ts";
import type { HookServices } from "../services.ts";
import type { HooksSettings } from "../settings.ts";
import type { AgentAction, WakeAction } from "./action.ts";
import { planOf } from "./plan.ts";

/** What is known of a delivery before it is decided what becomes of it. */
export type Arrival = Pick<NewDelivery, "hook" | "source" | "eventId" | "bytes" | "keys">;

export interface ActionContext {
  readonly services: HookServices;
  readonly deliveries: Deliveries;
  readonly settings: HooksSettings;
  /** The setting that holds the rules for tools; hooks.tools by default. */
  readonly toolsSetting?: string;
  /** The trace that the caller has named, as its header says it. */
  readonly traceparent?: unknown;
  /** Written in the transaction that starts the run. */
  also?(): void;
}

/** Tells the main conversation something, and wakes it. */
export function performWake({ services, deliveries }: ActionContext, action: WakeAction, arrival: Arrival): Answer {
  const { heartbeat, sessions, store } = services;
  const answer = { status: 200, body: { ok: true, mode: action.wakeMode } };
  store.transaction(() => {
    heartbeat.note({ sessionKey: sessions.mainKey(), text: action.text, source: sourceOf(arrival.hook) });
    deliveries.add({ ...arrival, ...answer, outcome: "woken" });
  });
  heartbeat.wake({ mode: action.wakeMode, reason: sourceOf(arrival.hook) });
  return answer;
}

/** Starts a run. Throws `INVALID_REQUEST` when the settings forbid it, `UNAVAILABLE` when too many runs wait. */
export function performAgent(performing: ActionContext, action: AgentAction, arrival: Arrival): Answer {
  const { services, deliveries, settings } = performing;
  const plan = planOf(services, settings, action);
  const runId = newId();
  services.agent.tracing.join(runId, performing.traceparent);
  const answer = { status: 202, body: { ok: true, runId } };
  const { agentId, sessionKey, model, undelivered } = plan;
  const run: NewRun = {
    ...{ id: runId, source: "hook", principal: sourceOf(arrival.hook), sessionKey },
    request: {
      ...{ message: action.message, timeoutMs: plan.timeoutMs, thinking: action.thinking, deliver: plan.deliver },
      limits: limitsOf(performing),
      starter: { scopes: settings.rights === "owner" ? ["operator.write"] : [], name: action.name },
    },
    content: contentOf(action, arrival.hook, settings),
  };
  services.agent.runs.accept(run, () => {
    if (model !== undefined) services.sessions.patch(sessionKey, { model });
    const { name, wakeMode } = action;
    deliveries.add({
      ...{ ...arrival, ...answer, outcome: "accepted", reason: undelivered },
      run: { id: runId, name, wakeMode, agentId, sessionKey },
    });
    performing.also?.();
  });
  return answer;
}

/** A hook as runs and events name it. */
export function sourceOf(hook: string): string {
  return `hook:${hook}`;
}

/** What a caller says is a message with the rights of hooks; what a mapping has made of a payload is news, and no order. */
function contentOf(
  { message, instructions, name }: AgentAction,
  hook: string,
  { rights }: HooksSettings,
): StoredPart[] {
  const who = { id: sourceOf(hook), name };
  if (instructions === undefined) {
    const from: Source = { ...who, kind: "message", standing: rights === "owner" ? "owner" : "anyone" };
    return [{ type: "text", text: message, from }];
  }
  return [
    { type: "text", text: instructions, from: { kind: "gateway" } },
    { type: "text", text: message, from: { ...who, kind: "event" } },
  ];
}

function limitsOf({
  settings: { tools },
  toolsSetting = "hooks.tools",
}: ActionContext): readonly ToolLimits[] | undefined {
  if (tools === undefined) return undefined;
  return [{ because: `the rules of ${toolsSetting} … it`, allow: tools.allow, deny: tools.deny }];
}
