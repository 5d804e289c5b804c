/** When a process was started. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { ignore } from "../errors.ts";
import { readTextIfExists } from "../files.ts";

/** Ticks a second in /proc; the kernel shows programs this number on every machine (proc(5), USER_HZ). */
const TICKS = 100;
/** Position of the start time behind the name of the program in /proc/PID/stat (proc(5), field 22). */
const START_FIELD = 19;

/** The start of a process as epoch milliseconds, exact to a second; undefined when it is gone or the system does not tell. */
export function processStartedAt(pid: number): number | undefined {
  return process.platform === "linux" ? fromProc(pid) : fromPs(pid);
}

function fromProc(pid: number): number | undefined {
  try {
    const stat = readTextIfExists(`/proc/${pid}/stat`);
    const bootedAt = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
    const ticks = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[START_FIELD]);
    const at = (bootedAt + ticks / TICKS) * 1_000;
    return Number.isFinite(at) ? at : undefined;
  } catch (error) {
    return ignore(error, "the process ends at this moment") as undefined;
  }
}

function fromPs(pid: number): number | undefined {
  const env = { PATH: process.env.PATH, LC_ALL: "C" };
  const { stdout } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env });
  const at = Date.parse(stdout?.trim() ?? "");
  return Number.isFinite(at) ? at : undefined;
}
