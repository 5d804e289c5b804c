/** Reads what was sent: bounded JSON, and what a retry is known by. */
import type { IncomingHttpHeaders } from "node:http";
import { isRecord } from "../../../../base/config/config.ts";
import { ignore } from "../../../../base/errors.ts";
import { sha256Hex } from "../../../../base/ids.ts";
import type { NamedMapping } from "../actions/mapping.ts";
import { type Delivered, readsPayload, textAt } from "../actions/template.ts";
import { refused } from "./refusal.ts";

/** How deep a payload may be nested: what reads it later goes down as deep. */
const MAX_DEPTH = 64;
const MAX_ID_CHARS = 256;

/** The payload. GitHub also sends it as the field of a form. Throws a 400 for what is not JSON, or too deep. */
export function payloadIn(body: Buffer, type: string | undefined, scheme: string | undefined): unknown {
  const text = textIn(body, type);
  const isForm = scheme === "github" && /^application\/x-www-form-urlencoded\b/i.test(type ?? "");
  const json = isForm ? (new URLSearchParams(text).get("payload") ?? "") : text;
  const payload = parsed(json);
  if (scheme !== "google" || !isRecord(payload)) return payload;
  // What was published, which Pub/Sub carries in base64.
  const data = isRecord(payload.message) ? payload.message.data : undefined;
  const published = typeof data === "string" ? Buffer.from(data, "base64").toString("utf8") : "";
  return { ...payload, decoded: parsedOr(published, published) };
}

/**
 * The body as text, in the charset that its type names, else UTF-8. Throws a 400 for bytes that are no text: they could only
 * be read with errors.
 */
function textIn(body: Buffer, type = ""): string {
  const [, charset = "utf-8"] = /;\s*charset\s*=\s*"?([^\s";]{1,40})/i.exec(type) ?? [];
  try {
    return new TextDecoder(charset, { fatal: true }).decode(body);
  } catch (error) {
    ignore(error, "the refusal says so");
    throw refused(400, `the body is not text in ${charset.replace(/[^\w.:-]/g, "?")}; send UTF-8`);
  }
}

function parsed(text: string): unknown {
  if (isTooDeep(text)) throw refused(400, `the JSON is nested deeper than ${MAX_DEPTH}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    ignore(error, "the refusal says so");
    throw refused(400, "the body is not JSON");
  }
}

function parsedOr(text: string, otherwise: string): unknown {
  try {
    return parsed(text);
  } catch (error) {
    ignore(error, "what was published need not be JSON");
    return otherwise;
  }
}

/** Looks at brackets outside strings only. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at);
    else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

/** What names a delivery: the sender's own word for it, and the keys by which a retry is known. */
export interface Naming {
  readonly eventId?: string;
  readonly keys: readonly string[];
}

/** Names a call of `wake` or `agent` by the caller's key. Throws a 400 for a key that cannot be one. */
export function nameCall(hook: string, headers: IncomingHttpHeaders, payload: unknown): Naming {
  const field = isRecord(payload) ? payload.idempotencyKey : undefined;
  const key = headers["idempotency-key"] ?? field;
  if (key === undefined) return { keys: [] };
  return { eventId: checkedKey(key), keys: [keyOf(hook, "key", checkedKey(key))] };
}

function checkedKey(key: unknown): string {
  if (typeof key === "string" && key.length <= MAX_ID_CHARS && /^[\x21-\x7e]+$/.test(key)) return key;
  throw refused(400, `Idempotency-Key must be 1 to ${MAX_ID_CHARS} printable ASCII characters without blanks`);
}

/** Where senders name their events when the settings say nothing. */
const EVENT_IDS: Readonly<Record<string, string>> = {
  github: "headers.x-github-delivery",
  stripe: "payload.id",
  google: "payload.message.messageId",
};

/**
 * Names a delivery to a mapping. An id outside the signed body proves nothing: then the signature itself counts too, so
 * that nobody can send a recorded request again under another id.
 */
export function nameDelivery(mapping: NamedMapping, delivered: Delivered, { headers, mark }: Proved): Naming {
  const expression = mapping.eventId ?? EVENT_IDS[mapping.verify?.scheme ?? ""];
  const id = expression === undefined ? "" : textAt(expression, delivered);
  if (id === "" && mark === undefined) return nameCall(mapping.id, headers, delivered.payload);
  const isSigned = id !== "" && expression !== undefined && readsPayload(expression);
  return {
    ...(id !== "" && { eventId: id.slice(0, MAX_ID_CHARS).toWellFormed() }),
    keys: [
      ...(id === "" ? [] : [keyOf(mapping.id, "event", id)]),
      ...(mark === undefined || isSigned ? [] : [keyOf(mapping.id, "signature", mark)]),
    ],
  };
}

interface Proved {
  readonly headers: IncomingHttpHeaders;
  readonly mark: string | undefined;
}

function keyOf(hook: string, kind: string, id: string): string {
  return `${hook} ${kind} ${sha256Hex(id)}`;
}
