/** `moltbot logs` — the end of the gateway's log, and what is added to it. */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRecord } from "../../base/config/config.ts";
import { fileExists } from "../../base/files.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { CliError, EXIT } from "../language/exit.ts";
import { filterOf, LEVELS, type LineFilter } from "../log-filter.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { resolveTarget } from "../reach/target.ts";
import { printable } from "../terminal/render.ts";

const DEFAULT_LINES = 200;
const LOOK_EVERY_MS = 500;

/** How much of a file is read for its last lines; and when lines are looked for: a file is turned over at 10 MB. */
const MAX_BYTES = 1_000_000;
const WHOLE_FILE = 20_000_000;

const logFlags = {
  level: { kind: "text", value: "LEVEL", summary: "Only lines of this level and above", choices: LEVELS },
  word: { kind: "list", value: "TEXT", summary: "Only lines with this text; several: with all of them" },
  account: { kind: "text", value: "NAME", summary: "Only lines of this account: CHANNEL, or CHANNEL/ACCOUNT" },
  run: {
    kind: "text",
    value: "ID",
    summary: "Only lines of this run; the beginning of its id is enough",
    completes: "run",
  },
  since: { kind: "text", value: "WHEN", summary: "Only lines since then: 10m, 2h, 3d, or a time as in the lines" },
  follow: { kind: "switch", short: "f", summary: "Go on with what is added, until Ctrl-C" },
  limit: { kind: "number", short: "n", value: "LINES", summary: `Lines to begin with (${DEFAULT_LINES})` },
} as const;

/** Prints the last lines; with `--follow`, those that come until Ctrl-C. */
export const logs = defineCommand({
  summary: "Show the end of the gateway's log, or the lines of it that you look for",
  page: "logs",
  flags: logFlags,
  examples: [
    "moltbot logs --follow",
    "moltbot logs --level warn --since 2h",
    "moltbot logs --account telegram/work --word rate",
  ],
  async run(call) {
    const limit = Math.min(5_000, Math.max(1, Math.floor(call.flags.limit ?? DEFAULT_LINES)));
    const wanted = filterOf(call.flags);
    const target = resolveTarget(call.flags, call.env);
    const path = join(target.stateDir, "logs", "gateway.log");
    try {
      await withGateway(call, (link) => follow(call, { link, limit, wanted }), { target });
    } catch (error) {
      const isDown = error instanceof CliError && error.exitCode === EXIT.unreachable;
      if (!isDown || !target.isLocal || !fileExists(path)) throw error;
      const lines = lastLines(path, { limit, wanted });
      for (const line of lines) printLine(call, line);
      const found = lines.length > 0 ? "these are the last lines of" : `no line${wanted ? " like that" : ""} is in`;
      call.out.note(`The gateway does not run; ${found} ${path}.`);
    }
  },
});

type LogsCall = Call<typeof logFlags>;
type Shown = Pick<Call, "flags" | "out">;

interface Following {
  readonly link: Link;
  readonly limit: number;
  /** Undefined where every line is wanted. */
  readonly wanted: LineFilter | undefined;
}

async function follow(call: LogsCall, { link, limit, wanted }: Following): Promise<void> {
  const { client, timeoutMs } = link;
  const filters = wanted?.params;
  let { cursor, lines } = await client.request("logs.tail", { limit, ...filters }, { timeoutMs });
  for (;;) {
    // A gateway of before filters sends every line.
    for (const line of wanted ? lines.filter(wanted.matches) : lines) printLine(call, line);
    if (!call.flags.follow) return;
    await sleep(LOOK_EVERY_MS);
    ({ cursor, lines } = await client.request("logs.tail", { cursor, ...filters }, { timeoutMs }));
  }
}

function printLine(call: Shown, line: string): void {
  if (call.flags.json) call.out.raw(line);
  else call.out.print(forPeople(line, call));
}

/** The last lines that are wanted, of this file and of the one before it. */
function lastLines(path: string, { limit, wanted }: Omit<Following, "link">): string[] {
  const lines: string[] = [];
  for (const each of [path, `${path}.1`]) {
    const before = fileExists(each) ? linesOf(each, wanted ? WHOLE_FILE : MAX_BYTES) : [];
    lines.unshift(...(wanted ? before.filter(wanted.matches) : before));
    if (lines.length >= limit) break;
  }
  return lines.slice(-limit);
}

function linesOf(path: string, maxBytes: number): string[] {
  const { size } = statSync(path);
  const buffer = Buffer.alloc(Math.min(size, maxBytes));
  const file = openSync(path, "r");
  readSync(file, buffer, 0, buffer.length, size - buffer.length);
  closeSync(file);
  return buffer.toString("utf8").trimEnd().split("\n").filter(Boolean);
}

/** A JSON line as time, level, sentence and fields; any other line as it is. */
function forPeople(line: string, { out }: Shown): string {
  const entry = parse(line);
  if (!entry) return printable(line);
  const { time, level, msg, ...fields } = entry;
  const { dim, green, yellow, red } = out.style;
  const paint = { info: green, warn: yellow, error: red }[String(level)] ?? dim;
  const at = new Date(String(time));
  const clock = Number.isNaN(at.getTime()) ? String(time) : at.toTimeString().slice(0, 8);
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const words = [dim(clock), paint(String(level).padEnd(5)), printable(String(msg)), dim(printable(rest.join(" ")))];
  return words.filter((word) => word !== "").join(" ");
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && "msg" in value ? value : undefined;
  } catch {
    return undefined;
  }
}
