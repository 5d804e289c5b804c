/** `moltbot gateway ready` — waits until the gateway of this state folder answers; for supervisors and scripts. */

import { setTimeout as sleep } from "node:timers/promises";
import { resolveStateDir } from "../../base/files.ts";
import type { Call } from "../language/command.ts";
import { CliError, EXIT, type ExitCode } from "../language/exit.ts";
import { isAlive, readInstance } from "../reach/instance.ts";
import { mustBeHere } from "../reach/target.ts";
import type { readyFlags } from "../service/flags.ts";
import { answersHealth } from "../service/healthz.ts";
import { duration } from "../terminal/render.ts";

const DEFAULT_WAIT_S = 30;
const LOOK_EVERY_MS = 100;
const ASK_MS = 2_000;

/** Ends with 0 as soon as it answers, with 5 when it did not in time, with 1 when the process that systemd names is gone. */
export async function waitUntilReady({ flags, env, out }: Call<typeof readyFlags>): Promise<ExitCode> {
  mustBeHere(flags, "gateway ready");
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  const waitMs = (flags.wait ?? DEFAULT_WAIT_S) * 1_000;
  const mainPid = Number(env.MAINPID) || undefined;
  const startedAt = performance.now();
  for (;;) {
    const instance = readInstance(stateDir);
    if (instance && (await answersHealth(instance.url, ASK_MS))) {
      const tookMs = Math.round(performance.now() - startedAt);
      if (flags.json) out.json({ ready: true, url: instance.url, pid: instance.pid, tookMs });
      else out.print(`The gateway at ${instance.url} answers.`);
      return EXIT.ok;
    }
    if (mainPid !== undefined && !isAlive(mainPid))
      throw new CliError("The gateway has ended before it answered; `moltbot logs` says why.");
    if (performance.now() - startedAt > waitMs)
      throw new CliError(
        `No gateway of ${stateDir} answers after ${duration(waitMs)}. \`moltbot doctor\` says why.`,
        EXIT.timeout,
      );
    await sleep(LOOK_EVERY_MS);
  }
}
