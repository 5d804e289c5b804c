/** What the tool `cron` does. A job that an agent makes in a chat speaks there, and its runs use no tool that this run may not. */
import type { Static, TObject } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { invalidRequest } from "../../../base/errors.ts";
import { localTime } from "../../../base/schedule/local-time.ts";
import { oneLine } from "../../../kit/text/framing.ts";
import type { ToolCall } from "../../../kit/tool.ts";
import type { CronEntry, CronJob, JobInput } from "../cron/schema.ts";
import { answerOf } from "./answer.ts";
import type { Gateway } from "./slice.ts";
import type { params } from "./tools.ts";

type Call = ToolCall<Static<TObject<typeof params>>, Gateway>;

const USUAL_LIMIT = 20;
const MAX_LINE_CHARS = 200;
/** As many names as a job may list. */
const MAX_TOOLS = 200;
const EXAMPLE =
  "{name, schedule: {kind: 'at', at: '2026-12-24T18:00:00+01:00'}, payload: {kind: 'systemEvent', text: '…'}}";

/** Does one action. Throws `INVALID_REQUEST` with what to do instead. */
export async function useCron(call: Call): Promise<string> {
  return await ACTIONS[call.params.action](call);
}

const ACTIONS: Readonly<Record<Call["params"]["action"], (call: Call) => string | Promise<string>>> = {
  status({ gateway: { clock, cron, workspace } }) {
    const { enabled, jobs, nextWakeAtMs } = cron.views.status();
    const now = `It is ${localTime(clock.now(), workspace.timeZone)} (${workspace.timeZone}).`;
    if (!enabled) return `${now} Jobs do not run: cron.enabled is false in the settings.`;
    const next =
      nextWakeAtMs === null ? "None is due." : `The next is due at ${localTime(nextWakeAtMs, workspace.timeZone)}.`;
    return `${now} There are ${jobs} jobs. ${next}`;
  },

  list({ params: { includeDisabled = false, limit = USUAL_LIMIT }, gateway: { cron, workspace } }) {
    const { jobs, total } = cron.views.list({ disabled: includeDisabled, limit, offset: 0, protocol: 4 });
    if (jobs.length === 0) return "There are no jobs.";
    const lines = jobs.map((job) => lineOf(job, workspace.timeZone));
    return [...lines, ...(total > jobs.length ? [`${total - jobs.length} more; ask with a greater limit.`] : [])].join(
      "\n",
    );
  },

  add: async (call) =>
    call.params.remind === undefined ? await addJob(call) : await addReminder(call, call.params.remind),

  async update(call) {
    const { params, gateway } = call;
    if (params.patch === undefined) throw invalidRequest("Say what changes with patch, such as {enabled: false}.");
    const job = await gateway.cron.update(idOf(params), await withTools(call, params.patch), { protocol: 4 });
    return `Changed. ${lineOf(job, gateway.workspace.timeZone)}`;
  },

  remove({ params, gateway: { cron } }) {
    return cron.remove(idOf(params)).removed ? "Removed." : "There is no such job; list shows them.";
  },

  async run({ params, gateway: { cron } }) {
    const answer = await cron.run(idOf(params), params.mode === "due" ? "due" : "force", 4);
    return "enqueued" in answer ? "It runs; runs shows what came of it." : "Its time has not come; use mode force.";
  },

  runs({ params, gateway: { cron, workspace } }) {
    const jobId = params.jobId ?? params.id;
    const { entries } = cron.views.runs({ jobId, limit: params.limit ?? USUAL_LIMIT, offset: 0, protocol: 4 });
    if (entries.length === 0) return "Nothing has run yet.";
    return entries.map((entry) => entryLine(entry, workspace.timeZone)).join("\n");
  },

  wake({ params: { text = "", mode }, run, gateway: { heartbeat } }) {
    if (text.trim() === "") throw invalidRequest("Say with text what has happened.");
    heartbeat.note({ sessionKey: run.sessionKey, text, source: "you, with the tool cron" });
    heartbeat.wake({
      mode: mode === "now" ? "now" : "next-heartbeat",
      reason: "cron-tool",
      sessionKey: run.sessionKey,
    });
    return "Noted for the next heartbeat.";
  },
};

