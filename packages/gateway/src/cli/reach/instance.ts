/** The gateway that runs on a state folder, as it wrote itself down in `gateway.json`. */

import { join } from "node:path";
import { isRecord } from "../../base/config/config.ts";
import { readTextIfExists } from "../../base/files.ts";

/** A running gateway. */
export interface Instance {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly startedAt: number;
  readonly version: string;
}

/** What `gateway.json` says, or undefined when there is none or its process is gone. */
export function readInstance(stateDir: string): Instance | undefined {
  const instance = parse(readTextIfExists(join(stateDir, "gateway.json")));
  return instance && isAlive(instance.pid) ? instance : undefined;
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function parse(text: string | undefined): Instance | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
  if (!isRecord(value) || typeof value.pid !== "number" || typeof value.url !== "string") return undefined;
  return value as unknown as Instance;
}
