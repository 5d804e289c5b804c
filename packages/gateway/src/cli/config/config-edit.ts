/** Changes the config: through the gateway that runs on it, else in the file under the same validation. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ResponseError } from "@moltbot/protocol";
import { isIgnored, isRecord, readConfig } from "../../base/config/config.ts";
import { historyDirs } from "../../base/config/config-copies.ts";
import { patchConfigText } from "../../base/config/config-edit.ts";
import { Config } from "../../base/config/config-file.ts";
import { ensureConfig } from "../../base/config/first-config.ts";
import { codeOf, messageOf, StartError } from "../../base/errors.ts";
import {
  configPath,
  type Env,
  fileExists,
  readTextIfExists,
  resolveStateDir,
  writePrivateFile,
} from "../../base/files.ts";
import { createLog } from "../../base/log.ts";
import { Secrets } from "../../base/privacy/secrets.ts";
import { systemClock } from "../../base/time/clock.ts";
import type { Call } from "../language/command.ts";
import { CliError, EXIT } from "../language/exit.ts";
import { awaitRestart } from "../reach/await-restart.ts";
import { type GatewayCall, type Link, withGateway } from "../reach/connect.ts";
import { readInstance } from "../reach/instance.ts";
import { mustBeHere, namesGateway, namesRemote, readLocalConfig, resolveTarget } from "../reach/target.ts";

/** What a change needs of the command that makes it. */
type EditCall = GatewayCall & Pick<Call, "out">;

/** A JSON merge patch (RFC 7396): null deletes. */
export type Patch = Readonly<Record<string, unknown>>;

/** What a change did. `isLive` says that a running gateway has it; `restarts`, that the gateway has restarted for it. */
export interface ConfigChange {
  readonly path: string;
  readonly isLive: boolean;
  readonly restarts: boolean;
  /** Settings of the file that nobody reads. */
  readonly ignored: readonly string[];
}

/** A text that was replaced, and when. */
export interface ReplacedConfig {
  readonly file: string;
  readonly at: number;
  readonly raw: string;
}

/** Applies a patch to the config that the call means. Throws a `CliError` that names the wrong value. */
export function changeConfig(call: EditCall, patch: Patch): Promise<ConfigChange> {
  return change(call, {
    online: (link) => applyPatch(link, patch),
    offline: (raw) => patchConfigText(raw, patch),
  });
}

/** Puts an earlier text back in force; the present one goes to the history in its turn. */
export function restoreConfig(call: EditCall, { raw }: ReplacedConfig): Promise<ConfigChange> {
  return change(call, { online: (link) => applyText(link, raw), offline: () => raw });
}

/** The replaced texts of this machine's config, the latest first. */
export function readHistory(call: GatewayCall): ReplacedConfig[] {
  mustBeHere(call.flags, "config history");
  const folders = historyDirs({ path: pathOf(call), fallbackFolder: stateDirOf(call) });
  const folder = folders.find((each) => fileExists(each)) ?? folders[0]!;
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith(".json5"));
    return files
      .sort()
      .reverse()
      .map((name) => ({ file: join(folder, name), at: timeOf(name), raw: readFileSync(join(folder, name), "utf8") }));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw new CliError(`The config history ${folder} cannot be read (${messageOf(error)}).`, EXIT.failed, {
      cause: error,
    });
  }
}

/** Applies a patch through an open connection. */
export async function applyPatch(link: Link, patch: Patch): Promise<ConfigChange> {
  return sent(link, "config.patch", JSON.stringify(patch));
}

function applyText(link: Link, raw: string): Promise<ConfigChange> {
  return sent(link, "config.apply", raw);
}

