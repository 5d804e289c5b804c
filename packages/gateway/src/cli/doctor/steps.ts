/** What `moltbot doctor --fix` can fix: each thing is a step with a name, what is there, and what will be. Looking changes nothing. */

import type { Call } from "../language/command.ts";
import { readLocalConfig, resolveTarget } from "../reach/target.ts";
import { certificateSteps, databaseSteps, instanceSteps, modeSteps } from "./file-steps.ts";
import { jobSteps } from "./job-steps.ts";
import { serviceSteps } from "./service-steps.ts";
import { accountSteps, configSteps, secretSteps } from "./setting-steps.ts";
import type { Step, StepContext } from "./step.ts";

/** The names of all steps, in the order in which they are made: first that the settings can be read. */
export const STEP_NAMES = [
  "config",
  "modes",
  "stale-instance",
  "secret",
  "hooks-token",
  "account-conflict",
  "certificate",
  "database",
  "other-services",
  "service-program",
  "linger",
  "dead-jobs",
] as const;

/** Everything that can be fixed now. Without `readsDatabase` the database, which may be large, is not looked at. */
export async function findSteps(
  call: Pick<Call, "env" | "flags" | "out">,
  { readsDatabase = true }: { readonly readsDatabase?: boolean } = {},
): Promise<Step[]> {
  const target = resolveTarget(call.flags, call.env);
  const context: StepContext = { ...call, target, config: readLocalConfig(target.stateDir, call.env) };
  if (!target.isLocal) return await jobSteps(context);
  const steps = [
    ...(await configSteps(context)),
    ...modeSteps(context),
    ...instanceSteps(context),
    ...secretSteps(context),
    ...accountSteps(context),
    ...certificateSteps(context),
    ...(readsDatabase ? await databaseSteps(context) : []),
    ...(await serviceSteps(context)),
    ...(await jobSteps(context)),
  ];
  return steps;
}
