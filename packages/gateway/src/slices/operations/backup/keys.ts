/** The passphrase of backups in the environment. */
import { type Env, envOf } from "../../../base/files.ts";

/** The passphrase, when the environment has one. */
export function passphraseIn(env: Env): string | undefined {
  return envOf(env, "BACKUP_PASSPHRASE");
}

/** It does not leave the process. */
export function keysIn(env: Env): string[] {
  const passphrase = passphraseIn(env);
  return passphrase === undefined ? [] : [passphrase];
}
