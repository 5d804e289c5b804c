/** Reads the end of the log file, and goes on from a cursor (protocol: logs.tail). */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { codeOf } from "../../../base/errors.ts";
import { type LineQuery, matchesLine } from "../../../base/log-query.ts";

export interface LogTail {
  readonly file: string;
  readonly cursor: number;
  readonly size: number;
  readonly lines: string[];
  readonly truncated: boolean;
  readonly reset: boolean;
  /** Where the first of the lines begins; given for lines before an offset. */
  readonly start?: number;
}

/** The last lines before `before`, a byte offset where a line begins. */
export function linesBefore(path: string, options: { before: number; limit: number; maxBytes: number }): LogTail {
  const file = basename(path);
  const descriptor = open(path);
  if (descriptor === undefined)
    return { file, cursor: 0, size: 0, lines: [], truncated: false, reset: false, start: 0 };
  try {
    const { size } = fstatSync(descriptor);
    const end = Math.min(options.before, size);
    const from = Math.max(0, end - options.maxBytes);
    const bytes = Buffer.alloc(end - from);
    const length = readSync(descriptor, bytes, 0, bytes.length, from);
    const lines = bytes.toString("utf8", 0, length).split("\n").slice(0, -1);
    if (from > 0) lines.shift();
    const kept = lines.slice(-options.limit);
    const start = end - kept.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    return { file, cursor: end, size, lines: kept, truncated: start > 0, reset: false, start };
  } finally {
    closeSync(descriptor);
  }
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

/**
 * The newest lines that match, in the file and in the one before it. It reads backwards in pieces, and lets others work between
 * two of them. From a cursor on it looks at what was added only.
 */
export async function searchLog(
  path: string,
  options: { cursor?: number | undefined; limit: number; maxBytes: number },
  query: LineQuery,
): Promise<LogTail> {
  if (options.cursor !== undefined) {
    const tail = tailLog(path, { ...options, limit: Number.POSITIVE_INFINITY });
    return { ...tail, lines: tail.lines.filter((line) => matchesLine(line, query)).slice(-options.limit) };
  }
  const { file, cursor, size } = tailLog(path, { ...options, maxBytes: 1 });
  const found: string[] = [];
  let bytes = 0;
  for (const each of [path, `${path}.1`])
    for await (const line of linesBackwards(each)) {
      if (query.since !== undefined && isBefore(line, query.since))
        return { file, cursor, size, lines: found.reverse(), truncated: false, reset: false };
      if (!matchesLine(line, query)) continue;
      bytes += line.length;
      if (found.length >= options.limit || bytes > options.maxBytes)
        return { file, cursor, size, lines: found.reverse(), truncated: true, reset: false };
      found.push(line);
    }
  return { file, cursor, size, lines: found.reverse(), truncated: false, reset: false };
}

/** Bytes that are read at once. */
const PIECE_BYTES = 256 * 1024;
/** A search that has read so much pauses for others. */
const TURN_BYTES = 1024 * 1024;

/** Whole lines, the last one first. */
async function* linesBackwards(path: string): AsyncGenerator<string> {
  const descriptor = open(path);
  if (descriptor === undefined) return;
  try {
    let end = fstatSync(descriptor).size;
    let rest = Buffer.alloc(0);
    let read = 0;
    while (end > 0) {
      const length = Math.min(PIECE_BYTES, end);
      const piece = Buffer.alloc(length);
      readSync(descriptor, piece, 0, length, end - length);
      end -= length;
      const all = Buffer.concat([piece, rest]);
      const first = end === 0 ? -1 : all.indexOf(10);
      if (first < 0 && end > 0) {
        rest = all;
        continue;
      }
      rest = all.subarray(0, first + 1);
      const lines = all.toString("utf8", first + 1).split("\n");
      for (const line of lines.reverse()) if (line !== "") yield line;
      read += length;
      if (read % TURN_BYTES < PIECE_BYTES) await nextTurn();
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a line was written before a moment; the file is in order of time but for clocks that are put back. */
function isBefore(line: string, since: number): boolean {
  const at = Date.parse(/^\{"time":"([^"]+)"/.exec(line)?.[1] ?? "");
  return at < since - CLOCK_SLACK_MS;
}

/** How far a clock that was put back may have moved for lines to be found all the same. */
const CLOCK_SLACK_MS = 3_600_000;

function open(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
