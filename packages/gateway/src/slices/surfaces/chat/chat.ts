/** The actions of a chat window: send, read, stop, and add a message (protocol: chat). */
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import type { Caller } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import { type Agent, cleanMessage, errorOf } from "../../agent/agent/agent.ts";
import { agent as agentEvent, chat as chatEvent } from "../../agent/agent/events.ts";
import type { SendParams } from "../../agent/agent/intake/request.ts";
import type { KnownRun } from "../../agent/agent/run/known-run.ts";
import type { AbortReason, RunRecord } from "../../agent/agent/run/run-store.ts";
import type { Models } from "../../agent/models/models.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { PageRequest } from "../../core/sessions/messages/past.ts";
import type { Message } from "../../core/sessions/schema.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import { Arriving } from "./arriving.ts";
import { FromNodes } from "./from-nodes.ts";
import type { ChatMetadata, LaterHistory } from "./schema.ts";

export interface ChatServices extends Base {
  readonly agents: Agents;
  readonly sessions: Sessions;
  readonly models: Models;
  readonly agent: Agent;
}

/** Which part of a conversation is shown. */
interface HistoryParams {
  readonly sessionKey: string;
  readonly agentId?: string;
  readonly limit?: number;
  /** The most bytes of the messages as JSON. */
  readonly maxBytes?: number;
}

const USUAL_LIMIT = 200;
const PAST_PAGE = 50;

interface PastParams extends Partial<PageRequest> {
  readonly sessionKey: string;
  readonly agentId?: string;
}

type PastAnswer = { sessionKey: string } & ReturnType<Sessions["past"]["page"]>;

/** What was stopped. */
export interface StopResult {
  readonly ok: true;
  readonly aborted: boolean;
  readonly runIds: string[];
}

/** Messages that stop the replies under way instead of asking for one (protocol: chat.send). */
const STOP_WORDS: ReadonlySet<string> = new Set(["/stop", "stop", "esc", "abort", "wait", "exit", "interrupt"]);

export class Chat {
  readonly fromNodes: FromNodes;
  readonly #services: ChatServices;
  readonly #arriving = new Arriving();

  constructor(services: ChatServices) {
    this.#services = services;
    this.fromNodes = new FromNodes(services);
    // Tell watchers of conversations when runs begin and end.
    services.bus.on(agentEvent, ({ stream, runId, data: { phase } }) => {
      if (stream !== "lifecycle" || (phase !== "start" && phase !== "end" && phase !== "error")) return;
      const { sessions, agent } = this.#services;
      if (sessions.watchers.hasAny) sessions.watchers.changed(agent.runs.sessionKeyOf(runId) ?? "", { phase, runId });
    });
  }

  /** The last messages of a conversation; an unknown one is empty. */
  history(
    sessionKey: string,
    limit: number,
  ): { sessionKey: string; sessionId?: string; messages: Message[]; thinkingLevel: string } {
    const { sessions } = this.#services;
    return this.#historyOf(sessionKey, sessions.canonical(sessionKey), limit);
  }

  /** The history for clients of protocol 4, with the conversation's row and the values that hold where nothing was chosen. */
  laterHistory({ sessionKey, agentId, limit = USUAL_LIMIT, maxBytes }: HistoryParams): LaterHistory {
    const { models, sessions } = this.#services;
    const key = sessions.keyOf(sessionKey, agentId);
    const history = this.#historyOf(sessionKey, key, limit);
    const session = sessions.get(key);
    return {
      ...history,
      messages: maxBytes === undefined ? history.messages : newestWithin(history.messages, maxBytes),
      ...(session && { sessionInfo: sessions.views.laterRow(session) }),
      defaults: models.chosen.sessionDefaults(),
    };
  }

  /** The choices of a chat window. */
  async metadata(
    { sessionKey, agentId }: { sessionKey?: string; agentId?: string },
    caller: Caller,
  ): Promise<ChatMetadata> {
    const { agent, models, sessions } = this.#services;
    const key = sessions.keyOf(sessionKey ?? sessions.mainKey(agentId), agentId);
    return {
      models: await models.choices({ sessionKey: key }),
      commands: agent.laterCommandEntries(key, caller),
      ...{ swarmEnabled: false, runtimeSelectionLocked: false },
    };
  }

