/**
 * The turn loop: ask the model, run the tools it calls, ask again, until it calls nothing more. It knows no provider,
 * no tool and no store. Every step is yielded, and what must survive a crash is stored before the loop goes on.
 */
import type { ToolResult } from "../../../../kit/tool.ts";
import type { ModelMessage, ModelPart, ModelStep, ToolReply, Usage } from "../../models/port.ts";
import type { ToolRequest } from "../toolbox/toolbox.ts";
import { mergeStreams } from "./merge-streams.ts";

/** One step of a run: of the model's answer, or of a tool. */
export type RunStep =
  | ModelStep
  | { readonly kind: "turn-end" }
  | { readonly kind: "tool-start"; readonly call: ToolRequest }
  | { readonly kind: "tool-update"; readonly call: ToolRequest; readonly text: string }
  | {
      readonly kind: "tool-result";
      readonly call: ToolRequest;
      readonly result: ToolResult;
      readonly durationMs: number;
    };

/** One reply of the model that goes on with tools, as the transcript keeps it. */
export interface Turn {
  readonly content: readonly ModelPart[];
  readonly usage: Usage | undefined;
}

/** The functions that the loop needs. */
export interface LoopPorts {
  readonly signal: AbortSignal;
  readonly maxTurns: number;
  /** Asks the model with the conversation so far. Throws `ModelError`, or the signal's reason. */
  ask(messages: readonly ModelMessage[]): AsyncIterable<ModelStep>;
  /** A shorter conversation after the model found it too long; undefined when there is none. */
  shrink(error: unknown): Promise<readonly ModelMessage[] | undefined>;
  /** A name for a call that is unique within the run. */
  nameCall(callId: string): string;
  /** Whether a call changes something: such calls run alone and in order. */
  changes(call: ToolRequest): boolean;
  /** Calls a tool. Throws only the signal's reason. */
  call(call: ToolRequest, update: (text: string) => void): Promise<ToolResult>;
  /** Stores a turn before its tools run, and an answer before the model sees it. */
  /** Resolves when it is on disk. */
  keepTurn(turn: Turn): void | Promise<void>;
  /** Resolves when it is on disk. */
  keepResult(call: ToolRequest, result: ToolResult, durationMs: number): void | Promise<void>;
  /** A tool result as the model sees it. */
  told(call: ToolRequest, text: string): string;
  /** Whether people have written to the run under way; and their messages, to be read now. */
  isSteered(): boolean;
  steered(): readonly ModelMessage[];
  now(): number;
}

/** The most parallel calls, of tools that change nothing. */
const PARALLEL = 4;
/** A run goes in circles when one call has failed in one way so often in a row. */
const MAX_SAME_FAILURES = 4;

/**
 * Runs until the model has finished. `messages` is the conversation so far; `pending` are calls that an earlier attempt
 * left without an answer. Throws what `ask` throws.
 */
export async function* loop(
  ports: LoopPorts,
  messages: readonly ModelMessage[],
  pending: readonly ToolRequest[] = [],
): AsyncGenerator<RunStep> {
  let conversation = messages;
  const circles = new Circles();
  if (pending.length > 0) conversation = withReplies(conversation, yield* callAll(ports, pending, circles));
  for (let turn = 1; ; turn++) {
    const reply = new Reply(ports);
    try {
      for await (const step of ports.ask(conversation)) {
        yield reply.take(step);
      }
    } catch (error) {
      const shorter = reply.isEmpty ? await ports.shrink(error) : undefined;
      if (!shorter) throw error;
      conversation = shorter;
      continue;
    }
    const { calls, content } = reply;
    if (calls.length === 0 && !ports.isSteered()) return;
    await ports.keepTurn({ content, usage: reply.usage });
    yield { kind: "turn-end" };
    conversation = [...conversation, { role: "assistant", content }];
    if (calls.length > 0) conversation = [...conversation, yield* callAll(ports, calls, circles)];
    const why = turn >= ports.maxTurns ? `${ports.maxTurns} turns` : circles.why;
    if (why !== undefined) {
      yield { kind: "note", text: `Stopped after ${why}; say “go on” to continue.` };
      return yield { kind: "finish", reason: "other" };
    }
    // Read steering messages only after the tools ran, so that the next model call sees them.
    conversation = [...conversation, ...ports.steered()];
  }
}

/** Whether the `message` tool has sent something since a person last wrote. */
export function hasSpoken(messages: readonly ModelMessage[]): boolean {
  const since = messages.slice(messages.findLastIndex(({ role }) => role === "user") + 1);
  return since.some(({ role, ...message }) => {
    const replies = role === "tool" && "replies" in message ? message.replies : [];
    return replies.some(({ name, isError }) => name === "message" && !isError);
  });
}

