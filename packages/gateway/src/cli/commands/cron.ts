/** `moltbot cron` — jobs that run at set times: add, look, change, run, and try a schedule before it is trusted. */
import type { CronListResult } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { defineCommand, defineGroup } from "../language/command.ts";
import { limitFlag } from "../language/common-flags.ts";
import { usageError } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import { ago, printable, table } from "../terminal/render.ts";
import { addFlags, changesOf, jobOf, payloadOf, scheduleOf } from "./cron-job.ts";
import { idChars, jobIdOf, jobsOf, PAGE } from "./cron-names.ts";
import { simulateCommand } from "./cron-simulate.ts";

type Job = CronListResult["jobs"][number];

/** A run of an agent may take long; January's clients wait for it as well. */
const RUN_MS = 600_000;
const SPANS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
] as const;
const NO_JOBS = "There are no jobs. `moltbot cron add --help` shows how to add one.";

const add = defineCommand({
  summary: "Add a job",
  flags: addFlags,
  examples: [
    'moltbot cron add --name Water --every 2h --system-event "drink something" --announce',
    'moltbot cron add --name News --cron "0 8 * * 1-5" --tz Europe/Berlin --message "What is new?"',
  ],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const job = await client.request("cron.add", jobOf(call.flags), { timeoutMs });
      if (call.flags.json) return call.out.json(job);
      if ("id" in job) call.out.print(sentence(job));
    }),
});

function sentence({ id, name, state, enabled }: Job): string {
  const at = state.nextRunAtMs;
  const never = enabled ? "It never fires" : "It is off";
  const next = at === undefined ? never : `Next: ${new Date(at).toISOString()}`;
  return `${printable(name)} (${id}). ${next}.`;
}

const list = defineCommand({
  summary: "List the jobs, by the time at which each is due next",
  page: "automations",
  flags: { all: { kind: "switch", short: "a", summary: "Those that are switched off too" } },
  run: (call) =>
    withGateway(call, async (link) => {
      const jobs = await jobsOf(link, call.flags.all);
      if (call.flags.json) return call.out.json({ jobs });
      if (jobs.length === 0) return call.out.print(NO_JOBS);
      call.out.print(table(COLUMNS, rowsOf(jobs), call.out));
    }),
});

const COLUMNS = [
  { title: "Id" },
  { title: "Name", flexible: true },
  { title: "When", flexible: true },
  { title: "Next" },
  { title: "Last" },
];

function rowsOf(jobs: readonly Job[]): string[][] {
  const chars = idChars(jobs);
  return jobs.map(({ id, name, schedule, enabled, state }) => {
    const next = state.nextRunAtMs === undefined ? "never" : minuteOf(state.nextRunAtMs);
    const last = state.lastStatus === undefined ? "" : `${state.lastStatus} ${ago(state.lastRunAtMs)}`;
    return [id.slice(0, chars), name, scheduleText(schedule), enabled ? next : "off", last].map(printable);
  });
}

/** A moment to its minute, in UTC; the year only when it is another one. */
function minuteOf(ms: number): string {
  const minute = `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")}Z`;
  const year = new Date().toISOString().slice(0, 5);
  return minute.startsWith(year) ? minute.slice(year.length) : minute;
}

function scheduleText(schedule: Job["schedule"]): string {
  if (schedule.kind === "cron") return `${schedule.expr} ${schedule.tz ?? ""}`.trim();
  if (schedule.kind === "every") return `every ${span(schedule.everyMs)}`;
  return `at ${schedule.at ?? ""}`;
}

/** A span in the largest unit that divides it: a schedule is never rounded. */
function span(ms: number): string {
  const [size, unit] = SPANS.find(([each]) => ms % each === 0) ?? [1_000, "s"];
  return `${ms / size} ${unit}`;
}

const editFlags = {
  enable: { heading: "The job", kind: "switch", summary: "Switch it on" },
  disable: { kind: "switch", summary: "Switch it off" },
  "clear-agent": { kind: "switch", summary: "Let the default agent work on it" },
  ...addFlags,
  disabled: { kind: "switch", summary: "Switch it off; --disable says the same", hidden: true },
} as const;

const edit = defineCommand({
  summary: "Change a job",
  positionals: [{ name: "JOB" }],
  flags: editFlags,
  run: (call) =>
    withGateway(call, async (link) => {
      const { client, timeoutMs } = link;
      const { flags, words, out } = call;
      const schedule = scheduleOf(flags);
      const payload = payloadOf(flags);
      const { name } = flags;
      const given = { ...defined({ name }), ...(schedule && { schedule }), ...(payload && { payload }) };
      const after = flags["delete-after-run"] ? true : flags["keep-after-run"] ? false : undefined;
      const isOn = flags.enable ? true : flags.disable || flags.disabled ? false : undefined;
      const agent = flags["clear-agent"] && { agentId: null };
      const patch = { ...given, ...changesOf(flags), ...agent, ...defined({ enabled: isOn, deleteAfterRun: after }) };
      if (Object.keys(patch).length === 0) throw usageError("Say what to change, such as --name or --cron.");
      const id = await jobIdOf(link, words[0] ?? "");
      const job = await client.request("cron.update", { id, patch }, { timeoutMs });
      if (flags.json) return out.json(job);
      out.print(sentence(job));
    }),
});

