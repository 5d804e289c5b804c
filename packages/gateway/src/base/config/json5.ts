/**
 * Parses JSON5 for config files: whole numbers that are too long for a JavaScript number keep their digits, as text.
 */
import JSON5 from "json5";
import { detailOf, ignore, TellableError } from "../errors.ts";

/** What is no JSON5, in words of ours, and where. */
export class Json5Error extends TellableError {
  override readonly name = "Json5Error";
  readonly lineNumber: number | undefined;

  constructor(cause: unknown) {
    const { lineNumber, columnNumber } = cause as { readonly lineNumber?: number; readonly columnNumber?: number };
    const where = lineNumber === undefined ? "" : ` at line ${lineNumber}, column ${columnNumber}`;
    super(`${problemOf(detailOf(cause))}${where}`, { cause });
    this.lineNumber = lineNumber;
  }
}

/** The parser names one character at most. */
function problemOf(detail: string): string {
  if (detail.includes("end of input")) return "it ends too early";
  const [, character] = /invalid character '(.{1,8}?)'/.exec(detail) ?? [];
  return character === undefined ? "it cannot be read" : `there is a ${JSON.stringify(character)} where none may be`;
}

/** Digits from which neighbouring whole numbers can no longer be told apart (2^53: 16 digits). */
const LONG = 16;

/**
 * Parses JSON5. A whole number beyond 2^53, such as an id that somebody forgot to put in quotes, becomes a string with the
 * same digits. Throws `Json5Error` when the text is not JSON5.
 */
export function parseJson5(text: string): unknown {
  const quoted = /\d{16}/.test(text) ? withLongNumbersQuoted(text) : text;
  try {
    // `JSON.parse` is many times faster, and long texts are mostly JSON.
    return JSON.parse(quoted);
  } catch (error) {
    ignore(error, "what is no JSON may be JSON5");
    return readJson5(quoted);
  }
}

function readJson5(text: string): unknown {
  try {
    return JSON5.parse(text);
  } catch (error) {
    throw new Json5Error(error);
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
