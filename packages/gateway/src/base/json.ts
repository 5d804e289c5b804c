/** Reads JSON from outside, which may be malformed. */
import { ignore } from "./errors.ts";

/** The value of a JSON text; `otherwise` when the text is not JSON. */
export function jsonOr(text: string, otherwise?: unknown): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    ignore(error, "whoever asks says what a text is that is no JSON");
    return otherwise;
  }
}