function switching(enabled: boolean) {
  return defineCommand({
    summary: enabled ? "Switch a job on" : "Switch a job off",
    positionals: [{ name: "JOB" }],
    run: (call) =>
      withGateway(call, async (link) => {
        const { client, timeoutMs } = link;
        const id = await jobIdOf(link, call.words[0] ?? "");
        const job = await client.request("cron.update", { id, patch: { enabled } }, { timeoutMs });
        if (call.flags.json) return call.out.json(job);
        call.out.print(enabled ? sentence(job) : `${printable(job.name)} is off.`);
      }),
  });
}

const remove = defineCommand({
  summary: "Remove a job: the beginning of its id, as the list shows it, or its name",
  positionals: [{ name: "JOB" }],
  run: (call) =>
    withGateway(call, async (link) => {
      const { client, timeoutMs } = link;
      const answer = await client.request(
        "cron.remove",
        { id: await jobIdOf(link, call.words[0] ?? "") },
        { timeoutMs },
      );
      if (call.flags.json) return call.out.json(answer);
      call.out.print(answer.removed ? "Removed." : "There is no such job.");
    }),
});

const run = defineCommand({
  summary: "Run a job now",
  positionals: [{ name: "JOB" }],
  flags: {
    due: { kind: "switch", summary: "Only when its time has come" },
    force: { kind: "switch", summary: "Whether its time has come or not", hidden: true },
  },
  run: (call) =>
    withGateway(call, async (link) => {
      const mode = call.flags.due ? "due" : "force";
      const id = await jobIdOf(link, call.words[0] ?? "");
      const answer = await link.client.request("cron.run", { id, mode }, { timeoutMs: RUN_MS });
      if (call.flags.json) return call.out.json(answer);
      call.out.print(answer.ran === false ? "Its time has not come; leave out --due." : "It runs.");
    }),
});

const RUN_COLUMNS = [
  { title: "When" },
  { title: "Job", flexible: true },
  { title: "Outcome" },
  { title: "Result", flexible: true },
];

const runs = defineCommand({
  summary: "Show what jobs have run, and what was missed",
  page: "automations",
  positionals: [{ name: "JOB", optional: true }],
  flags: {
    id: { kind: "text", value: "ID", summary: "The job; the same as JOB", hidden: true },
    ...limitFlag("runs", 50),
  },
  run: (call) =>
    withGateway(call, async (link) => {
      const { client, timeoutMs } = link;
      const { flags, words, out } = call;
      const word = words[0] ?? flags.id;
      const id = word === undefined ? undefined : await jobIdOf(link, word);
      const limit = Math.min(PAGE, Math.max(1, Math.floor(flags.limit ?? 50)));
      const wanted = id === undefined ? { scope: "all" as const, limit } : { id, limit };
      const result = await client.request("cron.runs", wanted, { timeoutMs });
      if (flags.json) return out.json(result);
      // What ran of a removed job stays listed; without anything, a job that is not there is a mistake.
      if (result.entries.length === 0 && id !== undefined) await client.request("cron.get", { id }, { timeoutMs });
      if (result.entries.length === 0) return out.print("Nothing has run yet.");
      const rows = result.entries.map(({ ts, jobName = "", outcome = "", status = "", error, summary }) => [
        ...[minuteOf(ts), jobName, outcome === "fired" ? status : outcome, error ?? summary ?? ""],
      ]);
      out.print(table(RUN_COLUMNS, rows, out));
    }),
});

const status = defineCommand({
  summary: "Show whether jobs run, and when the next one is due",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const result = await client.request("cron.status", {}, { timeoutMs });
      if (call.flags.json) return call.out.json(result);
      const next = result.nextWakeAtMs === null ? "none is due" : `next ${new Date(result.nextWakeAtMs).toISOString()}`;
      call.out.print(
        result.enabled ? `${result.jobs} jobs; ${next}.` : "Jobs are off; set cron.enabled in the config.",
      );
    }),
});

const next = defineCommand({
  summary: "Show which jobs come next",
  flags: limitFlag("jobs", 10),
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const limit = Math.min(PAGE, Math.max(1, Math.floor(call.flags.limit ?? 10)));
      const { jobs } = await client.request("cron.list", { limit }, { timeoutMs });
      if (call.flags.json) return call.out.json({ jobs });
      call.out.print(jobs.length === 0 ? NO_JOBS : table(COLUMNS, rowsOf(jobs), call.out));
    }),
});

/** Jobs that run at set times. */
export const cron = defineGroup({
  summary: "Jobs that run at set times",
  alone: list,
  commands: {
    ...{ add, list, edit, enable: switching(true), disable: switching(false), run, runs, remove, status, next },
    simulate: simulateCommand,
  },
  formerly: { rm: "remove", delete: "remove", create: "add", update: "edit" },
});