  #historyOf(
    sessionKey: string,
    key: string,
    limit: number,
  ): { sessionKey: string; sessionId?: string; messages: Message[]; thinkingLevel: string } {
    const { models, sessions } = this.#services;
    const session = sessions.get(key);
    const thinkingLevel = models.chosen.thinkingOf(key) ?? "off";
    if (!session) return { sessionKey, messages: [], thinkingLevel };
    const { sessionId, levels } = session;
    const thinking = levels.reasoningLevel === "on" || levels.reasoningLevel === "stream";
    return {
      sessionKey,
      sessionId,
      messages: sessions.transcript.history(sessionId, limit, { thinking }),
      thinkingLevel,
    };
  }

  /**
   * Accepts a message as `send` does, once its files are read. What stops it meanwhile stops its run as it begins: the
   * message stays in the conversation. Throws the signal's reason.
   */
  async receive(params: SendParams, caller: Caller, signal: AbortSignal): Promise<ReturnType<Chat["send"]>> {
    const { agent } = this.#services;
    if (isStop(params)) return this.send(params, caller);
    const { ready, reason } = await this.#arriving.read(params, () => agent.withFiles(params, signal));
    const answer = this.send(ready, caller);
    const known = agent.runs.known(params.idempotencyKey);
    if (reason !== undefined && known?.kind === "open") agent.runs.abort(known.run, reason);
    return answer;
  }

  /** Accepts a message; the reply comes as `chat` events. The message is on disk when this returns. */
  send(params: SendParams, caller: Caller): { runId: string; status: "started" | "in_flight" | "ok" } | StopResult {
    const runId = params.idempotencyKey;
    const { agent, sessions } = this.#services;
    if (isStop(params)) return this.#stop(params.sessionKey, "stop", params.agentId);
    const known = agent.reply(params, caller);
    if (!known && sessions.watchers.hasAny)
      sessions.watchers.changed(sessions.keyOf(params.sessionKey, params.agentId), { reason: "send" });
    return { runId, status: known ? statusOf(runId, known) : "started" };
  }

  /** Asks again in the place of an earlier message; see `SendParams.replaces`. */
  again(params: SendParams, caller: Caller): { runId: string; status: "started" | "in_flight" | "ok" } {
    const runId = params.idempotencyKey;
    const { agent, sessions } = this.#services;
    const known = agent.reply(params, caller);
    if (!known && sessions.watchers.hasAny)
      sessions.watchers.changed(sessions.canonical(params.sessionKey), { reason: "send" });
    return { runId, status: known ? statusOf(runId, known) : "started" };
  }

  /** A page of everything that was said in a conversation. Throws `INVALID_REQUEST` for a message that is not of it. */
  past({ sessionKey, agentId, limit = PAST_PAGE, ...which }: PastParams): PastAnswer {
    const { sessions } = this.#services;
    const named = Object.keys(which).length;
    if (named > 1) throw invalidRequest("name one of before, after, around and branch");
    const key = sessions.keyOf(sessionKey, agentId);
    return { sessionKey, ...sessions.past.page(key, sessions.get(key)?.sessionId, { ...which, limit }) };
  }

  /** Stops the replies to a session key, as it was spelled when they were asked for, or one of them. */
  abort(sessionKey: string, runId: string | undefined, agentId?: string): StopResult {
    if (runId === undefined) return this.#stop(sessionKey, "rpc", agentId);
    const known = this.#services.agent.runs.known(runId);
    const run = known?.kind === "open" && this.#open().find((each) => each === known.run);
    if (!run) {
      const runIds = this.#arriving.stop("rpc", ({ idempotencyKey, sessionKey: spelled }) => {
        if (idempotencyKey === runId && spelled !== sessionKey) throw invalidRequest("runId does not match sessionKey");
        return idempotencyKey === runId;
      });
      return { ok: true, aborted: runIds.length > 0, runIds };
    }
    if (run.record.request.spelledKey !== sessionKey) throw invalidRequest("runId does not match sessionKey");
    this.#services.agent.runs.abort(run, "rpc");
    return { ok: true, aborted: true, runIds: [run.id] };
  }

  /** Adds a message of the assistant to a conversation, as if it had been said. */
  inject(spelled: string, message: string, label: string | undefined): { ok: true; messageId: string } {
    const { sessions, bus } = this.#services;
    const session = sessions.get(sessions.canonical(spelled));
    if (!session) throw invalidRequest("session not found");
    const text = cleanMessage(label ? `[${label}]\n\n${message}` : message);
    const stored = sessions.transcript.append(session, {
      role: "assistant",
      content: [{ type: "text", text }],
      stopReason: "injected",
      usage: { input: 0, output: 0, totalTokens: 0 },
    });
    const messageId = stored.id.slice(0, 8);
    bus.publish(chatEvent, {
      runId: `inject-${messageId}`,
      sessionKey: spelled,
      seq: 0,
      state: "final",
      message: sessions.transcript.wire.of(stored),
    });
    return { ok: true, messageId };
  }

  #stop(sessionKey: string, reason: AbortReason, agentId?: string): StopResult {
    const { agent, sessions } = this.#services;
    const key = sessions.keyOf(sessionKey, agentId);
    const isMeant = ({ sessionKey: ofRun, request }: RunRecord) =>
      request.spelledKey === sessionKey && (agentId === undefined || ofRun === key);
    const runs = this.#open().filter(({ record }) => isMeant(record));
    for (const run of runs) agent.runs.abort(run, reason);
    const arriving = this.#arriving.stop(
      reason,
      (params) => params.sessionKey === sessionKey && (agentId === undefined || params.agentId === agentId),
    );
    const below = agent.delegations.abortUnder(key, reason);
    const runIds = [...new Set([...runs.map(({ id }) => id), ...arriving])];
    return { ok: true, aborted: runIds.length + below > 0, runIds };
  }

  /** Only runs of this method can be stopped by it (protocol: chat.abort). */
  #open() {
    return this.#services.agent.runs.open().filter(({ record }) => record.source === "chat.send");
  }
}

function isStop({ message }: SendParams): boolean {
  return STOP_WORDS.has(cleanMessage(message).trim().toLowerCase());
}

/** The state of the run of a repeated message. Throws its failure, with the payload beside it. */
function statusOf(runId: string, known: KnownRun): "in_flight" | "ok" {
  if (known.kind === "open") return "in_flight";
  const error = known.result.outcome.kind === "error" ? errorOf(known.result) : undefined;
  if (error === undefined) return "ok";
  throw new GatewayError("UNAVAILABLE", error, { payload: { runId, status: "error", summary: error } });
}

/** The newest messages that fit, but always at least one, so that a window is not empty. */
function newestWithin(messages: Message[], maxBytes: number): Message[] {
  let bytes = 0;
  let first = messages.length;
  while (first > 0) {
    bytes += Buffer.byteLength(JSON.stringify(messages[first - 1])) + 1;
    if (bytes > maxBytes && first < messages.length) break;
    first--;
  }
  return messages.slice(first);
}
