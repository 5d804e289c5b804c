/** What is wrong with the machine that a gateway runs on, for people. */
import type { HealthSummary } from "@moltbot/protocol";
import type { Output } from "../terminal/output.ts";
import { bytes, duration, printable } from "../terminal/render.ts";

/** One problem, and what to do about it; sentences without a full stop. */
export interface MachineProblem {
  readonly subject: "machine" | "clock" | "disk";
  readonly says: string;
  readonly fix: string;
}

/** The problems that a health snapshot names. A gateway of before this version names none. */
export function machineProblems({ machine }: Partial<Pick<HealthSummary, "machine">>): MachineProblem[] {
  const problems: MachineProblem[] = [];
  if (machine?.trouble !== undefined) {
    const [what = "", ...rest] = machine.trouble.split("; ");
    const fix = rest.join("; ") || "Look at the log";
    problems.push({ subject: "machine", says: `Work waits: ${what}`, fix: capital(fix) });
  }
  if (machine?.clock) {
    const { aheadMs, against } = machine.clock;
    const way = aheadMs > 0 ? "ahead of" : "behind";
    const other = against === undefined ? "where it was before it jumped" : `the clock of ${against}`;
    problems.push({
      subject: "clock",
      says: `The gateway's clock is ${duration(Math.abs(aheadMs))} ${way} ${other}`,
      fix: "Set it, best by a time service (Linux: timedatectl set-ntp true); nothing is deleted meanwhile",
    });
  }
  if (machine?.disk && machine.trouble === undefined)
    problems.push({
      subject: "disk",
      says: `Only ${bytes(machine.disk.freeBytes)} are free for the state folder`,
      fix: "Make room before the disk is full; `moltbot state` shows what takes it",
    });
  return problems;
}

/** The problems of the machine as lines of an answer, each with what to do under it. */
export function machineLines(
  health: Partial<Pick<HealthSummary, "machine">>,
  { style }: Pick<Output, "style">,
): string[] {
  return machineProblems(health).flatMap(({ says, fix }) => [
    `${style.yellow("●")} ${says}.`,
    `  ${style.dim("→")} ${fix}.`,
  ]);
}

/** What is wrong with the database, as a line of an answer. */
export function databaseLines({ ok, problem }: HealthSummary["database"], { style }: Pick<Output, "style">): string[] {
  return problem === undefined ? [] : [`${ok ? style.yellow("●") : style.red("●")} ${problem}`];
}

/** What is wrong with the backups, as a line of an answer; a gateway of before they were there says nothing. */
export function backupLines(
  { backup }: Partial<Pick<HealthSummary, "backup">>,
  { style }: Pick<Output, "style">,
): string[] {
  return backup?.problem === undefined ? [] : [`${style.yellow("●")} ${printable(backup.problem)}`];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
