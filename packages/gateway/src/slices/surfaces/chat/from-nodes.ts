/** What people say at nodes, and the conversations that nodes follow. */
import { defined } from "../../../base/defined.ts";
import { invalidRequest } from "../../../base/errors.ts";
import { newId, sha256Hex } from "../../../base/ids.ts";
import type { Caller } from "../../../kit/access.ts";
import type { ConnectionWatcher } from "../../../kit/host.ts";
import { type Agent, cleanMessage } from "../../agent/agent/agent.ts";
import type { DeliverTo } from "../../agent/agent/run/run-store.ts";
import type { Thinking } from "../../agent/models/port.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { LiveNode, NodeWords, SpeechHandler } from "../../core/nodes/nodes.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";

interface Services {
  readonly agent: Agent;
  readonly agents: Agents;
  readonly sessions: Sessions;
}

const NOBODY: ReadonlySet<string> = new Set();
/** The events that followers get copies of. */
const FOLLOWED: ReadonlySet<string> = new Set(["agent", "chat"]);
/** Conversations that one connection follows. */
const MAX_FOLLOWED = 64;
const THINKING: ReadonlySet<string> = new Set(["off", "minimal", "low", "medium", "high", "xhigh"]);
const MAX_NAME_CHARS = 64;

export class FromNodes implements SpeechHandler, ConnectionWatcher {
  readonly #services: Services;
  /** By the key of a conversation, the connections of the nodes that follow it. */
  readonly #followers = new Map<string, Set<string>>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** Starts a run for what somebody said at a node. The node may be where anybody speaks to it: its programs ask each time. */
  said({ caller }: LiveNode, { text, isSpoken, key, thinking, timeoutMs, deliver, sessionKey }: NodeWords): void {
    const { agent, agents, sessions } = this.#services;
    const { deviceId } = caller;
    const id = isSpoken ? `voice-${newId()}` : `node-${ofNode(deviceId, key ?? newId())}`;
    if (agent.runs.known(id)) return;
    const spelledKey = sessionKey ?? (isSpoken ? sessions.mainKey() : `node-${deviceId}`);
    const canonical = sessions.canonical(spelledKey);
    if (sessions.get(canonical)?.levels.sendPolicy === "deny") throw invalidRequest("send blocked by session policy");
    const message = cleanMessage(text);
    const name = (caller.client.displayName ?? caller.client.id).slice(0, MAX_NAME_CHARS);
    const usual = agents.settings.defaults.timeoutSeconds * 1_000;
    agent.runs.accept({
      ...{ id, source: isSpoken ? "chat.send" : "agent", principal: `node:${deviceId}`, sessionKey: canonical },
      request: {
        // These words come before it, so that nobody at a node gives a command such as /exec: those have an owner's rights.
        ...{ spelledKey, message: `said at a node: ${message}`, timeoutMs: timeoutMs ?? usual },
        ...defined({ thinking: levelOf(thinking), deliver: deliver && this.#route(canonical, deliver) }),
        execRules: { security: "full", ask: "always" },
        starter: { scopes: ["operator.write"], name, deviceId },
      },
      content: [{ type: "text", text: message, from: { kind: "message", id: "a node", name, standing: "owner" } }],
    });
  }

  follow({ caller: { connId } }: LiveNode, sessionKey: string): void {
    const followed = [...this.#followers.values()].filter((each) => each.has(connId)).length;
    const followers = this.#followers.get(sessionKey) ?? new Set();
    if (!followers.has(connId) && followed >= MAX_FOLLOWED)
      throw invalidRequest(`a node follows at most ${MAX_FOLLOWED} conversations; send chat.unsubscribe for one first`);
    this.#followers.set(sessionKey, followers.add(connId));
  }

  unfollow({ caller: { connId } }: LiveNode, sessionKey: string): void {
    this.#leave(sessionKey, connId);
  }

  /** The connections that get a copy of an event. */
  of(event: string, payload: unknown): ReadonlySet<string> {
    if (this.#followers.size === 0 || !FOLLOWED.has(event)) return NOBODY;
    const { sessionKey } = payload as { sessionKey?: string };
    return (sessionKey !== undefined && this.#followers.get(sessionKey)) || NOBODY;
  }

  opened(_caller: Caller): Readonly<Record<string, unknown>> {
    return {};
  }

  closed(connId: string): void {
    for (const sessionKey of [...this.#followers.keys()]) this.#leave(sessionKey, connId);
  }

  #leave(sessionKey: string, connId: string): void {
    const followers = this.#followers.get(sessionKey);
    followers?.delete(connId);
    if (followers?.size === 0) this.#followers.delete(sessionKey);
  }

  /** Where the answer goes besides: a channel that we know, or where the conversation was answered last. */
  #route(sessionKey: string, { channel, to }: NonNullable<NodeWords["deliver"]>): DeliverTo | undefined {
    const channels = this.#services.agent.channels.now;
    const last = this.#services.sessions.get(sessionKey)?.route;
    const named = channel?.toLowerCase();
    if (named === undefined || named === "last" || (named === last?.channel && to === undefined)) return last;
    return to !== undefined && channels.knows(named) ? channels.route({ channel: named, to }) : undefined;
  }
}

/** A key that no other node can choose. */
function ofNode(deviceId: string, key: string): string {
  return sha256Hex(`${deviceId} ${key}`).slice(0, 32);
}

function levelOf(thinking: string | undefined): Thinking | undefined {
  const level = thinking?.toLowerCase();
  if (level === undefined) return undefined;
  if (THINKING.has(level)) return level as Thinking;
  throw invalidRequest(`unknown thinking level (use ${[...THINKING].join("|")})`);
}
