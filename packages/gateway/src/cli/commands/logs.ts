/** `moltbot logs` — the end of the gateway's log, and what is added to it. */

import { setTimeout as sleep } from "node:timers/promises";
import { isRecord } from "../../base/config.ts";
import { type Call, defineCommand } from "../command.ts";
import { type Link, withGateway } from "../connect.ts";
import { printable } from "../render.ts";

const DEFAULT_LINES = 200;
const LOOK_EVERY_MS = 500;

/** Prints the last lines; with `--follow`, those that come until Ctrl-C. */
export const logs = defineCommand({
  summary: "Show the end of the gateway's log",
  flags: {
    follow: { kind: "switch", short: "f", summary: "Go on with what is added, until Ctrl-C" },
    limit: { kind: "number", short: "n", value: "LINES", summary: `Lines to begin with (${DEFAULT_LINES})` },
  },
  run: (call) =>
    withGateway(call, async (link) => {
      const limit = Math.min(5_000, Math.max(1, Math.floor(call.flags.limit ?? DEFAULT_LINES)));
      let { cursor } = await show(call, link, { limit });
      while (call.flags.follow) {
        await sleep(LOOK_EVERY_MS);
        ({ cursor } = await show(call, link, { cursor }));
      }
    }),
});

async function show(call: Pick<Call, "flags" | "out">, link: Link, params: { limit?: number; cursor?: number }) {
  const page = await link.client.request("logs.tail", params, { timeoutMs: link.timeoutMs });
  for (const line of page.lines) call.out.print(call.flags.json ? line : forPeople(line, call));
  return page;
}

/** A JSON line as time, level, sentence and fields; any other line as it is. */
function forPeople(line: string, { out }: Pick<Call, "out">): string {
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
