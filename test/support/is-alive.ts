/** Whether a process still does anything: one that waits to be buried does not. */
import { execFileSync } from "node:child_process";

export function isAlive(pid: number): boolean {
  try {
    const state = execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
    return !state.startsWith("Z");
  } catch {
    // There is none of that number.
    return false;
  }
}
