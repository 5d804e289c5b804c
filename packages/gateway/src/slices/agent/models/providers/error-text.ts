/** The provider's own text of an error, from its body: short, on one line, without our key. */
import { ignore } from "../../../../base/errors.ts";
import { jsonOr } from "../../../../base/json.ts";

const MAX_BODY_CHARS = 65_536;
const MAX_SAID_CHARS = 300;
const MAX_SENTENCE_CHARS = 2_000;

/** The first 64 KB of a body. */
export async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < MAX_BODY_CHARS) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch((error: unknown) => ignore(error, "what has been read is enough"));
  }
  return text;
}

/** The message in a body as a clause for a sentence of ours; "" when it has nothing that people can read. */
export function clauseOf(body: string, apiKey: string | undefined): string {
  const text = oneLine(sentenceIn(body).slice(0, MAX_SENTENCE_CHARS));
  if (text === "") return "";
  const clean = apiKey ? text.replaceAll(apiKey, "[key]") : text;
  return ` (“${clean.replace(/[.\s]+$/, "")}”)`;
}

/** Text on one line, cut when it is long. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MAX_SAID_CHARS ? `${line.slice(0, MAX_SAID_CHARS - 1)}…` : line;
}

/** The message inside the shapes in which providers wrap it. */
function messageIn(value: unknown, depth = 0): string {
  if (depth > 6) return "";
  // Some providers pass on the error of another service as text.
  if (typeof value === "string") return /^\s*[[{]/.test(value) ? sentenceIn(value, depth + 1) : value;
  if (typeof value !== "object" || value === null) return "";
  if (Array.isArray(value)) return messageIn(value[0], depth + 1);
  const { message, error, detail, msg } = value as Record<string, unknown>;
  return [message, error, detail, msg].map((each) => messageIn(each, depth + 1)).find((text) => text !== "") ?? "";
}

/** The sentence in a body; "" for a web page, and for JSON that is broken. */
function sentenceIn(body: string, depth = 0): string {
  const value = jsonOr(body);
  if (value !== undefined) return messageIn(value, depth);
  return /^\s*[<[{]/.test(body) ? "" : body;
}

/** Milliseconds from `retry-after-ms`, `retry-after` (seconds, or a date) or Google's `retryDelay`, or undefined. */
export function retryAfterOf(headers: Headers, body: string): number | undefined {
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const value = headers.get("retry-after");
  if (value === null) {
    const delay = /"retryDelay":\s*"([\d.]+)s"/.exec(body)?.[1];
    return delay === undefined ? undefined : Math.ceil(Number(delay) * 1000);
  }
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const now = Date.parse(headers.get("date") ?? "");
  const at = Date.parse(value);
  return Number.isFinite(at - now) ? Math.max(0, at - now) : undefined;
}
