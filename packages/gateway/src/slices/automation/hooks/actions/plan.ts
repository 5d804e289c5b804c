/** Decides, from the settings as they are now, which agent does what a delivery asks, where, and who hears the answer. */
import { defined } from "../../../../base/defined.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import { newId } from "../../../../base/ids.ts";
import type { DeliverTo } from "../../../agent/agent/run/run-store.ts";
import { normalAgentId } from "../../../core/agents/agents.ts";
import type { HookServices } from "../services.ts";
import type { HooksSettings } from "../settings.ts";
import type { AgentAction, AskedKey } from "./action.ts";

export interface Plan {
  readonly agentId: string;
  /** Canonical. */
  readonly sessionKey: string;
  readonly timeoutMs: number;
  /** `provider/model` for a conversation of hooks. */
  readonly model?: string;
  readonly deliver?: DeliverTo;
  /** Why the answer goes nowhere although it was to be sent. */
  readonly undelivered?: string;
}

/** How the conversations of hooks are called when nobody says otherwise. */
const OWN = "hook:";

/** Throws `INVALID_REQUEST` with the setting that forbids what is asked. */
export function planOf(services: HookServices, settings: HooksSettings, action: AgentAction): Plan {
  const { sessions } = services;
  const sessionKey = sessionKeyOf(services, settings, action);
  const agentId = sessions.agentOf(sessionKey);
  requireAgent(services, settings, {
    agentId,
    isNamed: action.agentId !== undefined || action.sessionKey !== undefined,
  });
  if (sessions.get(sessionKey)?.levels.sendPolicy === "deny") throw invalidRequest("send blocked by session policy");
  const seconds = action.timeoutSeconds ?? services.agents.settings.defaults.timeoutSeconds;
  return {
    ...{ agentId, sessionKey },
    timeoutMs: (seconds === 0 ? MAX_SECONDS : seconds) * 1_000,
    ...(action.model !== undefined && { model: modelOf(services, sessionKey, action.model) }),
    ...deliveryOf(services, agentId, action),
  };
}

const MAX_SECONDS = 86_400;

/** The conversation of an action, which the settings must allow. */
function sessionKeyOf(
  { sessions }: HookServices,
  settings: HooksSettings,
  { agentId, sessionKey }: AgentAction,
): string {
  const asked: AskedKey = sessionKey ?? { text: settings.defaultSessionKey ?? `${OWN}${newId()}`, by: "settings" };
  if (asked.by === "caller" && !settings.allowRequestSessionKey)
    throw invalidRequest("sessionKey is not taken from callers; set hooks.allowRequestSessionKey to allow it");
  const key = sessions.keyOf(asked.text, agentId);
  if (asked.by === "settings" || isAllowedKey(key, settings.allowedSessionKeyPrefixes)) return key;
  throw invalidRequest(
    `sessionKey must begin with ${settings.allowedSessionKeyPrefixes.join(" or ")}; see hooks.allowedSessionKeyPrefixes`,
  );
}

/** Whether the name of a conversation, without its agent, begins as it must. */
function isAllowedKey(key: string, prefixes: readonly string[]): boolean {
  const name = nameIn(key);
  return name !== undefined && prefixes.some((prefix) => name.startsWith(prefix.trim().toLowerCase()));
}

function nameIn(key: string): string | undefined {
  return /^agent:[^:]+:(.+)$/s.exec(key)?.[1];
}

function requireAgent(
  { agents }: HookServices,
  { allowedAgentIds }: HooksSettings,
  { agentId, isNamed }: { agentId: string; isNamed: boolean },
): void {
  if (!agents.ids().includes(agentId)) throw invalidRequest(`there is no agent "${agentId.slice(0, 64)}"`);
  if (!isNamed || allowedAgentIds === undefined || allowedAgentIds.includes("*")) return;
  if (!allowedAgentIds.map(normalAgentId).includes(agentId))
    throw invalidRequest(`agent "${agentId}" may not be used by hooks; see hooks.allowedAgentIds`);
}

/** The full name of the model. Another model for a conversation of people would stay there, so it is refused. */
function modelOf({ sessions }: HookServices, sessionKey: string, model: string): string {
  if (nameIn(sessionKey)?.startsWith(OWN)) return sessions.models.now.refOf(model);
  throw invalidRequest(`model can be chosen for conversations that begin with ${OWN} only`);
}

/** Where the answer goes beside the transcript. */
function deliveryOf(
  { agent, sessions }: HookServices,
  agentId: string,
  { deliver, channel, to, accountId, threadId }: AgentAction,
): Pick<Plan, "deliver" | "undelivered"> {
  if (!deliver || channel === "webchat") return {};
  const last = sessions.get(sessions.mainKey(agentId))?.route;
  const name = channel === "last" ? last?.channel : channel;
  if (channel !== "last" && !agent.channels.now.knows(channel))
    throw invalidRequest(`channel must be last|webchat or a channel of this gateway, not ${channel.slice(0, 64)}`);
  if (name === undefined)
    return { undelivered: "nobody has written to the agent over a channel yet; name channel and to" };
  if (to === undefined) {
    if (last?.channel === name) return { deliver: last };
    throw invalidRequest(`to required: nobody has written to the agent over ${name} last`);
  }
  const more = defined({ accountId, threadId });
  const route = agent.channels.now.route({ channel: name, to, ...more });
  return route ? { deliver: route } : { undelivered: `${name} cannot be reached now` };
}
