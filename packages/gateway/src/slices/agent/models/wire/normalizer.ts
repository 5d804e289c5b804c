/**
 * Reads providers' streams tolerantly. Servers that call themselves compatible are so mostly; the SDK refuses the rest,
 * and with it the whole answer. Each wire format has a tidier that gives the SDK events in the form it knows.
 */
import type { Api } from "../providers/providers.ts";
import { AnthropicNormalizer } from "./anthropic.ts";
import { ChatNormalizer } from "./chat.ts";
import { GoogleNormalizer } from "./google.ts";
import type { Json, StreamNormalizer } from "./json.ts";
import { ResponsesNormalizer } from "./responses.ts";

/** A reader of one answer's events. */
export function normalizerFor(api: Api): StreamNormalizer {
  switch (api) {
    case "openai-compatible":
      return new ChatNormalizer();
    case "anthropic":
      return new AnthropicNormalizer();
    case "google":
      return new GoogleNormalizer();
    case "openai":
      return new ResponsesNormalizer();
  }
}

/** The error in a body with status 200; undefined when there is none. */
export function problemIn(value: Json): unknown {
  const { error, type, object, response, choices, candidates, message, detail, errors } = value;
  if (isSaid(error)) return value;
  if (type === "error" || object === "error") return value;
  if (type === "response.failed") return response ?? value;
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  if (typeof choice === "object" && choice !== null && isSaid((choice as Json).error)) return choice;
  const isAnswer = choices !== undefined || candidates !== undefined || type !== undefined || object !== undefined;
  return !isAnswer && [message, detail, errors].some(isSaid) ? value : undefined;
}

function isSaid(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false && value !== "";
}
