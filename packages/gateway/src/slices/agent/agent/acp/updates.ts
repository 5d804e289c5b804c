/** Turns updates of an external agent into steps of a run. Its texts are bounded; unknown kinds are ignored. */
import type { ContentBlock, SessionUpdate, ToolCallContent } from "@agentclientprotocol/sdk";
import type { ToolRequest } from "../toolbox/toolbox.ts";
import type { RunStep } from "../turn/loop.ts";

const MAX_NAME_CHARS = 64;
const MAX_TEXT_CHARS = 30_000;
const MAX_ARGS_CHARS = 100_000;

/** A tool call under way. */
interface OpenCall {
  request: ToolRequest;
  readonly startedAt: number;
  text: string;
}

export class Updates {
  readonly #now: () => number;
  readonly #nameCall: (callId: string) => string;
  readonly #open = new Map<string, OpenCall>();

  constructor(options: { now: () => number; nameCall: (callId: string) => string }) {
    this.#now = options.now;
    this.#nameCall = options.nameCall;
  }

  /** Whether a tool is running. */
  get isCalling(): boolean {
    return this.#open.size > 0;
  }

  /** The steps of one update. */
  take(update: SessionUpdate): RunStep[] {
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
        return textStep("text", update.content);
      case "agent_thought_chunk":
        return textStep("reasoning", update.content);
      case "plan":
        return [{ kind: "reasoning", delta: planText(update.entries) }];
      case "tool_call":
      case "tool_call_update":
        return this.#tool(update);
      default:
        return [];
    }
  }

  /** Results for calls that got none because the agent ended. */
  abandon(why: string): RunStep[] {
    return [...this.#open.keys()].flatMap((id) => this.#finish(id, why, true));
  }

  #tool(update: Extract<SessionUpdate, { sessionUpdate: "tool_call" | "tool_call_update" }>): RunStep[] {
    const { toolCallId, status, content, rawOutput } = update;
    const steps: RunStep[] = [];
    let call = this.#open.get(toolCallId);
    if (!call) {
      // Ignore a late update of a call that has ended.
      if (update.sessionUpdate === "tool_call_update" && status !== "pending" && status !== "in_progress") return [];
      call = { request: requestOf(update, this.#nameCall(toolCallId)), startedAt: this.#now(), text: "" };
      this.#open.set(toolCallId, call);
      steps.push({ kind: "tool-start", call: call.request });
    }
    const said = (content ?? []).map(contentText).filter(Boolean).join("\n") || rawText(rawOutput);
    const isNew = said !== "" && said !== call.text;
    if (isNew) call.text = said.slice(0, MAX_TEXT_CHARS);
    if (status === "completed" || status === "failed") {
      return [...steps, ...this.#finish(toolCallId, call.text, status === "failed")];
    }
    if (isNew) steps.push({ kind: "tool-update", call: call.request, text: call.text });
    return steps;
  }

  #finish(id: string, text: string, isError: boolean): RunStep[] {
    const call = this.#open.get(id);
    if (!call) return [];
    this.#open.delete(id);
    const result = { text: text === "" ? "(nothing)" : text, ...(isError && { isError }) };
    return [{ kind: "tool-result", call: call.request, result, durationMs: Math.round(this.#now() - call.startedAt) }];
  }
}

/** A call as people see it: its name, else its title; with its input where the agent tells it. */
function requestOf(
  {
    title,
    name,
    kind,
    rawInput,
  }: { title?: string | null; name?: string | null; kind?: string | null; rawInput?: unknown },
  callId: string,
): ToolRequest {
  const raw = JSON.stringify(rawInput ?? {});
  const args = raw.length <= MAX_ARGS_CHARS ? (rawInput ?? {}) : {};
  const shown = title ? { title: title.slice(0, 500), ...(typeof args === "object" && args) } : args;
  return { callId, name: (name || kind || "tool").slice(0, MAX_NAME_CHARS), args: shown, raw: JSON.stringify(shown) };
}

function textStep(kind: "text" | "reasoning", content: ContentBlock): RunStep[] {
  const delta = blockText(content);
  return delta === "" ? [] : [{ kind, delta }];
}

/** The text of a block; a block that cannot be shown is named. */
function blockText(block: ContentBlock): string {
  switch (block.type) {
    case "text":
      return block.text;
    case "resource_link":
      return `[${block.name}](${block.uri})`;
    case "resource":
      return "text" in block.resource ? block.resource.text : `[file ${block.resource.uri}]`;
    case "image":
      return "[picture]";
    case "audio":
      return "[sound]";
  }
}

function contentText(content: ToolCallContent): string {
  if (content.type === "content") return blockText(content.content);
  if (content.type === "diff") return `changed ${content.path}`;
  return "";
}

function rawText(raw: unknown): string {
  if (raw === undefined || raw === null) return "";
  return typeof raw === "string" ? raw : JSON.stringify(raw);
}

const MARKS: Readonly<Record<string, string>> = { completed: "x", in_progress: "~", pending: " " };

function planText(entries: readonly { readonly content: string; readonly status: string }[]): string {
  const lines = entries
    .slice(0, 50)
    .map(({ content, status }) => `- [${MARKS[status] ?? " "}] ${content.slice(0, 300)}`);
  return `\nPlan:\n${lines.join("\n")}\n`;
}
