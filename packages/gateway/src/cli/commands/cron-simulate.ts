/** `moltbot cron simulate` — what would become of each time of a schedule. It needs no gateway, except for `--job`. */
import { readFileSync } from "node:fs";
import { ignore, invalidRequest } from "../../base/errors.ts";
import type { Simulation } from "../../base/schedule/simulate.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { CliError, usageError } from "../language/exit.ts";
import { spanOf } from "./cron-span.ts";

const DAY_MS = 86_400_000;
const MAX_DAYS = 3_660;
const RULES = ["latest", "all", "none"] as const;

const flags = {
  job: { kind: "text", value: "ID", summary: "A job of the gateway, with its own rules" },
  cron: { kind: "text", value: "EXPR", summary: "A cron expression of 5 or 6 fields" },
  every: { kind: "text", value: "SPAN", summary: "A span such as 10m, in place of an expression" },
  anchor: { kind: "text", value: "TIME", summary: "From when the span is counted (--from)" },
  tz: { kind: "text", value: "ZONE", summary: "The time zone (that of this machine)" },
  from: { kind: "text", value: "TIME", summary: "Where it begins (now); without a zone it is UTC" },
  days: { kind: "number", value: "N", summary: "How many days (7)" },
  down: { kind: "list", value: "A..B", summary: "When the gateway is off; several with commas" },
  "clock-step": { kind: "list", value: "T:±SPAN", summary: "When the clock is set, such as 2026-06-01T06:30Z:-1h" },
  "catch-up": { kind: "text", value: "RULE", choices: RULES, summary: "What becomes of missed times (latest)" },
  grace: { kind: "text", value: "SPAN", summary: "How late a missed time may be run (1d)" },
  expect: {
    kind: "text",
    value: "FILE",
    summary: "A file with the lines that are expected, in either form; exit 1 when they differ",
  },
} as const;

export const simulateCommand = defineCommand({
  summary: "Show what would become of each time of a schedule",
  flags,
  examples: [
    'moltbot cron simulate --cron "30 2 * * *" --tz Europe/Berlin --from 2026-03-28 --days 3',
    "moltbot cron simulate --every 10m --days 1 --down 2026-06-01T06:00..2026-06-01T07:00 --json",
  ],
  run: async (call) => {
    const { simulate } = await import("../../base/schedule/simulate.ts");
    const { checkSchedule } = await import("../../base/schedule/schedule.ts");
    const simulation = call.flags.job === undefined ? simulationOf(call.flags) : await simulationOfJob(call);
    checkSchedule(simulation.schedule);
    const lines: string[] = [];
    for (const each of simulate(simulation)) {
      const { slot, local, outcome, why } = each;
      lines.push(JSON.stringify({ slot, local, outcome, why }));
      call.out.raw(call.flags.json ? (lines.at(-1) ?? "") : `${slot}  ${local}  ${outcome}  ${why}`);
    }
    if (lines.length === 0 && !call.flags.json) call.out.print("It never fires in this time.");
    const difference = differenceFrom(lines, call.flags.expect);
    if (difference !== undefined) call.out.note(difference);
    return difference === undefined ? 0 : 1;
  },
});

type Given = Call<typeof flags>["flags"];

/** The schedule, zone and rules of a job; other rules that are named are tried in place of its own. */
async function simulationOfJob(call: Call<typeof flags>): Promise<Simulation> {
  const { job: id = "", cron, every, ...given } = call.flags;
  if (cron !== undefined || every !== undefined)
    throw usageError("--job brings its own schedule; leave out --cron and --every.");
  const { withGateway } = await import("../reach/connect.ts");
  const { staggerOf } = await import("../../base/schedule/schedule.ts");
  const job = await withGateway(call, ({ client, timeoutMs }) => client.request("cron.get", { id }, { timeoutMs }));
  const { schedule, catchUp = "latest", graceMs } = job;
  const rules = {
    catchUp: given["catch-up"] ?? catchUp,
    grace: given.grace ?? `${Math.ceil((graceMs ?? DAY_MS) / 1_000)}s`,
  };
  const frame = simulationOf({
    ...{ ...given, every: "1d", grace: rules.grace, "catch-up": rules.catchUp },
    tz: given.tz ?? (schedule.kind === "cron" ? schedule.tz : undefined) ?? "UTC",
  } as Given);
  if (schedule.kind === "at") return { ...frame, schedule: { kind: "at", atMs: Date.parse(schedule.at ?? "") } };
  if (schedule.kind === "every")
    return { ...frame, schedule: { ...schedule, anchorMs: schedule.anchorMs ?? job.createdAtMs } };
  const { expr, tz = frame.tz, staggerMs = 0 } = schedule;
  return { ...frame, schedule: { kind: "cron", expr, tz, offsetMs: staggerOf(id, staggerMs) } };
}

