/** Finds the supervisor of this system for a service. */

import { existsSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { CliError, usageError } from "../language/exit.ts";
import { type ServiceKind, type Supervisor, serviceName } from "./service.ts";

/** Which service is meant. */
export interface ServiceChoice {
  readonly kind: ServiceKind;
  readonly profile: string | undefined;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** The system's service is meant, not the user's. Undefined: the one that is installed. */
  readonly isSystem?: boolean | undefined;
}

/** The supervisor for it. Throws `CliError` on a system without one that is known here. */
export async function supervisorFor({ kind, profile, stateDir, env, isSystem }: ServiceChoice): Promise<Supervisor> {
  if (isSystem && process.platform !== "linux") throw usageError("--system is for Linux with systemd only.");
  switch (process.platform) {
    case "linux": {
      const { Systemd, SYSTEM_UNITS, userUnits } = await import("./systemd.ts");
      const { uid, username } = userInfo();
      const name = serviceName(kind, profile);
      const userFolder = userUnits(env, homedir());
      const isThere = (folder: string) => existsSync(join(folder, `${name}.service`));
      const isOfSystem = isSystem ?? (!isThere(userFolder) && isThere(SYSTEM_UNITS));
      return new Systemd({
        ...{ scope: isOfSystem ? "system" : "user", name, userFolder, systemFolder: SYSTEM_UNITS },
        ...{ userName: username, uid, env },
      });
    }
    case "darwin": {
      const { Launchd } = await import("./launchd.ts");
      const { launchdLabel } = await import("./launchd-plist.ts");
      const folder = join(homedir(), "Library", "LaunchAgents");
      return new Launchd({ label: launchdLabel(kind, profile), folder, uid: userInfo().uid, env });
    }
    case "win32": {
      const { WindowsTasks } = await import("./windows.ts");
      const { taskName } = await import("./task-script.ts");
      return new WindowsTasks({ task: taskName(kind, profile), folder: stateDir, script: `${kind}.cmd`, env });
    }
    default:
      throw new CliError(
        `This system (${process.platform}) has no supervisor that is known here. Let the system's own run \`moltbot ${kind} run\` and start it again when it ends, but for the exit code 78.`,
      );
  }
}
