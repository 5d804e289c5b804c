/** Google's generateContent. */

import { jsonOr } from "../../../../base/json.ts";
import { countsIn, type Json, known, objectIn, objectsIn, type StreamNormalizer, textIn } from "./json.ts";

export class GoogleNormalizer implements StreamNormalizer {
  isClosed = false;
  hasContent = false;

  read(event: Json): Json[] {
    const usageMetadata = countsIn(event.usageMetadata);
    const blocked = textIn(objectIn(event.promptFeedback)?.blockReason);
    const candidates = objectsIn(event.candidates ?? [])
      .slice(0, 1)
      .map((each) => this.#candidate(each));
    if (candidates.length === 0 && blocked) {
      this.isClosed = true;
      candidates.push({ content: { role: "model", parts: [] }, finishReason: "PROHIBITED_CONTENT" });
    }
    if (candidates.length === 0 && !usageMetadata) return [];
    return [known({ candidates, usageMetadata, responseId: textIn(event.responseId) })];
  }

  before(): Json[] {
    this.hasContent = true;
    return [];
  }

  close(): Json[] {
    this.isClosed = true;
    return [{ candidates: [{ content: { role: "model", parts: [] }, finishReason: "STOP" }] }];
  }

  whole(body: unknown): Json[] | undefined {
    const events = objectsIn(body).filter((each) => each.candidates !== undefined || each.promptFeedback !== undefined);
    return events.length > 0 ? events : undefined;
  }

  #candidate({ content, finishReason }: Json): Json {
    const parts = objectsIn(objectIn(content)?.parts ?? []).flatMap(partIn);
    if (parts.length > 0) this.hasContent = true;
    const given = textIn(finishReason);
    const reason = given === "FINISH_REASON_UNSPECIFIED" ? undefined : given;
    if (reason) this.isClosed = true;
    return known({ content: { role: "model", parts }, finishReason: reason || undefined });
  }
}

/** Parts that we know; what else a model does at its maker's is not for us. */
function partIn(part: Json): Json[] {
  const more = known({ thoughtSignature: textIn(part.thoughtSignature) });
  const call = objectIn(part.functionCall);
  if (call) {
    const { id, name, args } = call;
    return [{ functionCall: known({ id: textIn(id), name: textIn(name) ?? "", args: argsIn(args) }), ...more }];
  }
  const text = textIn(part.text);
  if (text === undefined) return [];
  return [{ text, ...(part.thought === true && { thought: true }), ...more }];
}

function argsIn(args: unknown): Json {
  if (typeof args !== "string") return objectIn(args) ?? {};
  return objectIn(jsonOr(args)) ?? {};
}