function simulationOf(given: Given): Simulation {
  const tz = given.tz ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const from = given.from === undefined ? Date.now() : timeOf(given.from);
  const days = given.days ?? 7;
  if (!(days > 0 && days <= MAX_DAYS)) throw usageError(`--days takes a number up to ${MAX_DAYS}.`);
  return {
    ...{ schedule: scheduleOf(given, { from, tz }), tz, from, to: from + days * DAY_MS },
    catchUp: RULES.find((rule) => rule === given["catch-up"]) ?? "latest",
    graceMs: spanOf(given.grace ?? "1d"),
    downs: each(given.down).map(downOf),
    steps: each(given["clock-step"]).map(stepOf),
  };
}

function scheduleOf(
  { cron, every, anchor }: Given,
  { from, tz }: { from: number; tz: string },
): Simulation["schedule"] {
  if ((cron === undefined) === (every === undefined)) throw usageError("Give --cron or --every.");
  if (cron !== undefined) return { kind: "cron", expr: cron, tz };
  return { kind: "every", everyMs: spanOf(every ?? ""), anchorMs: anchor === undefined ? from : timeOf(anchor) };
}

function each(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(",")).filter((value) => value.trim() !== "");
}

function downOf(text: string): Simulation["downs"][number] {
  const [from = "", to = ""] = text.split("..");
  const down = { from: timeOf(from), to: timeOf(to) };
  if (down.from < down.to) return down;
  throw usageError(`--down ${text}: the end must be later than the beginning.`);
}

function stepOf(text: string): Simulation["steps"][number] {
  const [, at = "", sign = "", span = ""] = /^(.+):([+-]|±)(\w+)$/.exec(text.trim()) ?? [];
  if (at === "") throw usageError(`--clock-step ${text}: write for example 2026-06-01T06:30Z:-1h.`);
  return { at: timeOf(at), byMs: sign === "-" ? -spanOf(span) : spanOf(span) };
}

/** Epoch ms; a time without a zone is UTC. */
function timeOf(text: string): number {
  const trimmed = text.trim();
  if (/^\d{12,15}$/.test(trimmed)) return Number(trimmed);
  const isWithoutZone = /T\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/.test(trimmed);
  const at = Date.parse(isWithoutZone ? `${trimmed}Z` : trimmed);
  if (!Number.isNaN(at)) return at;
  throw invalidRequest(`"${text.slice(0, 40)}" is no time; write for example 2026-06-01T06:30Z`);
}

/** Says where the lines first differ from those of a file; undefined where they are the same. */
function differenceFrom(lines: readonly string[], file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const expected = textOf(file)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(normal);
  const told = lines.map(normal);
  const at = Array.from({ length: Math.max(expected.length, told.length) }).findIndex(
    (_none, index) => expected[index] !== told[index],
  );
  if (at < 0) return undefined;
  return `${file} differs at line ${at + 1}: expected ${expected[at] ?? "nothing more"}; got ${told[at] ?? "nothing more"}.`;
}

/** A line however its JSON is spaced, or as it is printed for people. */
function normal(line: string): string {
  const [, slot, local, outcome, why] = /^(\S+) {2}(\S+) {2}(\w+) {2}(.*)$/.exec(line.trim()) ?? [];
  if (slot !== undefined) return [slot, local, outcome, why].join("  ");
  try {
    const each = JSON.parse(line);
    return [each.slot, each.local, each.outcome, each.why].join("  ");
  } catch (error) {
    ignore(error, "a line in neither form differs from all lines");
    return line;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    ignore(error, "the sentence says which file");
    throw new CliError(`${file} cannot be read; name a file with lines as this command prints them.`);
  }
}
