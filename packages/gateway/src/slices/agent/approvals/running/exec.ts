/**
 * Runs a command of an agent: it is analysed, judged, approved if necessary, analysed again, and run. Exactly what was
 * approved runs, or nothing does.
 */

import { defined } from "../../../../base/defined.ts";
import { hidesSomething } from "../../../../base/text/visible.ts";
import { onAbort } from "../../../../base/time/deadline.ts";
import type { ToolCall, ToolResult } from "../../../../kit/tool.ts";
import type { Approvals, RunRules } from "../approvals.ts";
import type { Outcome } from "../pending.ts";
import { type OtherRuns, watchExclusive } from "../policy/exclusive-watch.ts";
import { judge, judgeInput, withoutAnswer } from "../policy/policy.ts";
import { alwaysText, entriesFor } from "../policy/remember.ts";
import type { ExactRule } from "../schema.ts";
import { type ExecParams, type Plan, planOf } from "./plan.ts";
import { type Ending, RunningCommand } from "./runner.ts";

type Call = Pick<ToolCall<unknown>, "run" | "signal" | "update"> & { readonly gateway: OtherRuns };

const UPDATE_MS = 500;
const UPDATE_CHARS = 2_000;
const BACKGROUND_MS = 3_600_000;
const NO_APPROVAL = "Do not try it in another way; tell the person what you wanted to do and why.";

/** A command that an agent wants to run, and the call that wants it. */
interface Execution {
  readonly approvals: Approvals;
  readonly params: ExecParams;
  readonly call: Call;
}

/** Runs a command when it may run. Throws `GatewayError` when it cannot, and the signal's reason. */
export async function exec(approvals: Approvals, params: ExecParams, call: Call): Promise<ToolResult> {
  const execution: Execution = { approvals, params, call };
  const plan = await planOf(approvals, params, call.run);
  const verdict = judge(plan, plan.rules);
  if (verdict.kind === "refuse") return refusal(`It was not run: ${verdict.why}.`);
  if (verdict.kind === "run") {
    approvals.file.used(verdict.used, params.command);
    return await startKept(execution, plan);
  }
  const { outcome, waiting } = await ask(execution, plan, verdict.why);
  call.signal.throwIfAborted();
  if (outcome.kind === "withdrawn") return refusal(`It was not run: ${outcome.why}.`);
  if (outcome.kind === "decided" && outcome.decision === "deny")
    return refusal(`It was not run: the owner said no. ${NO_APPROVAL}`, { denied: true });
  // Time has passed; what runs now must still be what was shown.
  const now = await planOf(approvals, params, call.run);
  if (now.binding !== waiting.binding || now.rules.security === "deny")
    return refusal("It was not run: what it would do has changed while it waited for approval. Ask again.");
  if (outcome.kind === "expired") {
    if (withoutAnswer(now, now.rules)) return await start(execution, now);
    const seconds = Math.round((waiting.expiresAtMs - waiting.createdAtMs) / 1000);
    return refusal(`It was not run: nobody allowed it within ${seconds} s. ${NO_APPROVAL}`);
  }
  if (outcome.decision !== "allow-always") return await start(execution, now);
  const note = remember(approvals, now, call);
  return await startKept(execution, now, note);
}

/**
 * Runs a remembered command. Its own changes in the agents' folders are no reason to ask again, as long as nobody else
 * can have changed anything there meanwhile.
 */
async function startKept(execution: Execution, plan: Plan, note = ""): Promise<ToolResult> {
  const { approvals, params, call } = execution;
  const rule = keptRule(plan);
  if (rule?.around === undefined || params.background) return await start(execution, plan, note);
  using alone = watchExclusive(call);
  const isQuiet = () => alone.isAlone && !approvals.processes.isBusy;
  const isQuietBefore = isQuiet();
  const result = await start(execution, plan, note);
  if (!isQuietBefore || !isQuiet()) return result;
  const after = keptRule(await planOf(approvals, params, call.run));
  if (after) approvals.file.renew(rule, after);
  return result;
}

function keptRule(plan: Plan): ExactRule | undefined {
  if (plan.own !== undefined || plan.rules.security === "full") return undefined;
  const always = plan.always();
  return always.kind === "exact" ? always.rule : undefined;
}

/** Input for a command that runs. */
export interface Input {
  readonly text: string;
  /** The command that gets it, in a few words. */
  readonly target: string;
}

/**
 * Judges input for a running command as commands are judged, and asks for approval. Undefined when it may be written,
 * else a sentence for the model.
 */
