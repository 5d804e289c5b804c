/** Reads the end of the log file, and goes on from a cursor (protocol: logs.tail). */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { codeOf } from "../../../base/errors.ts";

export interface LogTail {
  readonly file: string;
  readonly cursor: number;
  readonly size: number;
  readonly lines: string[];
  readonly truncated: boolean;
  readonly reset: boolean;
}

/**
 * Lines from `cursor` (a byte offset) on, at most `limit` lines and `maxBytes` bytes; without a cursor the last ones. A
 * cursor beyond the file or too far behind starts again near the end, with `reset`.
 */
export function tailLog(
  path: string,
  options: { cursor?: number | undefined; limit: number; maxBytes: number },
): LogTail {
  const file = basename(path);
  const descriptor = open(path);
  if (descriptor === undefined) return { file, cursor: 0, size: 0, lines: [], truncated: false, reset: false };
  try {
    const { size } = fstatSync(descriptor);
    const { cursor, maxBytes, limit } = options;
    const reset = cursor !== undefined && (cursor > size || size - cursor > maxBytes);
    const start = cursor === undefined || reset ? Math.max(0, size - maxBytes) : cursor;
    const bytes = Buffer.alloc(size - start);
    const length = readSync(descriptor, bytes, 0, bytes.length, start);
    const lastBreak = bytes.subarray(0, length).lastIndexOf(10);
    const lines = bytes
      .toString("utf8", 0, lastBreak + 1)
      .split("\n")
      .slice(0, -1);
    const startsInLine = start > 0 && (cursor === undefined || reset);
    if (startsInLine) lines.shift();
    const kept = lines.slice(-limit);
    return {
      file,
      cursor: start + lastBreak + 1,
      size,
      lines: kept,
      truncated: startsInLine || kept.length < lines.length,
      reset,
    };
  } finally {
    closeSync(descriptor);
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
