/** What the environment says of backups. */
import { type Env, envOf } from "../../../base/files.ts";

/** The passphrase, when the environment has one. */
export function passphraseIn(env: Env): string | undefined {
  return envOf(env, "BACKUP_PASSPHRASE");
}

/** The place of the statement journal, when the environment names one. */
export function streamIn(env: Env): string | undefined {
  return envOf(env, "BACKUP_STREAM");
}

/** The keys do not leave the process. */
export function keysIn(env: Env): string[] {
  const passphrase = passphraseIn(env);
  return passphrase === undefined ? [] : [passphrase];
}
