/** Saves what nodes send: pictures, films, sound. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isRecord } from "../../base/config/config.ts";
import { CliError } from "../language/exit.ts";

/** Writes a payload with `format` and `base64` to `out`, or beside the current folder; returns the file's path. */
export function saveMedia(payload: unknown, { name, out }: { name: string; out: string | undefined }): string {
  const { format, base64 } = isRecord(payload) ? payload : {};
  if (typeof base64 !== "string" || base64 === "") throw new CliError("The node sent no picture and no recording.");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new CliError("The node sent a damaged file. Ask it again.");
  const ending = typeof format === "string" && /^[A-Za-z0-9]{1,8}$/.test(format) ? format : "bin";
  const path = resolve(out ?? join(".", `${name}-${stamp()}.${ending}`));
  writeFileSync(path, Buffer.from(base64, "base64"), { flag: out === undefined ? "wx" : "w", mode: 0o600 });
  return path;
}

function stamp(): string {
  return new Date().toISOString().replace(/[:.]/g, "-").slice(0, 23);
}
