/** The log of a gateway: standard output or other sinks, and the log file, without the secrets. */
import { join } from "node:path";
import { onUnexpected } from "../base/errors.ts";
import { createLog, type Log, LogFile, ttySink } from "../base/log.ts";
import type { Secrets } from "../base/privacy/secrets.ts";
import { systemClock } from "../base/time/clock.ts";
import type { StartOptions } from "./options.ts";

/** Lines of the log that may wait for a slow reader of standard output; more are left out of it, not of the log file. */
const MAX_BEHIND_BYTES = 1_000_000;

/** Opens the log; the stack closes its file. */
export function openLog(
  { stateDir, clock = systemClock, overrides, sinks }: StartOptions,
  secrets: Secrets,
  stack: AsyncDisposableStack,
): { readonly log: Log; readonly path: string } {
  const file = stack.use(new LogFile(join(stateDir, "logs")));
  const log = createLog({
    ...{ clock, secrets, level: overrides?.verbose ? "debug" : "info" },
    sinks: [...(sinks ?? [ttySink(writeUnlessBehind, process.stdout.isTTY)]), file.sink],
  });
  stack.use(
    onUnexpected((error, reference) => log.warn("people were told of an error by its reference", { reference, error })),
  );
  return { log, path: file.path };
}

function writeUnlessBehind(text: string): void {
  const { stdout } = process;
  if (stdout.writable && stdout.writableLength < MAX_BEHIND_BYTES) stdout.write(text);
}
