/** What nodes say to agents: words of the people at them, and presses on surfaces that they draw (protocol: node.event kinds). */
import { isRecord } from "../../../base/config/config.ts";
import { GatewayError } from "../../../base/errors.ts";
import { Port } from "../../../kit/port.ts";
import type { LiveNode } from "./registry.ts";

/** Words for an agent. */
export interface NodeWords {
  readonly text: string;
  /** Spoken words are answered in a conversation as if they had been typed there. */
  readonly isSpoken: boolean;
  /** As the node spells it; the node's own, or the main conversation for spoken words, when it names none. */
  readonly sessionKey?: string | undefined;
  readonly thinking?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Words that come twice with one key are said once. */
  readonly key?: string | undefined;
  /** Where the answer goes besides. */
  readonly deliver?: { readonly channel: string | undefined; readonly to: string | undefined } | undefined;
}

/** A button that somebody pressed on a surface; all of it is the word of the page. */
export interface NodePress {
  readonly id: string | undefined;
  readonly name: string;
  readonly surfaceId: string;
  readonly sourceComponentId: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** Takes words, and knows which nodes follow which conversations. Filled by chat. */
export interface SpeechHandler {
  /** Throws `GatewayError` when they are not taken. */
  said(node: LiveNode, words: NodeWords): void;
  follow(node: LiveNode, sessionKey: string): void;
  unfollow(node: LiveNode, sessionKey: string): void;
}

/** Takes presses. Filled by canvas. */
export interface PressHandler {
  /** Throws `GatewayError` when it is not taken. */
  pressed(node: LiveNode, press: NodePress): void;
}

/** What became of a report. */
export interface ReportOutcome {
  readonly handled: boolean;
  readonly reason?: string;
}

/** Source: protocol, node.event kinds. */
const MAX_TEXT_CHARS = 20_000;
const MAX_KEY_CHARS = 512;
const MAX_TIMEOUT_SECONDS = 86_400;
const INVALID: ReportOutcome = { handled: false, reason: "invalid_payload" };

/** Events that this file takes. */
const EVENTS: ReadonlySet<string> = new Set([
  "agent.request",
  "voice.transcript",
  "chat.subscribe",
  "chat.unsubscribe",
]);

function nobody(): never {
  throw new GatewayError("UNAVAILABLE", "nothing on this gateway takes what nodes say");
}

export class NodeSpeech {
  readonly listening = new Port<SpeechHandler>({ said: nobody, follow: nobody, unfollow: nobody });
  readonly pressing = new Port<PressHandler>({ pressed: nobody });

  /** Takes an event of a node; undefined when it is of another kind. Throws `GatewayError` when it cannot be done now. */
  take(node: LiveNode, event: string, said: Readonly<Record<string, unknown>>): ReportOutcome | undefined {
    if (!EVENTS.has(event)) return undefined;
    if (event === "agent.request") return this.#request(node, said);
    if (event === "voice.transcript") return this.#words(node, wordsOf(said.text, { said, isSpoken: true }));
    const sessionKey = keyOf(said.sessionKey);
    if (sessionKey === undefined) return INVALID;
    if (event === "chat.subscribe") this.listening.now.follow(node, sessionKey);
    else this.listening.now.unfollow(node, sessionKey);
    return { handled: true };
  }

  #request(node: LiveNode, said: Readonly<Record<string, unknown>>): ReportOutcome {
    if (typeof said.message !== "string" || !isPressLine(said.message))
      return this.#words(node, wordsOf(said.message, { said, isSpoken: false }));
    const press = said.message.length > MAX_TEXT_CHARS ? undefined : pressIn(said.message, keyOf(said.key));
    if (!press) return INVALID;
    this.pressing.now.pressed(node, press);
    return { handled: true };
  }

  #words(node: LiveNode, words: NodeWords | undefined): ReportOutcome {
    if (!words) return INVALID;
    this.listening.now.said(node, words);
    return { handled: true };
  }
}

/** Reads words; undefined when anything of them is wrong, so that nothing is said elsewhere than it was meant. */
function wordsOf(
  text: unknown,
  { said, isSpoken }: { said: Readonly<Record<string, unknown>>; isSpoken: boolean },
): NodeWords | undefined {
  if (typeof text !== "string" || text.trim() === "" || text.length > MAX_TEXT_CHARS) return undefined;
  const { thinking, timeoutSeconds, deliver } = said;
  const names = [said.sessionKey, said.key, said.channel, said.to, thinking];
  if (!names.every((name) => isAbsent(name) || keyOf(name) !== undefined)) return undefined;
  const words = { text, isSpoken, sessionKey: keyOf(said.sessionKey) };
  if (isSpoken) return { ...words, thinking: "low" };
  const isTime = typeof timeoutSeconds === "number" && timeoutSeconds > 0;
  if (!isTime && !isAbsent(timeoutSeconds) && timeoutSeconds !== 0) return undefined;
  return {
    ...{ ...words, thinking: keyOf(thinking), key: keyOf(said.key) },
    timeoutMs: isTime ? Math.min(Math.max(timeoutSeconds, 1), MAX_TIMEOUT_SECONDS) * 1_000 : undefined,
    deliver: deliver === true ? { channel: keyOf(said.channel), to: keyOf(said.to) } : undefined,
  };
}

/** Apps send null and "" for what they do not say. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}

/** Whether a message is the one line by which apps tell of a press. */
function isPressLine(message: string): boolean {
  return message.startsWith("CANVAS_A2UI ");
}

/** Reads `CANVAS_A2UI action=N session=S surface=F component=C … ctx={…} default=…`; undefined when it says no action. */
function pressIn(line: string, id: string | undefined): NodePress | undefined {
  const from = line.indexOf(" ctx=");
  const head = from < 0 ? line : line.slice(0, from);
  const fields = new Map([...head.matchAll(/ (\w+)=(\S*)/g)].map(([, name = "", value = ""]) => [name, value]));
  const name = fields.get("action");
  if (!name) return undefined;
  const context = from < 0 ? undefined : contextIn(line.slice(from + 5));
  if (from >= 0 && context === undefined) return undefined;
  return {
    ...{ id, name, surfaceId: fields.get("surface") || "main", sourceComponentId: fields.get("component") || "-" },
    ...(context && { context }),
  };
}

function contextIn(text: string): Readonly<Record<string, unknown>> | undefined {
  const end = text.lastIndexOf("}");
  try {
    const context: unknown = JSON.parse(text.slice(0, end + 1));
    return isRecord(context) ? context : undefined;
  } catch {
    return undefined;
  }
}

/** A short text that names something; undefined when it is none. */
function keyOf(value: unknown): string | undefined {
  const isKey = typeof value === "string" && value.trim() !== "" && value.length <= MAX_KEY_CHARS;
  return isKey ? value.trim() : undefined;
}
