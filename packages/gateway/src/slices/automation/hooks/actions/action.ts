/** What a delivery asks for, checked: wake the main conversation, or have an agent work in one of its own. */
import { defined } from "../../../../base/defined.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import { cleanMessage } from "../../../agent/agent/agent.ts";
import type { Thinking } from "../../../agent/models/port.ts";

export type WakeMode = "now" | "next-heartbeat";

/** A session key, and who has written it: the owner in the settings, or whoever calls. */
export interface AskedKey {
  readonly text: string;
  readonly by: "settings" | "caller" | "payload";
}

export interface WakeAction {
  readonly kind: "wake";
  readonly text: string;
  readonly wakeMode: WakeMode;
}

export interface AgentAction {
  readonly kind: "agent";
  /** The words of the caller, or what a mapping has made of the payload. */
  readonly message: string;
  /** The owner's words about them, from the settings. */
  readonly instructions?: string;
  readonly name: string;
  readonly wakeMode: WakeMode;
  readonly agentId?: string;
  readonly sessionKey?: AskedKey;
  readonly deliver: boolean;
  /** "last" is where the agent was last spoken to. */
  readonly channel: string;
  readonly to?: string;
  readonly accountId?: string;
  readonly threadId?: string;
  readonly model?: string;
  readonly thinking?: Thinking;
  readonly timeoutSeconds?: number;
}

export type Action = WakeAction | AgentAction;

type Fields = Readonly<Record<string, unknown>>;

const THINKING: readonly Thinking[] = ["off", "minimal", "low", "medium", "high", "xhigh"];
const MAX_TEXT_CHARS = 100_000;
const MAX_NAME_CHARS = 128;
const MAX_SECONDS = 86_400;

/** A wake. Throws `INVALID_REQUEST` "text required" and such (protocol: HTTP surface, hooks). */
export function readWake(fields: Fields): WakeAction {
  return { kind: "wake", text: requiredText(fields, "text"), wakeMode: wakeModeIn(fields, "mode") };
}

/**
 * Work for an agent; `keyBy` says who has written the session key. Throws `INVALID_REQUEST` "message required",
 * "model required" and such (protocol: HTTP surface, hooks).
 */
export function readAgentAction(fields: Fields, keyBy: AskedKey["by"]): AgentAction {
  const key = textIn(fields, "sessionKey");
  const model = textIn(fields, "model");
  if (model === undefined && typeof fields.model === "string") throw invalidRequest("model required");
  return {
    kind: "agent",
    message: requiredText(fields, "message"),
    name: textIn(fields, "name")?.slice(0, MAX_NAME_CHARS).toWellFormed() ?? "Hook",
    wakeMode: wakeModeIn(fields, "wakeMode"),
    deliver: fields.deliver !== false,
    channel: textIn(fields, "channel")?.toLowerCase() ?? "last",
    ...(key !== undefined && { sessionKey: { text: key, by: keyBy } }),
    ...defined({
      ...{ model, thinking: thinkingIn(fields), timeoutSeconds: secondsIn(fields) },
      ...{ agentId: textIn(fields, "agentId"), instructions: textIn(fields, "instructions") },
      ...{ to: textIn(fields, "to"), accountId: textIn(fields, "accountId"), threadId: textIn(fields, "threadId") },
    }),
  };
}

function requiredText(fields: Fields, name: string): string {
  const text = cleanMessage((textIn(fields, name) ?? "").replaceAll("\u0000", "")).trim();
  if (text === "") throw invalidRequest(`${name} required`);
  if (text.length > MAX_TEXT_CHARS) throw invalidRequest(`${name} is longer than ${MAX_TEXT_CHARS} characters`);
  return text;
}

/** A text that says something; undefined when it is absent or blank. */
function textIn(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalidRequest(`${name} must be a string`);
  return value.trim() === "" ? undefined : value.trim();
}

function wakeModeIn(fields: Fields, name: string): WakeMode {
  const mode = textIn(fields, name) ?? "now";
  if (mode !== "now" && mode !== "next-heartbeat") throw invalidRequest(`${name} must be "now" or "next-heartbeat"`);
  return mode;
}

function thinkingIn(fields: Fields): Thinking | undefined {
  const level = textIn(fields, "thinking")?.toLowerCase();
  const known = THINKING.find((each) => each === level);
  if (level !== undefined && known === undefined) throw invalidRequest(`thinking must be one of ${THINKING.join("|")}`);
  return known;
}

function secondsIn({ timeoutSeconds: seconds }: Fields): number | undefined {
  if (seconds === undefined || seconds === null) return undefined;
  if (typeof seconds === "number" && seconds >= 1 && seconds <= MAX_SECONDS) return Math.floor(seconds);
  throw invalidRequest(`timeoutSeconds must be a number from 1 to ${MAX_SECONDS}`);
}
