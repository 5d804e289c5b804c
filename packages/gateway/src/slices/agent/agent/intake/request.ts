import { invalidRequest } from "../../../../base/errors.ts";
import type { Caller } from "../../../../kit/access.ts";
import type { Port } from "../../../../kit/port.ts";
import { normalAgentId } from "../../../core/agents/agents.ts";
import type { StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import { agentIdOf, isSubagentKey } from "../../../core/sessions/sessions.ts";
import { type Accepted, acceptedOf, type KnownRun } from "../run/known-run.ts";
import type { DeliverTo, Starter } from "../run/run-store.ts";
import type { Runs } from "../runs.ts";
import type { AgentServices } from "../services.ts";
import { readAttachments, storeAttachments } from "./attachments.ts";
import { freshStart, withoutPrefix } from "./fresh-start.ts";
import {
  type ChannelLookup,
  contentOf,
  deliveryOf,
  mayReset,
  requireChannel,
  splitThinking,
  starterOf,
  thinkingOf,
  timeoutMsOf,
} from "./request-fields.ts";
import { cleanMessage } from "./text.ts";

/** Params of the `agent` method that are looked at. */
export interface AgentParams {
  readonly message: string;
  readonly idempotencyKey: string;
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly sessionId?: string;
  readonly to?: string;
  readonly replyTo?: string;
  readonly deliver?: boolean;
  readonly channel?: string;
  readonly replyChannel?: string;
  readonly accountId?: string;
  readonly replyAccountId?: string;
  readonly threadId?: string;
  readonly attachments?: readonly unknown[];
  readonly thinking?: string;
  readonly timeout?: number;
  readonly extraSystemPrompt?: string;
  readonly label?: string;
  readonly spawnedBy?: string;
}

const NO_SESSION = "Error: Pass --to <E.164>, --session-id, or --agent to choose a session";

/** The agent that accepts runs. */
interface AcceptingAgent {
  readonly runs: Runs;
  readonly channels: Port<ChannelLookup>;
}

/**
 * Starts the run, or returns the one of the idempotency key. `results` are results of the caller's own tools. Throws
 * `INVALID_REQUEST` with the protocol's texts.
 */
export function requestRun(
  services: AgentServices,
  agent: AcceptingAgent,
  params: AgentParams,
  { caller, results = [] }: { caller: Caller; results?: readonly StoredPart[] },
): Accepted {
  const { sessions } = services;
  const message = cleanMessage(params.message);
  const id = params.idempotencyKey;
  const known = agent.runs.find(id, { principal: caller.principal, source: "agent" });
  if (known) return acceptedOf(known);
  const attachments = readAttachments(params.attachments ?? []);
  if (message.trim() === "" && attachments.length === 0 && results.length === 0)
    throw invalidRequest("message or attachment required");
  for (const channel of [params.channel, params.replyChannel]) requireChannel(channel, agent.channels.now);
  const agentId = requireAgent("agent", params, services);
  const { principal, ...starter } = starterOf(caller);
  const fresh = freshStart(message, sessions.settings.resetTriggers, mayReset(starter));
  const directive = splitThinking(fresh.message);
  const request = {
    message: directive.message,
    timeoutMs: timeoutMsOf(params.timeout === undefined ? undefined : params.timeout * 1000, services),
    thinking: thinkingOf("agent", params.thinking) ?? directive.thinking,
    extraSystemPrompt: params.extraSystemPrompt,
    starter,
  };
  const chosen = chooseSession(params, agentId, services);
  const run = { id, source: "agent" as const, principal };
  if (!chosen) return agent.runs.refuse({ ...run, request }, NO_SESSION);
  const deliver = deliveryOf(params, chosen.sessionKey, services, agent.channels.now);
  requireSendPolicy(chosen.sessionKey, services);
  if (params.label !== undefined) sessions.patch(chosen.sessionKey, { label: params.label });
  if (params.spawnedBy !== undefined && isSubagentKey(chosen.sessionKey)) {
    sessions.patch(chosen.sessionKey, { spawnedBy: params.spawnedBy });
  }
  const content = [...results, ...contentOf(directive.message, storeAttachments(attachments, sessions.media))];
  return agent.runs.accept({
    ...run,
    sessionKey: chosen.sessionKey,
    request: { ...request, spelledKey: chosen.spelled, ...(deliver && { deliver }) },
    content,
    startsAnew: fresh.startsAnew,
  });
}

/** Params of `chat.send`. */
export interface SendParams {
  readonly sessionKey: string;
  /** The agent of the conversation, when its key does not name one. */
  readonly agentId?: string;
  readonly message: string;
  readonly idempotencyKey: string;
  readonly thinking?: string;
  readonly attachments?: readonly unknown[];
  readonly timeoutMs?: number;
  /** The id of a person's message that is asked again, with its files; an empty `message` means with its own words. */
  readonly replaces?: string;
}

/** Starts the run of a chat message; undefined when it is new, else the run that the key started. */
export function requestReply(
  services: AgentServices,
  agent: AcceptingAgent,
  params: SendParams,
  caller: Caller,
): KnownRun | undefined {
  const { sessions } = services;
  const message = cleanMessage(params.message);
  const sessionKey = sessions.keyOf(params.sessionKey, params.agentId);
  const id = params.idempotencyKey;
  const known = agent.runs.find(id, { principal: caller.principal, source: "chat.send" });
  if (known) return known;
  if (params.replaces !== undefined) {
    askAgain(services, agent, { ...params, replaces: params.replaces, message }, caller);
    return undefined;
  }
  const attachments = readAttachments(params.attachments ?? []);
  if (message.trim() === "" && attachments.length === 0) throw invalidRequest("message or attachment required");
  requireSendPolicy(sessionKey, services);
  const { principal, ...starter } = starterOf(caller);
  const fresh = freshStart(message, sessions.settings.resetTriggers, mayReset(starter));
  const directive = splitThinking(fresh.message);
  const request = {
    spelledKey: params.sessionKey,
    message: directive.message,
    timeoutMs: timeoutMsOf(params.timeoutMs, services),
    thinking: thinkingOf("chat.send", params.thinking) ?? directive.thinking,
    starter,
  };
  const content = contentOf(directive.message, storeAttachments(attachments, sessions.media));
  agent.runs.accept({ id, source: "chat.send", principal, sessionKey, request, content, startsAnew: fresh.startsAnew });
  return undefined;
}

/** Starts a run in the place of an earlier message. Throws `INVALID_REQUEST` for one that is not there, or while a reply is under way. */
function askAgain(
  services: AgentServices,
  agent: AcceptingAgent,
  {
    sessionKey: spelledKey,
    agentId,
    message,
    replaces,
    idempotencyKey: id,
    ...params
  }: SendParams & { replaces: string },
  caller: Caller,
): void {
  const { sessions } = services;
  const sessionKey = sessions.keyOf(spelledKey, agentId);
  requireSendPolicy(sessionKey, services);
  if (agent.runs.open().some(({ record }) => record.sessionKey === sessionKey))
    throw invalidRequest("a reply is under way in this conversation; stop it first, or wait for its end");
  const asked = sessions.past.question(sessions.get(sessionKey)?.sessionId ?? "", replaces).content;
  const content = message.trim() === "" ? asked : [{ type: "text" as const, text: message }, ...asked.filter(isFile)];
  const { principal, ...starter } = starterOf(caller);
  const request = {
    spelledKey,
    message: wordsOf(content),
    timeoutMs: timeoutMsOf(params.timeoutMs, services),
    thinking: thinkingOf("chat.again", params.thinking),
    starter,
  };
  agent.runs.accept({ id, source: "chat.send", principal, sessionKey, request, content, replaces });
}

/** Whether a part is a picture or a file that came with the message. */
function isFile(part: StoredPart): boolean {
  return part.type === "image" || (part.type === "text" && part.from?.kind === "file");
}

/** What its sender typed. */
function wordsOf(content: readonly StoredPart[]): string {
  const isTyped = (part: StoredPart) => part.type === "text" && (part.from?.kind ?? "message") === "message";
  return content.flatMap((part) => (part.type === "text" && isTyped(part) ? [part.text] : [])).join("\n\n");
}

/** The canonical key and the caller's spelling; undefined when the request names no conversation. */
function chooseSession(
  { sessionKey, sessionId, to }: AgentParams,
  agentId: string | undefined,
  { sessions }: AgentServices,
): { sessionKey: string; spelled: string | undefined } | undefined {
  if (sessionKey?.trim()) return { sessionKey: sessions.canonical(sessionKey), spelled: sessionKey };
  if (sessionId) return { sessionKey: sessions.open(sessionId, agentId).key, spelled: undefined };
  // Direct conversations with people share the main session (protocol: session keys).
  if (agentId !== undefined || to) return { sessionKey: sessions.mainKey(agentId), spelled: undefined };
  return undefined;
}

/** The agent that a request names. Throws when it is not configured, or when the session key names another. */
export function requireAgent(
  method: string,
  { agentId, sessionKey }: { agentId?: string; sessionKey?: string },
  { agents, sessions }: Pick<AgentServices, "agents" | "sessions">,
): string | undefined {
  if (agentId === undefined) return undefined;
  const id = normalAgentId(agentId);
  if (!agents.ids().includes(id))
    throw invalidRequest(`invalid ${method} params: unknown agent id "${agentId.slice(0, 100)}"`);
  const ofKey = !sessionKey?.trim() ? undefined : (agentIdOf(sessions.canonical(sessionKey)) ?? agents.defaultId);
  if (ofKey !== undefined && ofKey !== id) {
    throw invalidRequest(`invalid ${method} params: agent "${id}" does not match session key agent "${ofKey}"`);
  }
  return id;
}

/** Throws when the session's policy forbids messages. */
function requireSendPolicy(sessionKey: string, { sessions }: Pick<AgentServices, "sessions">): void {
  if (sessions.get(sessionKey)?.levels.sendPolicy === "deny") throw invalidRequest("send blocked by session policy");
}

/** A message that came over a channel. */
export interface Conversation {
  /** Follows from the messages alone, so that a restart gives it again. */
  readonly id: string;
  /** Canonical. */
  readonly sessionKey: string;
  /** The text as typed; commands are looked for here. */
  readonly message: string;
  /** The parts as the transcript stores them and a model sees them. */
  readonly content: readonly StoredPart[];
  readonly starter: Starter;
  readonly extraSystemPrompt?: string | undefined;
  readonly deliver: DeliverTo;
}

/**
 * Starts the run of a message from a channel, with the writes of `also` in one transaction; returns the run of that id
 * when it exists. Throws `INVALID_REQUEST` when the session's policy forbids it, `UNAVAILABLE` when too many runs wait.
 */
export function requestConversation(
  services: AgentServices,
  agent: AcceptingAgent,
  { id, sessionKey, message, content, starter, extraSystemPrompt, deliver }: Conversation,
  also: () => void,
): void {
  if (agent.runs.known(id)) return also();
  requireSendPolicy(sessionKey, services);
  const { principal, ...rest } = starter;
  const said = cleanMessage(message.replaceAll("\u0000", ""));
  const { startsAnew, prefix, ...fresh } = freshStart(said, services.sessions.settings.resetTriggers, mayReset(rest));
  const directive = splitThinking(fresh.message);
  const request = {
    spelledKey: sessionKey,
    message: directive.message,
    timeoutMs: timeoutMsOf(undefined, services),
    thinking: directive.thinking,
    extraSystemPrompt,
    starter: rest,
    deliver,
  };
  const kept = withoutPrefix(content, prefix);
  agent.runs.accept(
    { id, source: "channel", principal, sessionKey, request, content: kept, startsAnew, isKeptElsewhere: true },
    also,
  );
}
