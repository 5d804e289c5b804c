/** `system.run` and `system.run.prepare`: programs of this machine under its own rules. */
import { isRecord } from "../../base/config/config.ts";
import { defined } from "../../base/defined.ts";
import type { Clock } from "../../base/time/clock.ts";
import type { Invoke, NodeCommand } from "./command.ts";
import { commandText, type ExecPolicy, type WantedProgram } from "./exec-policy.ts";
import { badParams, NodeFailure } from "./failure.ts";
import { type Params, positive, text, texts, textsByName } from "./params.ts";
import { type ProgramEnd, runProgram } from "./program.ts";

/** The agent whose rules hold when a call names none. Source: the node host of January 2026. */
const MAIN = "main";
/** The end of the output that an event carries, characters. */
const TAIL_CHARS = 20_000;
const DECISIONS: ReadonlySet<unknown> = new Set(["allow-once", "allow-always"]);

export function systemRun(policy: ExecPolicy, clock: Clock): NodeCommand {
  return {
    name: "system.run",
    cap: "system",
    async run(invoke) {
      const { params } = invoke;
      const wanted = wantedOf(params);
      requireSamePlan(params, wanted);
      if (params.needsScreenRecording === true)
        return await deny(invoke, wanted, "permission:screenRecording", "PERMISSION_MISSING: screenRecording");
      const judged = await policy.judge(wanted);
      const decision = decisionOf(params);
      if (judged.verdict.kind === "refuse")
        return await deny(invoke, wanted, "policy", `SYSTEM_RUN_DENIED: ${judged.verdict.why}`);
      if (judged.verdict.kind === "ask" && decision === undefined)
        return await deny(invoke, wanted, "approval-required", "SYSTEM_RUN_DENIED: approval required");
      if (decision === "allow-always") judged.remember();
      if (judged.verdict.kind === "run") policy.file.used(judged.verdict.used, commandText(wanted.argv));
      const timeoutMs = shorter(positive(params, "timeoutMs"), invoke.leftMs);
      const program = { argv: judged.argv, cwd: judged.cwd, env: judged.env, timeoutMs };
      const onOutput = (piece: string) => invoke.progress(piece);
      const end = await runProgram(program, { clock, signal: invoke.signal, onOutput });
      invoke.signal.throwIfAborted();
      if (params.suppressNotifyOnExit !== true)
        await invoke.report("exec.finished", {
          ...about(params, wanted),
          ...defined({ exitCode: end.exitCode }),
          ...{ timedOut: end.timedOut, success: end.success, output: tailOf(end) },
        });
      const { exitCode, ...rest } = end;
      return { ...defined({ exitCode }), ...rest };
    },
  };
}

/** Says what a program would be and under which rules, without running it. */
export function systemRunPrepare(policy: ExecPolicy): NodeCommand {
  return {
    name: "system.run.prepare",
    cap: "system",
    async run({ params }) {
      const wanted = wantedOf(params);
      const { cwd, verdict } = await policy.judge(wanted);
      const commandLine = commandText(wanted.argv);
      const plan = {
        argv: wanted.argv,
        cwd,
        commandText: commandLine,
        commandPreview: commandLine.slice(0, 200),
        agentId: wanted.agentId,
        sessionKey: text(params, "sessionKey") ?? null,
      };
      const used = verdict.kind === "run" ? verdict.used : [];
      return {
        plan,
        execPolicy: policy.levels(wanted.agentId),
        allowAlwaysCoverage: {
          complete: verdict.kind === "run",
          patterns: used.map(({ pattern }) => ({ pattern, argPattern: null })),
        },
      };
    },
  };
}

function wantedOf(params: Params): WantedProgram {
  const [program, ...args] = texts(params, "command");
  if (program === undefined || program.trim() === "") throw badParams("command required");
  return {
    argv: [program, ...args],
    cwd: text(params, "cwd"),
    env: textsByName(params, "env"),
    agentId: text(params, "agentId")?.trim() || MAIN,
  };
}

/** The decision of a person that the gateway has passed on. It alone may pass one on: it takes those of callers away. */
function decisionOf({ approved, approvalDecision }: Params): "allow-once" | "allow-always" | undefined {
  if (DECISIONS.has(approvalDecision)) return approvalDecision === "allow-always" ? "allow-always" : "allow-once";
  return approved === true ? "allow-once" : undefined;
}

/** A plan that comes along must be for this very program. */
function requireSamePlan({ systemRunPlan }: Params, { argv }: WantedProgram): void {
  if (systemRunPlan === undefined || systemRunPlan === null) return;
  const planned = isRecord(systemRunPlan) && Array.isArray(systemRunPlan.argv) ? systemRunPlan.argv : [];
  if (JSON.stringify(planned) !== JSON.stringify(argv))
    throw badParams("explicit approval requires matching systemRunPlan");
}

async function deny(invoke: Invoke, wanted: WantedProgram, reason: string, message: string): Promise<never> {
  await invoke.report("exec.denied", { ...about(invoke.params, wanted), reason });
  throw new NodeFailure("UNAVAILABLE", message);
}

/** The fields that every event of a program has. */
function about(params: Params, { argv }: WantedProgram) {
  return {
    sessionKey: text(params, "sessionKey") ?? "node",
    ...defined({ runId: text(params, "runId") }),
    host: "node",
    command: commandText(argv),
  };
}

function tailOf({ stdout, stderr, error }: ProgramEnd): string {
  return [stdout, stderr, error ?? ""]
    .filter((part) => part !== "")
    .join("\n")
    .slice(-TAIL_CHARS);
}

function shorter(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
