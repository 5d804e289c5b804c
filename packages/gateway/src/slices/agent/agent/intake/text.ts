/** Checks, cleans and normalises text of people. */
import { invalidRequest } from "../../../../base/errors.ts";
import { normalised } from "../../../../base/text/normal-text.ts";

/**
 * The stored form of a message: NFC, without control characters other than line feeds and tabs. Throws
 * `INVALID_REQUEST` for NUL, which no person types.
 */
export function cleanMessage(message: string): string {
  if (message.includes("\u0000")) throw invalidRequest("message must not contain NUL characters");
  const plain = message
    .replaceAll("\r\n", "\n")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    .replace(/[\u0001-\u0008\u000b-\u001f\u007f-\u009f]/g, "")
    .toWellFormed();
  return normalised(plain, "NFC");
}
