/** Steps that change files of the state folder: who may read them, what a killed gateway left, the certificate, the database. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ignore } from "../../base/errors.ts";
import { configPath, databasePath, lstatIfAny, readTextIfExists } from "../../base/files.ts";
import { copiesOf } from "../../base/store/store-files.ts";
import { readInstance } from "../reach/instance.ts";
import { ago } from "../terminal/render.ts";
import { type Step, type StepContext, sectionOf } from "./step.ts";

/** Folders of the state folder that hold keys and texts. Workspaces are the agents' own. */
const PRIVATE_FOLDERS = ["identity", "logs", "gateway", "gateway/tls", "credentials", "moltbot.json.history", "doctor"];
/** A certificate that ends sooner is replaced. */
const SOON_MS = 14 * 86_400_000;

/** Files and folders that others on this machine can look into. */
export function modeSteps({ target, env }: StepContext): Step[] {
  if (process.platform === "win32") return [];
  const { stateDir } = target;
  const folders = [stateDir, ...PRIVATE_FOLDERS.map((name) => join(stateDir, name))].filter(isOpenTo("folder"));
  const files = [stateDir, ...PRIVATE_FOLDERS.map((name) => join(stateDir, name))]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const open = [...new Set([...files, configPath(stateDir, env)])].filter(isOpenTo("file"));
  const all = [...folders, ...open];
  if (all.length === 0) return [];
  const shown = all.slice(0, 3).join(", ");
  return [
    {
      name: "modes",
      before: `others on this machine can look into ${shown}${all.length > 3 ? ` and ${all.length - 3} more` : ""}`,
      after: "folders have mode 0700 and files 0600",
      apply(changes) {
        for (const path of folders) changes.chmod(path, 0o700);
        for (const path of open) changes.chmod(path, lstatSync(path).mode & 0o100 ? 0o700 : 0o600);
        return undefined;
      },
    },
  ];
}

/** The note of a gateway whose process is gone. */
export function instanceSteps({ target }: StepContext): Step[] {
  const path = join(target.stateDir, "gateway.json");
  if (!existsSync(path) || readInstance(target.stateDir)) return [];
  return [
    {
      name: "stale-instance",
      before: `${path} names a gateway that has gone`,
      after: "it is removed",
      apply(changes) {
        changes.remove(path);
        return undefined;
      },
    },
  ];
}

/** The gateway's own certificate when it ends soon. One that was configured is its owner's to renew. */
export function certificateSteps({ target, config }: StepContext): Step[] {
  const tls = sectionOf(config, "gateway", "tls");
  const folder = join(target.stateDir, "gateway", "tls");
  const [cert, key] = [join(folder, "gateway-cert.pem"), join(folder, "gateway-key.pem")];
  const pem = tls.certPath === undefined ? readTextIfExists(cert) : undefined;
  const endsAt = pem === undefined ? undefined : endOf(pem);
  if (endsAt === undefined || endsAt - Date.now() > SOON_MS) return [];
  return [
    {
      name: "certificate",
      before: `the gateway's own certificate ${endsAt < Date.now() ? "has ended" : "ends within two weeks"}`,
      after: "the next start makes a new one for its key; clients that have pinned the certificate must pin it anew",
      apply(changes) {
        // Clients that have pinned the key stay good by a new certificate for it.
        const outworn = isKey(readTextIfExists(key)) ? [cert] : [cert, key];
        for (const path of outworn) if (existsSync(path)) changes.remove(path);
        return undefined;
      },
    },
  ];
}

/** A damaged database goes back to its newest sound copy; the damaged one is kept. */
export async function databaseSteps(context: StepContext): Promise<Step[]> {
  const { target, env, flags, out } = context;
  const path = databasePath(target.stateDir);
  if (!existsSync(target.stateDir) || readInstance(target.stateDir)) return [];
  const { isWhole, checkDatabaseFile } = await import("../database/check.ts");
  const look = checkDatabaseFile(target.stateDir);
  const newest = look.kind === "damaged" ? copiesOf(path).find((copy) => isWhole(copy.path)) : undefined;
  if (newest === undefined) return [];
  return [
    {
      name: "database",
      before: look.says,
      after: `the copy ${newest.name}, made ${ago(newest.at)}, is in its place; \`moltbot doctor --salvage\` may get back more`,
      async apply(changes) {
        const { restoreDatabase } = await import("../database/repair.ts");
        const before = new Set(readdirSync(target.stateDir));
        const quiet = { ...out, print() {}, json() {} };
        await restoreDatabase({ env, flags: { ...flags, yes: true, fill: false }, out: quiet });
        for (const name of readdirSync(target.stateDir))
          if (!before.has(name) && /^state\.db(?:-wal)?\.damaged-|^state\.db\.damaged-/.test(name)) {
            const end = name.endsWith("-wal") ? "-wal" : "";
            changes.note({ kind: "moved", path: `${path}${end}`, to: join(target.stateDir, name) });
          }
        changes.note({ kind: "made", path });
        return undefined;
      },
    },
  ];
}

function isOpenTo(what: "file" | "folder"): (path: string) => boolean {
  return (path) => {
    const state = lstatIfAny(path);
    const isKind = what === "file" ? state?.isFile() : state?.isDirectory();
    const isOurs = process.getuid === undefined || state?.uid === process.getuid();
    return isKind === true && isOurs && (state!.mode & 0o077) !== 0;
  };
}

function isKey(pem: string | undefined): boolean {
  try {
    return pem !== undefined && createPrivateKey(pem).type === "private";
  } catch (error) {
    ignore(error, "a text that is no key is made anew");
    return false;
  }
}

function endOf(pem: string): number | undefined {
  try {
    return new X509Certificate(pem).validToDate.getTime();
  } catch (error) {
    ignore(error, "what is no certificate is said when the gateway starts");
    return undefined;
  }
}
