/** What a request asks for, in the form that a run takes. Each function throws `INVALID_REQUEST` for what is wrong. */

import { defined } from "../../../../base/defined.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import type { Caller } from "../../../../kit/access.ts";
import { mayUse } from "../../../../kit/command.ts";
import type { Thinking } from "../../models/port.ts";
import type { DeliverTo, Starter } from "../run/run-store.ts";
import type { AgentServices } from "../services.ts";
import type { AgentParams } from "./request.ts";

const THINKING: readonly string[] = ["off", "minimal", "low", "medium", "high", "xhigh"];

const MAX_TIMEOUT_MS = 24 * 3600_000;

/** Answers questions about channels. Filled by messaging. */
export interface ChannelLookup {
  knows(channel: string): boolean;
  /** "channel:id" with the id as the channel spells it. */
  normalSender(key: string): string;
  /** Resolves a target. Throws `INVALID_REQUEST` with the forms that the channel accepts. */
  route(target: { channel: string; accountId?: string; to: string; threadId?: string }): DeliverTo | undefined;
}

/** Names that stand for no channel of their own. */
const OTHER_CHANNELS: ReadonlySet<string> = new Set(["webchat", "last"]);

/** The time limit of a run: as requested, else as the settings say; 0 means no limit. */
export function timeoutMsOf(asked: number | undefined, { agents }: Pick<AgentServices, "agents">): number {
  const wanted = asked ?? agents.settings.defaults.timeoutSeconds * 1000;
  return wanted === 0 ? MAX_TIMEOUT_MS : Math.min(wanted, MAX_TIMEOUT_MS);
}

/** The caller as a run stores it. */
export function starterOf({ principal, scopes, client, deviceId }: Caller): Starter {
  const name = client.displayName ?? client.id;
  return { principal, scopes: [...scopes], name, deviceId, ...defined({ timeZone: client.timeZone }) };
}

/** Whether somebody may begin a conversation anew. */
export function mayReset(starter: Pick<Starter, "scopes">): boolean {
  return mayUse({ needs: "operator.write" }, starter);
}

/** The thinking level in params. */
export function thinkingOf(method: string, value: string | undefined): Thinking | undefined {
  const level = value?.trim().toLowerCase();
  if (!level) return undefined;
  if (!THINKING.includes(level))
    throw invalidRequest(`invalid ${method} params: unknown thinking level (use ${THINKING.join("|")})`);
  return level as Thinking;
}

/** Removes a leading "/think LEVEL" from a message; the level holds for this run only. */
export function splitThinking(message: string): { message: string; thinking?: Thinking } {
  const match = /^\s*\/think\s+(\w+)\s+(\S[\s\S]*)$/i.exec(message);
  const level = match?.[1]?.toLowerCase();
  if (!match || level === undefined || !THINKING.includes(level)) return { message };
  return { message: match[2]!, thinking: level as Thinking };
}

/** A message as the transcript keeps it. */
export function contentOf<Part>(message: string, attached: readonly Part[]): ({ type: "text"; text: string } | Part)[] {
  return [...(message.trim() === "" ? [] : [{ type: "text" as const, text: message }]), ...attached];
}

/** Refuses a channel that nobody knows. */
export function requireChannel(channel: string | undefined, channels: ChannelLookup): void {
  const name = channel?.trim().toLowerCase();
  if (!name || OTHER_CHANNELS.has(name) || channels.knows(name)) return;
  throw invalidRequest(`invalid agent params: unknown channel: ${name.slice(0, 100)}`);
}

/**
 * The target of the reply when `deliver` asks for it: the named channel and target, else the conversation's last route
 * (protocol: agent, delivery). Throws `INVALID_REQUEST` when there is none.
 */
export function deliveryOf(
  params: AgentParams,
  sessionKey: string,
  { sessions }: AgentServices,
  channels: ChannelLookup,
): DeliverTo | undefined {
  if (!params.deliver) return undefined;
  const last = sessions.get(sessionKey)?.route;
  const channel = (params.replyChannel ?? params.channel ?? "last").trim().toLowerCase() || "last";
  if (channel === "webchat") return undefined;
  const to = params.replyTo ?? params.to;
  if (to !== undefined && (channel !== "last" || last)) {
    const accountId = params.replyAccountId ?? params.accountId;
    return channels.route({
      channel: channel === "last" ? last!.channel : channel,
      to,
      ...defined({ accountId, threadId: params.threadId }),
    });
  }
  if (last && (channel === "last" || channel === last.channel)) return last;
  throw invalidRequest("deliver: no channel to deliver to; pass channel and to, or write from a channel first");
}
