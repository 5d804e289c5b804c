/** Files that a message takes along: local ones become data URLs, addresses stay what they are. */

import { readFileSync, statSync } from "node:fs";
import { basename, extname } from "node:path";
import { codeOf, messageOf } from "../../base/errors.ts";
import { CliError } from "../language/exit.ts";
import { bytes } from "../terminal/render.ts";

/** The longest data URL that the `send` method takes, in characters; base64 is a third longer than its bytes. */
const MAX_URL_CHARS = 8_000_000;
const MAX_BYTES = Math.floor(((MAX_URL_CHARS - 400) * 3) / 4);

/** Enough to call common files by their kind; the gateway looks into the file anyway. */
const TYPES: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".mp4": "video/mp4",
  ".mp3": "audio/mpeg",
  ".ogg": "audio/ogg",
  ".opus": "audio/ogg",
  ".m4a": "audio/mp4",
  ".wav": "audio/wav",
  ".pdf": "application/pdf",
  ".txt": "text/plain",
  ".md": "text/markdown",
  ".csv": "text/csv",
  ".json": "application/json",
  ".zip": "application/zip",
};

/** An address as it is, or a file as a data URL. Throws `CliError` for a file that cannot be sent. */
export function mediaUrl(given: string): string {
  if (/^(https|data):/i.test(given)) return given;
  if (/^http:/i.test(given)) throw new CliError(`${given} is not encrypted; give an https: address or a file.`);
  const { size } = statOf(given);
  if (size === 0) throw new CliError(`${given} is empty.`);
  if (size > MAX_BYTES)
    throw new CliError(
      `${given} is ${bytes(size)}; from here at most ${bytes(MAX_BYTES)} can be sent. Give an https: address.`,
    );
  const type = TYPES[extname(given).toLowerCase()] ?? "application/octet-stream";
  const name = encodeURIComponent(basename(given).slice(-80));
  return `data:${type};name=${name};base64,${readFileSync(given).toString("base64")}`;
}

function statOf(path: string): { size: number } {
  try {
    const stat = statSync(path);
    if (stat.isFile()) return stat;
  } catch (error) {
    const why = codeOf(error) === "ENOENT" ? "is not there" : `cannot be read (${codeOf(error) ?? messageOf(error)})`;
    throw new CliError(`${path} ${why}.`);
  }
  throw new CliError(`${path} is not a file.`);
}