export async function inputProblem(
  approvals: Approvals,
  { text, target }: Input,
  call: Call,
): Promise<string | undefined> {
  const { run } = call;
  const { workspace, env } = approvals.services;
  const cwd = workspace.folderOf(run.agentId);
  const judged = () => {
    const rules = approvals.rulesFor(run);
    const own = approvals.ownState().inText(text, { cwd, env: { HOME: env.HOME ?? "/" } });
    return { rules, verdict: judgeInput(own, hidesSomething(text), rules) };
  };
  const { rules, verdict } = judged();
  if (verdict.kind === "run") return undefined;
  if (verdict.kind === "refuse") return `It was not written: ${verdict.why}.`;
  const { agentId, sessionKey } = run;
  const request = {
    ...{
      command: `(written to ${target})\n${text}`,
      cwd,
      ...shownRules(rules),
      agentId,
      resolvedPath: null,
      sessionKey,
    },
    why: [...verdict.why],
  };
  const waiting = approvals.ask({ request, timeoutMs: rules.approvalMs }, run);
  const outcome = await answered(approvals, waiting, call);
  call.signal.throwIfAborted();
  const isAllowed = outcome.kind === "decided" && outcome.decision !== "deny";
  // The rules may have changed while it waited.
  return isAllowed && judged().verdict.kind !== "refuse" ? undefined : "It was not written: nobody allowed it.";
}

async function ask({ approvals, params, call }: Execution, plan: Plan, why: readonly string[]) {
  const { command, env = {}, background = false } = params;
  const { job, parts, rules, binding } = plan;
  const { agentId, sessionKey } = call.run;
  const first = parts[0]?.program;
  const request = {
    ...{ command, cwd: job.cwd, ...shownRules(rules), agentId, sessionKey },
    resolvedPath: first?.kind === "found" ? first.path : null,
    ...(Object.keys(env).length > 0 && { env: { ...env } }),
    why: [...why, ...(background ? ["it goes on in the background"] : [])],
  };
  const always = plan.own === undefined ? plan.always() : { kind: "nothing" as const, why: plan.own };
  const remembers = always.kind !== "nothing";
  const shown = { remembers, always: alwaysText(always), binding };
  const waiting = approvals.ask({ request, timeoutMs: rules.approvalMs, ...shown }, call.run);
  return { waiting, outcome: await answered(approvals, waiting, call) };
}

/** Waits for the decision; when the run ends, its request is withdrawn. */
async function answered(
  approvals: Approvals,
  waiting: ReturnType<Approvals["ask"]>,
  { signal, update }: Call,
): Promise<Outcome> {
  update(`Waits for approval: /approve ${waiting.code}`);
  using _aborted = onAbort(signal, () => approvals.pending.withdraw(waiting, "the run was stopped"));
  return await waiting.outcome;
}

function shownRules({ host, security, ask: asks }: RunRules) {
  return { host, security, ask: asks };
}

/** Remembers the command; returns a note when that is not possible. */
function remember(approvals: Approvals, plan: Plan, { run }: Call): string {
  const always = plan.own === undefined ? plan.always() : ({ kind: "nothing", why: plan.own } as const);
  if (always.kind === "nothing") return `[allowed this once only, because ${always.why}]\n`;
  approvals.file.allow(run.agentId, entriesFor(always, plan.parts[0]?.command.argv));
  return "";
}

async function start({ approvals, params, call }: Execution, { job, rules }: Plan, note = ""): Promise<ToolResult> {
  const { timeoutSeconds, background } = params;
  const { processes, services, shell } = approvals;
  call.signal.throwIfAborted();
  if (background) {
    const limitMs = timeoutSeconds === undefined ? BACKGROUND_MS : timeoutSeconds * 1_000;
    const { id } = processes.start(job, call.run, { shell, limitMs });
    return {
      text: `${note}It runs in the background as ${id}; look at it with the process tool.`,
      meta: { process: id },
    };
  }
  const limitSeconds = Math.min(timeoutSeconds ?? rules.timeoutSeconds, 3_600);
  let toldAt = Number.NEGATIVE_INFINITY;
  const running: RunningCommand = new RunningCommand(job, {
    ...{ shell, clock: services.clock },
    onOutput() {
      if (services.clock.monotonic() - toldAt < UPDATE_MS) return;
      toldAt = services.clock.monotonic();
      call.update(approvals.redact(running.output.recent(UPDATE_CHARS)));
    },
  });
  using _limit = services.clock.after(limitSeconds * 1_000, () => running.stop(`did not end within ${limitSeconds} s`));
  using _aborted = onAbort(call.signal, () => running.stop("was stopped"));
  const ending = await running.ended;
  call.signal.throwIfAborted();
  return report(note, approvals.redact(running.output.text()), ending);
}

function report(note: string, output: string, ending: Ending): ToolResult {
  const { code, signal, stopped, durationMs } = ending;
  const text = `${note}${output.trimEnd() === "" ? "" : `${output.trimEnd()}\n`}[${endingText(ending)}]`;
  const meta = { ...defined({ exitCode: code, signal }), durationMs };
  return { text, meta, isError: stopped !== undefined || code === undefined };
}

/** How a command ended, for models and people. */
export function endingText({ code, signal, stopped, durationMs }: Ending): string {
  const how =
    stopped !== undefined ? `it ${stopped} and was ended` : signal ? `ended by ${signal}` : `exit code ${code}`;
  return `${how}, ${(durationMs / 1000).toFixed(1)} s`;
}

function refusal(text: string, more: { readonly denied?: true } = {}): ToolResult {
  return { text, isError: true, meta: { notRun: true, ...more } };
}
