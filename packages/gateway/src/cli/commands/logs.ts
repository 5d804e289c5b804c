/** `moltbot logs` — the end of the gateway's log, and what is added to it. */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRecord } from "../../base/config/config.ts";
import { fileExists } from "../../base/files.ts";
import { type Call, defineCommand } from "../command.ts";
import { type Link, withGateway } from "../connect.ts";
import { CliError, EXIT } from "../exit.ts";
import { printable } from "../render.ts";
import { resolveTarget } from "../target.ts";

const DEFAULT_LINES = 200;
const LOOK_EVERY_MS = 500;

/** How much of a file is read for its last lines. */
const MAX_BYTES = 1_000_000;

const logFlags = {
  follow: { kind: "switch", short: "f", summary: "Go on with what is added, until Ctrl-C" },
  limit: { kind: "number", short: "n", value: "LINES", summary: `Lines to begin with (${DEFAULT_LINES})` },
} as const;

/** Prints the last lines; with `--follow`, those that come until Ctrl-C. */
export const logs = defineCommand({
  summary: "Show the end of the gateway's log",
  flags: logFlags,
  async run(call) {
    const limit = Math.min(5_000, Math.max(1, Math.floor(call.flags.limit ?? DEFAULT_LINES)));
    const target = resolveTarget(call.flags, call.env);
    const path = join(target.stateDir, "logs", "gateway.log");
    try {
      await withGateway(call, (link) => follow(call, { link, limit }), { target });
    } catch (error) {
      const isDown = error instanceof CliError && error.exitCode === EXIT.unreachable;
      if (!isDown || !target.isLocal || !fileExists(path)) throw error;
      for (const line of lastLines(path, limit)) printLine(call, line);
      call.out.note(`The gateway does not run; these are the last lines of ${path}.`);
    }
  },
});

type Shown = Pick<Call, "flags" | "out">;

async function follow(call: Call<typeof logFlags>, { link, limit }: { link: Link; limit: number }): Promise<void> {
  let { cursor } = await show(call, link, { limit });
  while (call.flags.follow) {
    await sleep(LOOK_EVERY_MS);
    ({ cursor } = await show(call, link, { cursor }));
  }
}

async function show(call: Shown, link: Link, params: { limit?: number; cursor?: number }) {
  const page = await link.client.request("logs.tail", params, { timeoutMs: link.timeoutMs });
  for (const line of page.lines) printLine(call, line);
  return page;
}

function printLine(call: Shown, line: string): void {
  if (call.flags.json) call.out.raw(line);
  else call.out.print(forPeople(line, call));
}

function lastLines(path: string, limit: number): string[] {
  const { size } = statSync(path);
  const buffer = Buffer.alloc(Math.min(size, MAX_BYTES));
  const file = openSync(path, "r");
  readSync(file, buffer, 0, buffer.length, size - buffer.length);
  closeSync(file);
  return buffer.toString("utf8").trimEnd().split("\n").slice(-limit);
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
