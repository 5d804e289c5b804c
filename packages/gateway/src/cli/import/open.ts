/** Opens our state for an import. No gateway may run on it meanwhile. */
import { configPath, fileExists, resolveStateDir } from "../../base/files.ts";
import type { Approvals } from "../../slices/agent/approvals/approvals.ts";
import type { Imports } from "../../slices/operations/imports/imports.ts";
import { CliError } from "../language/exit.ts";
import { readInstance } from "../reach/instance.ts";

/** What an import needs of the services. */
export interface ImportServices extends AsyncDisposable {
  readonly imports: Imports;
  readonly approvals: Approvals;
  /** Whether there were no settings of ours before. */
  readonly isFirst: boolean;
  readonly sections: Parameters<Imports["plan"]>[1]["sections"];
}

/** Throws `CliError` when a gateway runs on our state. */
export async function openOurs(env: NodeJS.ProcessEnv, profile: string | undefined): Promise<ImportServices> {
  const stateDir = resolveStateDir({ env, profile });
  const running = readInstance(stateDir);
  if (running) {
    const command = `moltbot${profile === undefined ? "" : ` --profile ${profile}`} gateway stop`;
    throw new CliError(
      `A gateway runs on ${stateDir} (pid ${running.pid}). Stop it with \`${command}\`, then import, then start it again.`,
    );
  }
  const isFirst = !fileExists(configPath(stateDir, env));
  const { openOffline } = await import("../../start/supervise.ts");
  const offline = await openOffline({ stateDir, env, sinks: [] });
  const { imports, approvals } = offline.gateway as unknown as { imports: Imports; approvals: Approvals };
  return {
    imports,
    approvals,
    isFirst,
    sections: offline.sections,
    [Symbol.asyncDispose]: () => offline[Symbol.asyncDispose](),
  };
}