async function addReminder({ callId, run, gateway: { reminders } }: Call, words: string): Promise<string> {
  const { starter, sessionKey, deliver } = run;
  return answerOf(await reminders.add({ words, asker: starter, sessionKey, route: deliver, key: callId }));
}

async function addJob(call: Call): Promise<string> {
  const { params, callId, run, gateway } = call;
  const { cron, workspace } = gateway;
  const { name, schedule, payload } = params.job ?? {};
  if (schedule === undefined || payload === undefined)
    throw invalidRequest(`Say with job what happens when, such as ${EXAMPLE}; or use remind.`);
  const text = wordsOf(payload);
  const job: JobInput = {
    ...{ agentId: run.agentId, ...hereOf(call) },
    ...params.job,
    ...{ name: name ?? oneLine(text, 60), schedule, payload },
  };
  const added = await cron.add(await withTools(call, job), `tool:${callId}`, 4);
  return `Added. ${lineOf("job" in added ? added.job : added, workspace.timeZone)}`;
}

/** A job speaks in the chat in which it was made. */
function hereOf({ run: { deliver } }: Call): Pick<JobInput, "delivery"> {
  if (!deliver) return {};
  const { channel, account: accountId, chat } = deliver;
  return { delivery: { mode: "announce", channel, to: chat.id, accountId, ...defined({ threadId: chat.threadId }) } };
}

/** The runs of a job may use what this run may use, and no more. */
async function withTools<Job extends Partial<JobInput>>(
  { run, gateway, signal }: Pick<Call, "run" | "gateway" | "signal">,
  job: Job,
): Promise<Job> {
  const isFree = (run.limits ?? []).length === 0 && !run.starter.principal.startsWith("channel:");
  if (isFree || job.payload?.kind !== "agentTurn") return job;
  const { toolsAllow: wanted, ...payload } = job.payload;
  const usable = (await gateway.agent.toolbox.toolsFor(run, signal)).map(({ name }) => name);
  const toolsAllow = usable.filter((name) => wanted === undefined || wanted.includes(name)).slice(0, MAX_TOOLS);
  return { ...job, payload: { ...payload, toolsAllow } };
}

const DOES = { agentTurn: "has you work on", systemEvent: "says", command: "runs", script: "runs" } as const;

/** What a job says, asks or runs. */
function wordsOf(payload: JobInput["payload"]): string {
  switch (payload.kind) {
    case "agentTurn":
      return payload.message;
    case "systemEvent":
      return payload.text;
    case "command":
      return payload.argv.join(" ");
    default:
      return payload.script;
  }
}

function idOf({ jobId, id }: Pick<Call["params"], "jobId" | "id">): string {
  const found = jobId ?? id;
  if (found === undefined) throw invalidRequest("Name the job with jobId; list shows the ids.");
  return found;
}

function lineOf({ id, name, enabled, schedule, payload, state }: CronJob, tz: string): string {
  const next = state.nextRunAtMs === undefined ? "never" : localTime(state.nextRunAtMs, tz);
  const last = state.lastStatus === undefined ? "" : `, last ${state.lastStatus}`;
  const does = `${DOES[payload.kind]} “${wordsOf(payload)}”`;
  const when = enabled ? `next ${next}` : "paused";
  return `${id}: “${oneLine(name, 80)}”, ${JSON.stringify(schedule)}, ${when}${last}, ${oneLine(does, MAX_LINE_CHARS)}`;
}

function entryLine({ ts, jobName, status, error, summary, outcome }: CronEntry, tz: string): string {
  const what = oneLine(error ?? summary ?? "", MAX_LINE_CHARS);
  return [localTime(ts, tz), `“${oneLine(jobName ?? "", 80)}”`, outcome, status, what].filter(Boolean).join(" ");
}
