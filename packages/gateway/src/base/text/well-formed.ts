/**
 * JSON that every parser reads. JavaScript's texts may hold half a surrogate pair, as an escape in JSON; the parsers of Swift,
 * Python and others refuse the whole frame. Such a half becomes U+FFFD.
 */

/** How an escape of a surrogate begins. Halves that are alone are nowhere else: UTF-8 cannot hold them. */
const ESCAPE = /\\u[dD][89a-fA-F]/;
/** What `JSON.stringify` writes of a half that is alone, and not of a backslash and letters. */
const HALF = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** Like `JSON.stringify`, but without halves. */
export function jsonText(value: unknown): string {
  const json = JSON.stringify(value);
  return json?.includes("\\ud") ? json.replace(HALF, "$1\ufffd") : json;
}

/** Like `JSON.parse`, but no text of the value holds a half. Throws what `JSON.parse` throws. */
export function parseJson(text: string): unknown {
  return ESCAPE.test(text)
    ? JSON.parse(text, (_key, value: unknown) => (typeof value === "string" ? value.toWellFormed() : value))
    : JSON.parse(text);
}
