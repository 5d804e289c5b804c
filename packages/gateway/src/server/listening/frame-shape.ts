/** Reads frames, and says what is wrong with the shape of one. */
import type { RawData } from "ws";
import { ignore } from "../../base/errors.ts";
import { parseJson } from "../../base/text/well-formed.ts";
import { type Schema, validationText } from "../../kit/schema/validate.ts";

const MAX_ID_CHARS = 256;

/** What a frame holds; undefined when it is not JSON. */
export function parsed(data: RawData): unknown {
  try {
    return parseJson(data.toString());
  } catch (error) {
    ignore(error, "the protocol says what happens to a frame that is not JSON");
    return undefined;
  }
}

/** The shape of nearly every frame, checked without the schema. */
export function isPlainRequest(frame: unknown): boolean {
  if (typeof frame !== "object" || frame === null) return false;
  const { type, id, method, params: _params, ...rest } = frame as Record<string, unknown>;
  const isId = typeof id === "string" && id !== "" && id.length <= MAX_ID_CHARS;
  return type === "req" && isId && typeof method === "string" && method !== "" && Object.keys(rest).length === 0;
}

/** What is wrong with a frame, as a sentence; undefined when nothing is. */
export function frameProblem(frame: unknown, schema: Schema): string | undefined {
  const id = (frame as { id?: unknown } | null)?.id;
  if (typeof id === "string" && id.length > MAX_ID_CHARS)
    return `at /id: must NOT have more than ${MAX_ID_CHARS} characters`;
  return validationText(schema, frame);
}

/** The id to answer under: the frame's own, whatever its type, when it is small. */
export function idOf(frame: unknown): unknown {
  const id = (frame as { id?: unknown } | null)?.id;
  const isSmall =
    (typeof id === "string" && id.length <= MAX_ID_CHARS) || typeof id === "number" || typeof id === "boolean";
  return isSmall ? id : "invalid";
}
