/** Stores a run's turns: the model's replies and the tool results in the transcript, and which calls have begun. */
import { newId } from "../../../../base/ids.ts";
import type { ToolResult, ToolRun } from "../../../../kit/tool.ts";
import type { StoredMessage, StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import type { ModelPart } from "../../models/port.ts";
import type { AgentServices } from "../services.ts";
import type { ToolRequest } from "../toolbox/toolbox.ts";
import type { Turn } from "./loop.ts";

/** The model that answers. */
export interface By {
  readonly provider: string;
  readonly model: string;
}

/** The answer to a call that a crash cut off, for the model and people. */
const INTERRUPTED =
  "The gateway stopped while this call was under way. Whether it took effect is not known, and it was not repeated: " +
  "find out before you call it again, and tell the person.";

/** The state that an earlier attempt of a run left. */
export interface EarlierAttempt {
  /** Calls without an answer that are made now. */
  readonly pending: readonly ToolRequest[];
  /** The text of each turn. */
  readonly texts: readonly string[];
}

export class TurnLog {
  readonly #services: AgentServices;
  readonly #run: ToolRun;
  readonly #names = new Set<string>();

  constructor(services: AgentServices, run: ToolRun) {
    this.#services = services;
    this.#run = run;
  }

  /** Reads the state of an earlier attempt from the transcript; answers calls that must not be repeated. */
  takeUp(isOnce: (name: string) => boolean): EarlierAttempt {
    const { store } = this.#services;
    const own = this.#own();
    const answered = new Set(own.flatMap(({ toolCallId }) => (toolCallId === undefined ? [] : [toolCallId])));
    const turns = own.filter(({ role }) => role === "assistant");
    const calls = turns.flatMap(({ content }) => content.flatMap(callOf));
    for (const { callId } of calls) this.#names.add(callId);
    const begun = new Set(
      store
        .all<{ id: string }>("select call_id as id from tool_calls where run_id = ?", this.#run.id)
        .map(({ id }) => id),
    );
    const open = calls.filter(({ callId }) => !answered.has(callId));
    const interrupted = open.filter(({ callId, name }) => begun.has(callId) && isOnce(name));
    for (const call of interrupted) this.keepResult(call, { text: INTERRUPTED, isError: true });
    return {
      pending: open.filter((call) => !interrupted.includes(call)),
      texts: turns.map(({ content }) => content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("")),
    };
  }

  /** A name for a call: the provider's own, unless this run has used it. */
  nameCall(given: string): string {
    const name = given !== "" && !this.#names.has(given) ? given : `call_${newId().replaceAll("-", "").slice(0, 24)}`;
    this.#names.add(name);
    return name;
  }

  /** Stores a reply that is followed by tools or by steering messages. */
  keepTurn({ content, usage }: Turn, { provider, model }: By): void {
    this.#append({
      role: "assistant",
      content: content.flatMap(toStored),
      provider,
      model,
      usage,
      stopReason: "toolUse",
    });
  }

  /** Notes that a call has begun; after a crash its effect is then unknown. */
  begin({ callId, name }: ToolRequest): void {
    const { store, clock } = this.#services;
    store.run(
      "insert or ignore into tool_calls (run_id, call_id, name, started_at) values (?, ?, ?, ?)",
      ...[this.#run.id, callId, name, clock.now()],
    );
  }

  /** Stores the answer to a call. */
  keepResult({ callId, name }: ToolRequest, result: ToolResult, durationMs?: number): void {
    const { text, images = [], isError = false, meta } = result;
    const { media } = this.#services.sessions;
    const pictures = images.map(({ mimeType, data }) => ({
      type: "image" as const,
      ...media.save(data, { mimeType }),
    }));
    this.#append({
      role: "toolResult",
      content: [{ type: "text", text }, ...pictures],
      toolCallId: callId,
      toolName: name,
      isError,
      ...(durationMs !== undefined && { details: { kind: "tool", durationMs, ...(meta && { meta }) } }),
    });
  }

  #append(message: Parameters<AgentServices["sessions"]["transcript"]["append"]>[1]): void {
    const { store, sessions } = this.#services;
    const { id: runId, sessionKey: key, sessionId } = this.#run;
    store.transaction(() => sessions.transcript.append({ key, sessionId }, { ...message, runId }));
  }

  #own(): StoredMessage[] {
    return this.#services.sessions.transcript.ofRun(this.#run.sessionId, this.#run.id);
  }
}

function callOf(part: StoredPart): ToolRequest[] {
  if (part.type !== "toolCall") return [];
  return [{ callId: part.id, name: part.name, args: part.arguments, raw: JSON.stringify(part.arguments) }];
}

/** A part of the model's reply as the transcript keeps it. */
export function toStored(part: ModelPart): StoredPart[] {
  switch (part.kind) {
    case "text":
      return part.text.trim() === "" ? [] : [{ type: "text", text: part.text }];
    case "reasoning":
      return [{ type: "thinking", thinking: part.text, ...dataOf(part.providerData) }];
    case "tool-call":
      return [
        {
          type: "toolCall",
          id: part.callId,
          name: part.name,
          arguments: part.args ?? {},
          ...dataOf(part.providerData),
        },
      ];
    case "image":
      return [];
  }
}

function dataOf(providerData: Readonly<Record<string, unknown>> | undefined) {
  return providerData && { providerData };
}
