/**
 * Parses JSON5 for config files: whole numbers that are too long for a JavaScript number keep their digits, as text.
 */
import JSON5 from "json5";
import { ignore } from "../errors.ts";

/** Digits from which neighbouring whole numbers can no longer be told apart (2^53: 16 digits). */
const LONG = 16;

/**
 * Parses JSON5. A whole number beyond 2^53, such as an id that somebody forgot to put in quotes, becomes a string with the
 * same digits. Throws `SyntaxError` with `lineNumber` when the text is not JSON5.
 */
export function parseJson5(text: string): unknown {
  const quoted = /\d{16}/.test(text) ? withLongNumbersQuoted(text) : text;
  try {
    // `JSON.parse` is many times faster, and long texts are mostly JSON.
    return JSON.parse(quoted);
  } catch (error) {
    ignore(error, "what is no JSON may be JSON5");
    return JSON5.parse(quoted);
  }
}

/** A string, a comment, a word or number with its sign, or one character. */
const TOKEN = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[+-]?[\w$.]+|[\s\S]/g;

function withLongNumbersQuoted(text: string): string {
  return text.replace(TOKEN, (token) => {
    const isLong = /^[+-]?\d+$/.test(token) && token.length >= LONG && !Number.isSafeInteger(Number(token));
    return isLong ? `"${token.replace("+", "")}"` : token;
  });
}
