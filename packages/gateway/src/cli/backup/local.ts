/** Backups of a state folder whose gateway does not run: done by the command line itself. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { journalFile } from "../../base/backup/backup-folder.ts";
import { type BackupRules, BackupStore } from "../../base/backup/backup-store.ts";
import { copyStopped, stoppedPosition } from "../../base/backup/stopped.ts";
import { isRecord, readConfig } from "../../base/config/config.ts";
import { configPath, databasePath, envOf, expandHome, readTextIfExists } from "../../base/files.ts";
import type { JournalPosition } from "../../base/store/journal/line.ts";
import { systemClock } from "../../base/time/clock.ts";
import { VERSION } from "../../base/version.ts";
import { CliError } from "../language/exit.ts";

/** The backup store of a state folder. Throws `CliError` when there is no state. */
export async function localBackupStore(stateDir: string, env: NodeJS.ProcessEnv): Promise<BackupStore> {
  const { SECTIONS, TABLES } = await import("../sections.ts");
  const path = configPath(stateDir, env);
  const { values } = readConfig(readTextIfExists(path) ?? "", SECTIONS, { path, env });
  const rules = values.get("backup") as BackupRules & { readonly passphrase?: string; readonly stream?: string };
  const stream = envOf(env, "BACKUP_STREAM") ?? rules.stream;
  const database = databasePath(stateDir);
  const journal = stream === undefined ? undefined : journalFile(stateDir, stream);
  let position: JournalPosition | undefined;
  return new BackupStore({
    ...{ stateDir, configPath: path, rules, tables: TABLES, clock: systemClock, productVersion: VERSION },
    passphrase: envOf(env, "BACKUP_PASSPHRASE") ?? rules.passphrase,
    ...(journal !== undefined && { journal }),
    position: () => position,
    signal: new AbortController().signal,
    workspaces: () => workspacesOf(stateDir, values.get("agents")),
    async copyDatabase(target, held) {
      if (!existsSync(database)) throw new CliError(`${database} is not there; there is nothing to back up.`);
      await copyStopped(database, target);
      position = journal === undefined ? undefined : stoppedPosition(target, journal);
      held();
    },
  });
}

/** The folders that the settings name as workspaces. */
function workspacesOf(stateDir: string, agents: unknown): string[] {
  const { defaults, list } = isRecord(agents) ? agents : {};
  const named = [defaults, ...(Array.isArray(list) ? list : [])].map((each) => isRecord(each) && each.workspace);
  const ids = (Array.isArray(list) ? list : []).map((each) => isRecord(each) && String(each.id).toLowerCase());
  const shared = isRecord(defaults) && typeof defaults.workspace === "string" ? defaults.workspace : undefined;
  const derived = shared === undefined ? [] : ids.map((id) => `${shared}-${id}`);
  return [...named, ...derived]
    .filter((path) => typeof path === "string")
    .map((path) => resolve(stateDir, expandHome(path)))
    .filter((path) => existsSync(path));
}