async function sent(
  { client, timeoutMs }: Link,
  method: "config.patch" | "config.apply",
  raw: string,
): Promise<ConfigChange> {
  const { hash } = await client.request("config.get", {}, { timeoutMs });
  try {
    // The answers must be out before the connection goes down with the restart.
    const answer = await client.request(method, { raw, baseHash: hash, restartDelayMs: 500 }, { timeoutMs });
    const restarts = (answer.restart as { needed?: boolean }).needed === true;
    const warnings = await client.request("config.get", {}, { timeoutMs }).then(
      (now) => now.warnings,
      (error) => {
        if (!restarts || error instanceof ResponseError) throw error;
        return []; // the change is written, and the gateway was faster with its restart
      },
    );
    return { path: answer.path, isLive: true, restarts, ignored: ignoredIn(warnings) };
  } catch (error) {
    const issues = error instanceof ResponseError && isRecord(error.details) ? error.details.issues : undefined;
    if (Array.isArray(issues)) throw invalid(issues as readonly { path: string; message: string }[]);
    throw error;
  }
}

interface Ways {
  readonly online: (link: Link) => Promise<ConfigChange>;
  readonly offline: (raw: string) => string;
}

/**
 * The gateway that runs on this state folder is asked, or the one that `--url` names. Otherwise the file on this machine
 * is meant: what answers at the usual port may be somebody else's gateway. So it is where the settings name a remote gateway:
 * which one that is can be changed here only. A gateway that restarts for the change is waited for.
 */
async function change(call: EditCall, { online, offline }: Ways): Promise<ConfigChange> {
  const stateDir = stateDirOf(call);
  const isHere = readInstance(stateDir) !== undefined && !namesRemote(readLocalConfig(stateDir, call.env));
  if (!isHere && !namesGateway(call.flags)) return rewrite(pathOf(call), { edit: offline, env: call.env, stateDir });
  const atMs = performance.now();
  const changed = await withGateway(call, online, { target: resolveTarget(call.flags, call.env) });
  if (changed.restarts)
    await call.out.during(
      "The gateway restarts for it",
      awaitRestart(call, { atMs, done: "The change is written, and `moltbot config undo` takes it back" }),
    );
  return changed;
}

async function rewrite(
  path: string,
  { edit, env, stateDir }: { edit(raw: string): string; env: Env; stateDir: string },
): Promise<ConfigChange> {
  const { SECTIONS } = await import("../sections.ts");
  // A first change makes the file that a first start would have made, token included: the gateway can start on it.
  ensureConfig(path, { env, hasSecret: false });
  const raw = edit(readTextIfExists(path) ?? "");
  const { issues, warnings } = readConfig(raw, SECTIONS, { path, env, isElsewhere: true });
  if (issues.length > 0) throw invalid(issues);
  const log = createLog({ clock: systemClock, level: "error", sinks: [], secrets: new Secrets() });
  try {
    using config = Config.open({
      ...{ path, log, env, isElsewhere: true, clock: systemClock },
      sections: SECTIONS,
      fallbackFolder: stateDir,
    });
    config.write(raw, config.snapshot().hash);
  } catch (error) {
    // The text there is invalid and there is no good copy: what replaces it is valid, so nothing is lost.
    if (!(error instanceof StartError)) throw error;
    writePrivateFile(path, raw);
  }
  return { path, isLive: false, restarts: false, ignored: ignoredIn(warnings) };
}

function ignoredIn(warnings: readonly { readonly path: string; readonly message: string }[]): string[] {
  return warnings.filter(isIgnored).map(({ path }) => path);
}

function invalid(issues: readonly { readonly path: string; readonly message: string }[]): CliError {
  const [first] = issues;
  const others = new Set(issues.map(({ path }) => path)).size - 1;
  const more = others > 0 ? ` ${others} more ${others === 1 ? "value is" : "values are"} wrong too.` : "";
  return new CliError(
    `${first?.path ?? "The config"} ${first?.message ?? "is not valid"}. Nothing was changed.${more}`.replace(/^ /, ""),
  );
}

type Scope = Pick<GatewayCall, "flags" | "env">;

/** Where this machine's settings are, whatever gateway they name. */
function stateDirOf({ flags, env }: Scope): string {
  return resolveStateDir({ env, profile: flags.profile });
}

function pathOf({ flags, env }: Scope): string {
  return configPath(stateDirOf({ flags, env }), env);
}

/** History files are named by their time, with dashes where a file name cannot have colons. */
function timeOf(name: string): number {
  return Date.parse(name.replace(/^(.*T\d\d)-(\d\d)-(\d\d)-(\d+)Z.*$/, "$1:$2:$3.$4Z"));
}
