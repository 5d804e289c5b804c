/** Does work with backups where the gateway is: by its methods while it runs, and directly while it does not. */

import type { BackupStore } from "../../base/backup/backup-store.ts";
import { needsPassphrase } from "../../base/backup/unpack.ts";
import { TellableError } from "../../base/errors.ts";
import { envOf } from "../../base/files.ts";
import type { Call } from "../language/command.ts";
import { CliError } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { readInstance } from "../reach/instance.ts";
import { resolveTarget, type Target } from "../reach/target.ts";
import { ask, canAsk } from "../terminal/prompt.ts";

/** The longest that a backup or a restore may take, ms, unless --timeout says otherwise. */
const LONG_MS = 3_600_000;

/** What is needed of a command's call. */
export type Asking = Pick<Call, "flags" | "env" | "out">;

/** Where the work is done. */
type Place =
  | { readonly kind: "gateway"; readonly target: Target }
  | { readonly kind: "here"; readonly target: Target; readonly backupStore: BackupStore };

/** The place of the backups of the call's state folder. */
async function placeOf({ flags, env }: Asking): Promise<Place> {
  const target = resolveTarget(flags, env);
  if (!target.isLocal || readInstance(target.stateDir)) return { kind: "gateway", target };
  const { localBackupStore } = await import("./local.ts");
  return { kind: "here", target, backupStore: await localBackupStore(target.stateDir, env) };
}

/** Runs the work by the gateway that runs, or else by the backup store of the folder. */
export async function atBackups<T>(
  call: Asking,
  label: string,
  work: { gateway(link: Link): Promise<T>; here(backupStore: BackupStore, target: Target): Promise<T> },
): Promise<T> {
  const place = await placeOf(call);
  const { flags, out } = call;
  if (place.kind === "gateway")
    return await out.during(
      label,
      withGateway(call, ({ ...link }) => work.gateway({ ...link, timeoutMs: flags.timeout ?? LONG_MS }), {
        target: place.target,
      }),
    );
  return await out.during(label, inSentences(work.here(place.backupStore, place.target)));
}

async function inSentences<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof TellableError)) throw error;
    throw new CliError(`${error.message.charAt(0).toUpperCase()}${error.message.slice(1).replace(/\.$/, "")}.`, 1, {
      cause: error,
    });
  }
}

/** The passphrase for a backup that is read: of the environment, or asked for when the file on this machine needs one. */
export async function passphraseFor(file: string | undefined, { env }: Asking): Promise<string | undefined> {
  const given = envOf(env, "BACKUP_PASSPHRASE");
  if (given !== undefined || file === undefined || !canAsk()) return given;
  const isClosed = await needsPassphrase(file).catch(() => false);
  return isClosed ? await ask("Passphrase of the backup: ", { isSecret: true }) : undefined;
}

/** A new passphrase, asked for twice. */
export async function newPassphrase(): Promise<string> {
  const first = await ask("Passphrase for the backup: ", { isSecret: true });
  const second = await ask("Once more: ", { isSecret: true });
  if (first === second && first !== "") return first;
  throw new CliError("The two are not the same, or empty; nothing was made.");
}
