/** What `moltbot doctor` does about a damaged database: get back what can be read, go back to a copy, or begin anew. */

import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { defined } from "../../base/defined.ts";
import { databasePath, resolveStateDir } from "../../base/files.ts";
import { openStore } from "../../base/store/store.ts";
import { keepDailyCopy } from "../../base/store/store-backup.ts";
import { type Copy, copiesOf } from "../../base/store/store-files.ts";
import { isHeld } from "../../base/store/store-held.ts";
import type { Call } from "../language/command.ts";
import { CliError, EXIT, type ExitCode } from "../language/exit.ts";
import { readInstance } from "../reach/instance.ts";
import type { TableResult } from "../salvage/salvage.ts";
import { canAsk, confirm } from "../terminal/prompt.ts";
import { ago, bytes } from "../terminal/render.ts";
import { isWhole } from "./check.ts";

/** The call of a command that repairs the database. */
export interface RepairCall extends Pick<Call, "env" | "out"> {
  readonly flags: Call["flags"] & { readonly yes: boolean; readonly fill: boolean };
}

/** Writes what can be read into a new file, and puts that in place when somebody agrees. */
export async function salvageDatabase(call: RepairCall): Promise<ExitCode> {
  const { out, flags } = call;
  const path = pathOf(call);
  requireFile(path);
  requireRoom(path);
  const copies = copiesOf(path).filter((copy) => isWhole(copy.path));
  const fill = flags.fill ? copies[0] : undefined;
  if (flags.fill && !fill) throw new CliError("There is no sound copy to fill the gaps from; leave out --fill.");
  const target = `${path}.salvaged`;
  removeWhole(target);
  const { salvage } = await import("../salvage/salvage.ts");
  const { TABLES } = await import("../sections.ts");
  const results = salvage({
    ...{ path, target, tables: TABLES, fill: fill?.path },
    copies: copies.map((copy) => copy.path),
  });
  bringToDisk(target);
  const isAgreed = await agreed(call, "Put the new file in place?");
  const kept = isAgreed ? exchange(path, target) : undefined;
  if (flags.json) {
    out.json({ ok: true, database: isAgreed ? path : target, ...defined({ kept }), tables: results });
    return EXIT.ok;
  }
  report(results, { out, fill });
  out.print(
    isAgreed
      ? `The new file is in place. The damaged one is kept as ${kept}. Start with \`moltbot gateway\`.`
      : `The new file is ${target}; nothing else was changed. To put it in place: \`moltbot doctor --salvage --yes\`.`,
  );
  return EXIT.ok;
}

function report(results: readonly TableResult[], { out, fill }: { out: Call["out"]; fill: Copy | undefined }): void {
  const sum = (of: (result: TableResult) => number) => results.reduce((total, result) => total + of(result), 0);
  for (const { table, rows, found, filled, badPages, missing } of results) {
    if (badPages === 0 && missing === 0) continue;
    const parts = [
      `${rows} rows`,
      ...(found > 0 ? [`${found} of them from pages that the table had lost`] : []),
      ...(filled > 0 ? [`${filled} of them from the copy`] : []),
      `about ${missing} missing`,
      `${badPages} bad pages`,
    ];
    out.print(`${table}: ${parts.join(", ")}`);
  }
  out.print(
    `${sum(({ rows }) => rows)} rows in ${results.length} tables; about ${sum(({ missing }) => missing)} missing.`,
  );
  if (fill)
    out.print(
      `Gaps were filled from ${fill.name}, made ${ago(fill.at)}. What was removed since may be back: look at ` +
        "`moltbot devices list` and `moltbot pairing list`.",
    );
}

/** Puts the newest sound copy in the database's place. */
export async function restoreDatabase(call: RepairCall): Promise<ExitCode> {
  const path = pathOf(call);
  const copies = copiesOf(path);
  if (copies.length === 0) throw new CliError(`There is no copy beside ${path}. Try \`moltbot doctor --salvage\`.`);
  const newest = copies.find((copy) => isWhole(copy.path));
  if (!newest) throw new CliError("Every copy is damaged too. Try `moltbot doctor --salvage`.");
  requireRoom(newest.path);
  const isAgreed = await agreed(
    call,
    `Go back to ${newest.name}, made ${ago(newest.at)}? What came since is left out.`,
  );
  if (!isAgreed)
    throw new CliError(`Nothing was changed. To go back to ${newest.name}: \`moltbot doctor --restore --yes\`.`);
  const target = `${path}.restored`;
  removeWhole(target);
  copyFileSync(newest.path, target);
  bringToDisk(target);
  return told(call, path, { kept: exchange(path, target), says: `${newest.name} is in place.` });
}

