/**
 * How providers word the errors that a status alone does not tell apart. Each pattern is about one meaning and names
 * whose words it knows. They are matched against the whole body, codes included.
 */

/** The conversation is longer than the model's window. */
const TOO_LONG = new RegExp(
  [
    "context_length_exceeded|string_above_max_length", // OpenAI, Groq, DeepSeek
    "exceeds the context window", // OpenAI's responses
    "maximum context length|longer than the maximum model length", // OpenAI, vLLM, OpenRouter, Mistral
    "maximum prompt length", // xAI
    "prompt is too long|exceed context limit|request_too_large", // Anthropic
    "input token count.{0,40}exceeds|exceeds the maximum number of (?:input )?tokens", // Google
    "exceed_context_size_error|exceeds? the available context size", // llama.cpp
    "input length exceeds|exceeds? (?:the )?(?:maximum )?context length", // Ollama
    "context (?:the )?overflows|greater than the context length", // LM Studio
    "reduce the length of (?:the |your )?(?:messages|prompt|input)", // several
    "request too large for", // limits of tokens per minute that no waiting helps with
  ].join("|"),
  "i",
);

/** The key is wrong, where the status does not say so: Google, xAI. */
const BAD_KEY = /API_KEY_INVALID|api key (?:not valid|expired|is invalid)|(?:incorrect|invalid) api key/i;

/** The account has no money left: OpenAI, Anthropic, DeepSeek and others. */
const NO_CREDIT =
  /insufficient_quota|credit balance is too low|insufficient (?:balance|credits?|funds)|out of credits|payment required/i;

/** There is no such model, where the status does not say so: OpenRouter, DeepSeek, Mistral, Groq, Ollama, vLLM. */
const NO_MODEL =
  /model_not_found|not a valid model|model not exist|invalid model\b|model_decommissioned|has been (?:decommissioned|deprecated|retired)|does not have access to model|\bmodel\b.{1,200} (?:not found|does not exist)|no such model|unknown model\b/i;

/** The model or its server cannot call tools: Ollama, vLLM, llama.cpp, OpenRouter, Groq. */
const NO_TOOLS =
  /does not support tools|enable-auto-tool-choice|tools? param requires --jinja|no endpoints found that support tool use|tool (?:calling|use) is not supported|`tool calling` is not supported/i;

/** What a body says beyond its status. */
export type Wording = "too-long" | "bad-key" | "no-credit" | "no-model" | "no-tools";

/** The meaning of an error's words; undefined when only the status tells. */
export function wordingOf(body: string): Wording | undefined {
  if (TOO_LONG.test(body)) return "too-long";
  if (NO_TOOLS.test(body)) return "no-tools";
  if (BAD_KEY.test(body)) return "bad-key";
  if (NO_CREDIT.test(body)) return "no-credit";
  return NO_MODEL.test(body) ? "no-model" : undefined;
}