/** Adds answers to those of an earlier attempt. */
function withReplies(messages: readonly ModelMessage[], more: ModelMessage): ModelMessage[] {
  const last = messages.at(-1);
  if (last?.role !== "tool" || more.role !== "tool") return [...messages, more];
  return [...messages.slice(0, -1), { role: "tool", replies: [...last.replies, ...more.replies] }];
}

/** Runs calls in order: neighbouring calls that change nothing run in parallel, the others alone. */
async function* callAll(
  ports: LoopPorts,
  calls: readonly ToolRequest[],
  circles: Circles,
): AsyncGenerator<RunStep, ModelMessage> {
  const replies: ToolReply[] = [];
  for (const group of grouped(calls, ports)) {
    for await (const step of mergeStreams<RunStep>(group.map((call) => (push) => callOne(ports, call, push)))) {
      if (step.kind === "tool-result") circles.note(step.call, step.result);
      yield step;
      if (step.kind === "tool-result") replies.push(replyOf(step.call, step.result, ports));
    }
  }
  const order = new Map(calls.map(({ callId }, index) => [callId, index]));
  replies.sort((a, b) => order.get(a.callId)! - order.get(b.callId)!);
  return { role: "tool", replies };
}

async function callOne(ports: LoopPorts, call: ToolRequest, push: (step: RunStep) => void): Promise<void> {
  ports.signal.throwIfAborted();
  const startedAt = ports.now();
  push({ kind: "tool-start", call });
  const result = await ports.call(call, (text) => push({ kind: "tool-update", call, text }));
  ports.signal.throwIfAborted();
  const durationMs = Math.round(ports.now() - startedAt);
  await ports.keepResult(call, result, durationMs);
  push({ kind: "tool-result", call, result, durationMs });
}

function grouped(calls: readonly ToolRequest[], ports: LoopPorts): ToolRequest[][] {
  const groups: ToolRequest[][] = [];
  let isOpen = false;
  for (const call of calls) {
    const last = groups.at(-1);
    const isAlone = ports.changes(call);
    if (last && isOpen && !isAlone && last.length < PARALLEL) last.push(call);
    else groups.push([call]);
    isOpen = !isAlone;
  }
  return groups;
}

function replyOf(call: ToolRequest, { text, images, isError = false }: ToolResult, ports: LoopPorts): ToolReply {
  const { callId, name } = call;
  return { callId, name, text: ports.told(call, text), isError, ...(images && images.length > 0 && { images }) };
}

/** One reply of the model as it comes. */
class Reply {
  content: ModelPart[] = [];
  readonly calls: ToolRequest[] = [];
  usage: Usage | undefined;
  isEmpty = true;
  readonly #ports: LoopPorts;

  constructor(ports: LoopPorts) {
    this.#ports = ports;
  }

  /** Adds a step; a tool call gets its name for this run. */
  take(step: ModelStep): ModelStep {
    if (step.kind === "text" || step.kind === "reasoning") this.#grow(step);
    else if (step.kind === "usage") this.usage = step.usage;
    else if (step.kind === "taken-back") this.#takeBack();
    else if (step.kind === "tool-call") {
      const call = { ...step, callId: this.#ports.nameCall(step.callId) };
      const { callId, name, args, raw, providerData } = call;
      this.isEmpty = false;
      this.calls.push({ callId, name, args, raw });
      this.content.push({ kind: "tool-call", callId, name, args: args ?? {}, ...(providerData && { providerData }) });
      return call;
    }
    return step;
  }

  #takeBack(): void {
    this.content = [];
    this.isEmpty = true;
  }

  #grow({ kind, delta, ...more }: Extract<ModelStep, { kind: "text" | "reasoning" }>): void {
    this.isEmpty = false;
    const last = this.content.at(-1);
    const providerData = "providerData" in more ? more.providerData : undefined;
    const isSame = last?.kind === kind && !(kind === "reasoning" && "providerData" in last && last.providerData);
    const before = isSame ? (last as { text: string }).text : "";
    if (isSame) this.content.pop();
    this.content.push({ kind, text: before + delta, ...(providerData && { providerData }) });
  }
}

/** Detects a run that fails in one way again and again. */
class Circles {
  #last = "";
  #count = 0;

  get why(): string | undefined {
    return this.#count >= MAX_SAME_FAILURES ? `${MAX_SAME_FAILURES} failures of the same call` : undefined;
  }

  note({ name, raw }: ToolRequest, { isError }: ToolResult): void {
    const call = `${name} ${raw}`;
    this.#count = !isError ? 0 : call === this.#last ? this.#count + 1 : 1;
    this.#last = isError ? call : "";
  }
}
