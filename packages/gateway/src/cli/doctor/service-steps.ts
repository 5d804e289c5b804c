/** Steps about services: others that fight over accounts, a program that is gone, a service that ends at the logout. */

import { readTextIfExists } from "../../base/files.ts";
import { CliError } from "../language/exit.ts";
import { supervisorFor } from "../service/choose.ts";
import { missingOf, planService } from "../service/plan.ts";
import type { ServicePlan, Supervisor } from "../service/service.ts";
import type { Step, StepContext } from "./step.ts";

/** Everything about the service of this profile; nothing where the system has no supervisor. */
export async function serviceSteps(context: StepContext): Promise<Step[]> {
  const { env, flags, target } = context;
  try {
    const meant = { kind: "gateway", profile: flags.profile, stateDir: target.stateDir, env } as const;
    const supervisor = await supervisorFor(meant);
    const state = await supervisor.state();
    const isInstalled = state.file !== undefined;
    return [
      ...(isInstalled ? await otherSteps(supervisor) : []),
      ...(isInstalled ? programSteps(context, { supervisor, file: state.file!, program: state.program ?? [] }) : []),
      ...(await lingerSteps(supervisor)),
    ];
  } catch (error) {
    if (error instanceof CliError) return [];
    throw error;
  }
}

async function otherSteps(supervisor: Supervisor): Promise<Step[]> {
  const others = await supervisor.others();
  return others.map((other) => ({
    name: "other-services",
    before: `${other.name} (${other.file}) runs a gateway too; two of them fight over accounts`,
    after: "it is stopped and disabled; its file is kept under another name",
    async apply(changes) {
      await supervisor.removeOther(other);
      changes.note({ kind: "moved", path: other.file, to: `${other.file}.removed` });
      return `To have ${other.name} back after \`moltbot doctor --undo\`, enable it with its supervisor.`;
    },
  }));
}

interface Installed {
  readonly supervisor: Supervisor;
  readonly file: string;
  readonly program: readonly string[];
}

function programSteps({ env, flags, target }: StepContext, { supervisor, file, program }: Installed): Step[] {
  const missing = missingOf(program);
  if (missing.length === 0) return [];
  const run = program.indexOf("run");
  const socketUnit = readTextIfExists(file.replace(/\.service$/, ".socket")) ?? "";
  const sockets = [...socketUnit.matchAll(/^ListenStream=(.*)$/gm)].map(([, address = ""]) => address);
  const { plan } = planService({
    sockets,
    ...{ kind: "gateway", profile: flags.profile, stateDir: target.stateDir, env },
    words: run < 0 ? [] : program.slice(run + 1),
  });
  const watched: ServicePlan = { ...plan, watchdog: /^WatchdogSec=/m.test(readTextIfExists(file) ?? "") };
  return [
    {
      name: "service-program",
      before: `the service starts ${missing.join(" and ")}, which is not there any more`,
      after: `it starts ${plan.command[0]}`,
      async apply(changes) {
        await changes.during(file, () => supervisor.install(watched));
        return undefined;
      },
    },
  ];
}

async function lingerSteps(supervisor: Supervisor): Promise<Step[]> {
  const { lingering } = supervisor;
  if (lingering === undefined || (await lingering.isOn())) return [];
  return [
    {
      name: "linger",
      before: `the service ends at the logout of ${lingering.userName}, and does not start at boot`,
      after: "lingering is on",
      async apply(changes) {
        await lingering.set(true);
        changes.note({ kind: "outside", how: "linger", what: lingering.userName });
        return undefined;
      },
    },
  ];
}
