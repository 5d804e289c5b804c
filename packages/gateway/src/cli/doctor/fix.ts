/** `moltbot doctor --fix`, `--dry-run` and `--undo`: fixes what can be fixed, and takes it back. */

import { resolveStateDir } from "../../base/files.ts";
import type { Call } from "../language/command.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../language/exit.ts";
import { awaitRestart } from "../reach/await-restart.ts";
import { readInstance } from "../reach/instance.ts";
import { mustBeHere } from "../reach/target.ts";
import { supervisorFor } from "../service/choose.ts";
import { setJob } from "./job-steps.ts";
import type { Step } from "./step.ts";
import { findSteps, STEP_NAMES } from "./steps.ts";
import { type Change, closeJournal, lastJournal, UndoableChanges, undoChange } from "./undoable-changes.ts";

/** The call of `moltbot doctor --fix`. */
export interface FixCall extends Pick<Call, "env" | "out"> {
  readonly flags: Call["flags"] & { readonly "dry-run": boolean; readonly only: readonly string[] };
}

/** The step whose change of the settings restarts a gateway that runs. */
const RESTARTING = "secret";

interface Done {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly problem?: string;
}

/** Fixes all that is found, or says what it would fix. Exit code 1 when something could not be fixed. */
export async function fix(call: FixCall): Promise<ExitCode> {
  const { env, flags, out } = call;
  mustBeHere(flags, "doctor --fix");
  const unknown = flags.only.find((name) => !(STEP_NAMES as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw usageError(`--only is one of ${STEP_NAMES.join(", ")}, not ${JSON.stringify(unknown)}.`);
  const found = await out.during("Looking around", findSteps(call));
  const steps = found.filter(({ name }) => flags.only.length === 0 || flags.only.includes(name));
  if (flags["dry-run"]) return dryRun(call, steps);
  const changes = new UndoableChanges(resolveStateDir({ env, profile: flags.profile }), new Date());
  const done: Done[] = [];
  const atMs = performance.now();
  for (const step of steps) done.push(await applied(call, changes, step));
  const isRunning = readInstance(resolveStateDir({ env, profile: flags.profile })) !== undefined;
  if (isRunning && done.some(({ name, problem }) => name === RESTARTING && problem === undefined))
    await out.during("The gateway restarts for it", awaitRestart(call, { atMs, done: "The settings are mended" }));
  const failed = done.filter(({ problem }) => problem !== undefined).length;
  if (flags.json) out.json({ ok: failed === 0, steps: done });
  else if (steps.length === 0) out.print("There is nothing that doctor can mend. `moltbot doctor` shows the rest.");
  else
    out.print(
      `\nMended: ${done.length - failed}${failed > 0 ? `, not mended: ${failed}` : ""}. Take it back with \`moltbot doctor --undo\`.`,
    );
  return failed > 0 ? EXIT.failed : EXIT.ok;
}

function dryRun({ flags, out }: FixCall, steps: readonly Step[]): ExitCode {
  if (flags.json) out.json({ ok: true, steps: steps.map(({ name, before, after }) => ({ name, before, after })) });
  else if (steps.length === 0) out.print("There is nothing that doctor can mend.");
  else {
    for (const step of steps) show(out, step);
    out.print("\nNothing was changed. `moltbot doctor --fix` does it.");
  }
  return EXIT.ok;
}

async function applied({ out, flags }: FixCall, changes: UndoableChanges, step: Step): Promise<Done> {
  const { name, before, after } = step;
  changes.begin(name);
  try {
    const told = await step.apply(changes);
    if (!flags.json) show(out, step);
    if (told !== undefined) out.note(told);
    return { name, before, after };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    out.note(`${name}: ${error.message}`);
    return { name, before, after, problem: error.message };
  }
}

function show(out: Call["out"], { name, before, after }: Step): void {
  out.print(`${out.style.bold(name)}: ${before}`);
  out.print(`${" ".repeat(2)}${out.style.dim("→")} ${after}`);
}

/** Takes back the newest run of `--fix`, the last change first. What was changed since by others stays. */
export async function undo(call: FixCall): Promise<ExitCode> {
  const { env, flags, out } = call;
  const last = lastJournal(resolveStateDir({ env, profile: flags.profile }));
  if (last === undefined) {
    if (flags.json) out.json({ ok: true, undone: [] });
    else out.print("There is nothing to take back.");
    return EXIT.ok;
  }
  const problems: string[] = [];
  const undone: string[] = [];
  for (const { name, changes } of [...last.journal.steps].reverse()) {
    for (const change of [...changes].reverse()) {
      const problem = await takenBack(call, change);
      if (problem !== undefined) problems.push(`${name}: ${problem}`);
    }
    if (changes.length > 0) undone.push(name);
  }
  closeJournal(last.folder);
  if (flags.json) out.json({ ok: problems.length === 0, undone, problems });
  else out.print(`Taken back what was mended at ${last.journal.at}: ${undone.join(", ")}.`);
  for (const problem of problems) out.note(problem);
  return problems.length > 0 ? EXIT.failed : EXIT.ok;
}

async function takenBack(call: FixCall, change: Change): Promise<string | undefined> {
  if (change.kind !== "outside") return undoChange(change);
  const { env, flags } = call;
  try {
    if (change.how === "job") await setJob(call, change.what, true);
    else {
      const stateDir = resolveStateDir({ env, profile: flags.profile });
      const supervisor = await supervisorFor({ kind: "gateway", profile: flags.profile, stateDir, env });
      await supervisor.lingering?.set(false);
    }
    return undefined;
  } catch (error) {
    if (error instanceof CliError) return error.message;
    throw error;
  }
}
