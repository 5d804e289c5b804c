/** Jobs that can never run again although they are on; known only while the gateway runs. */

import { CliError, EXIT } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import { readInstance } from "../reach/instance.ts";
import type { Step, StepContext } from "./step.ts";

export async function jobSteps(call: StepContext): Promise<Step[]> {
  if (call.target.isLocal && readInstance(call.target.stateDir) === undefined) return [];
  try {
    const jobs = await withGateway(
      call,
      async ({ client, timeoutMs }) =>
        (await client.request("cron.list", { includeDisabled: false }, { timeoutMs })).jobs,
      { mode: "probe", target: call.target },
    );
    const dead = jobs.filter(
      ({ enabled, state }) => enabled && state.nextRunAtMs === undefined && state.runningAtMs === undefined,
    );
    return dead.map(({ id, name }) => ({
      name: "dead-jobs",
      before: `the job ${name} (${id}) is on and can never run again`,
      after: "it is off",
      async apply(changes) {
        await setJob(call, id, false);
        changes.note({ kind: "outside", how: "job", what: id });
        return undefined;
      },
    }));
  } catch (error) {
    if (error instanceof CliError && error.exitCode !== EXIT.usage) return [];
    throw error;
  }
}

/** Switches a job on or off. */
export async function setJob(call: Pick<StepContext, "env" | "flags">, id: string, enabled: boolean): Promise<void> {
  // Only protocol 3 takes a job whose time has passed, which is what is put back here.
  await withGateway(
    call,
    ({ client, timeoutMs }) => client.request("cron.update", { id, patch: { enabled } }, { timeoutMs }),
    { maxProtocol: 3 },
  );
}
