/** The log of a gateway: standard output or other sinks, and the log file, without the secrets. */
import { join } from "node:path";
import { onUnexpected } from "../base/errors.ts";
import type { Env } from "../base/files.ts";
import { createLog, isJournal, journalSink, type Log, LogFile, type Sink, ttySink } from "../base/log.ts";
import type { Secrets } from "../base/privacy/secrets.ts";
import { systemClock } from "../base/time/clock.ts";
import type { StartOptions } from "./options.ts";

/** Lines of the log that may wait for a slow reader of standard output; more are left out of it, not of the log file. */
const MAX_BEHIND_BYTES = 1_000_000;

/** Opens the log; the stack closes its file. */
export function openLog(
  { stateDir, env, clock = systemClock, overrides, sinks }: StartOptions,
  secrets: Secrets,
  stack: AsyncDisposableStack,
): { readonly log: Log; readonly path: string } {
  const file = stack.use(new LogFile(join(stateDir, "logs")));
  const log = createLog({
    ...{ clock, secrets, level: overrides?.verbose ? "debug" : "info" },
    sinks: [...(sinks ?? [standardSink(env)]), file.sink],
  });
  stack.use(
    onUnexpected((error, reference) => log.warn("people were told of an error by its reference", { reference, error })),
  );
  return { log, path: file.path };
}

/** Standard output: a terminal, a pipe, or the journal. */
function standardSink({ JOURNAL_STREAM }: Env): Sink {
  if (isJournal(JOURNAL_STREAM, process.stdout.fd)) return journalSink(writeUnlessBehind);
  return ttySink(writeUnlessBehind, process.stdout.isTTY);
}

function writeUnlessBehind(text: string): void {
  const { stdout } = process;
  if (stdout.writable && stdout.writableLength < MAX_BEHIND_BYTES) stdout.write(text);
}
