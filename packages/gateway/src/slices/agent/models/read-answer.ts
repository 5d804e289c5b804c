/** Reads a whole answer, for callers that do not stream it. */
import { defined } from "../../../base/defined.ts";
import type { FinishReason, ModelStep } from "./port.ts";

export interface WholeAnswer {
  /** The text, trimmed and without reasoning. */
  readonly text: string;
  readonly reason: FinishReason;
  /** A sentence for people on what is missing of it. */
  readonly note?: string;
}

/** Reads to the end, or until there are more than `maxChars` of text, which then end as "length". */
export async function readAnswer(steps: AsyncIterable<ModelStep>, maxChars = 1_000_000): Promise<WholeAnswer> {
  let text = "";
  let end: Pick<WholeAnswer, "reason" | "note"> = { reason: "other" };
  for await (const step of steps) {
    if (step.kind === "text") text += step.delta;
    if (step.kind === "taken-back") text = "";
    if (step.kind === "finish") end = { reason: step.reason, ...defined({ note: step.note }) };
    if (text.length > maxChars) return { text: text.trim(), reason: "length" };
  }
  return { text: text.trim(), ...end };
}