/** Puts an empty database in place. */
export async function startEmpty(call: RepairCall): Promise<ExitCode> {
  const path = pathOf(call);
  const isAgreed = await agreed(
    call,
    "Begin with an empty database? Sessions, messages and paired devices are left behind.",
  );
  if (!isAgreed) throw new CliError("Nothing was changed. To begin anew: `moltbot doctor --start-empty --yes`.");
  const { TABLES } = await import("../sections.ts");
  const target = `${path}.empty`;
  removeWhole(target);
  openStore(target, TABLES)[Symbol.dispose]();
  rmSync(`${target}.closed`, { force: true });
  keepDailyCopy(path);
  return told(call, path, { kept: exchange(path, target), says: "An empty database is in place." });
}

function told(
  { out, flags }: RepairCall,
  database: string,
  { kept, says }: { kept: string | undefined; says: string },
): ExitCode {
  if (flags.json) out.json({ ok: true, database, ...defined({ kept }) });
  else
    out.print(
      [
        says,
        ...(kept === undefined ? [] : [`What was there is kept as ${kept}.`]),
        "Start with `moltbot gateway`.",
      ].join(" "),
    );
  return EXIT.ok;
}

/** The database of the state folder, which no gateway uses now. */
function pathOf({ env, flags }: RepairCall): string {
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  if (!existsSync(stateDir)) throw new CliError(`${stateDir} is not there; nothing was lost.`);
  const path = databasePath(stateDir);
  const isInUse = hasContent(path) ? isHeld(path) : readInstance(stateDir) !== undefined;
  if (isInUse) throw new CliError(`A gateway runs on ${stateDir}; stop it first: \`moltbot gateway stop\`.`);
  return path;
}

function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function requireFile(path: string): void {
  if (hasContent(path) || hasContent(`${path}-wal`)) return;
  throw new CliError(
    `${path} is missing or empty: there is nothing to read. \`moltbot doctor --restore\` goes back to the newest copy, ` +
      "`moltbot doctor --start-empty` begins anew.",
  );
}

function requireRoom(path: string): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  const needed = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bavail * bsize > needed) return;
  throw new CliError(`The new file needs ${bytes(needed)} beside ${path}; make room on that disk first.`);
}

/** Whether somebody agrees; without a terminal only `--yes` does. */
async function agreed({ flags }: RepairCall, question: string): Promise<boolean> {
  return flags.yes || (canAsk() && (await confirm(question, "yes")));
}

/**
 * Removes what an earlier attempt has left of a new database: with the mark of its clean end it would count as one that was
 * used and is gone.
 */
function removeWhole(path: string): void {
  for (const end of ["", "-wal", "-shm", ".closed"]) rmSync(`${path}${end}`, { force: true });
}

function bringToDisk(path: string): void {
  const file = openSync(path, "r+");
  fsyncSync(file);
  closeSync(file);
}

/**
 * Puts `fresh` in the place of the database at `path`, and keeps what was there under another name, which is returned. The
 * database goes before its journal: at no point does one that lacks its journal take its place.
 */
function exchange(path: string, fresh: string): string | undefined {
  if (isHeld(path)) throw new CliError(`A gateway has started meanwhile; stop it first. The new file is ${fresh}.`);
  const kept = `${path}.damaged-${new Date().toISOString().replace(/[:.]/g, "-")}`;
  const ends = ["", "-wal"].filter((end) => existsSync(`${path}${end}`));
  for (const end of ends) renameSync(`${path}${end}`, `${kept}${end}`);
  for (const end of ["-shm", ".closed"]) rmSync(`${path}${end}`, { force: true });
  renameSync(fresh, path);
  return ends.length > 0 ? basename(kept) : undefined;
}
