/** Makes the plan of a service from the command line that installs it. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type Env, envOf } from "../../base/files.ts";
import { isSecretName } from "../../base/privacy/secret-names.ts";
import { chooseNode, managerOf } from "./node-path.ts";
import type { ServiceKind, ServicePlan } from "./service.ts";

/** What is to be installed. */
export interface ServiceRequest {
  readonly kind: ServiceKind;
  readonly profile: string | undefined;
  readonly stateDir: string;
  /** Words after `gateway run` or `node run`; none of them is a secret. */
  readonly words: readonly string[];
  readonly env: Env;
  readonly user?: string | undefined;
  readonly watchdog?: boolean | undefined;
  readonly sockets?: readonly string[] | undefined;
}

/** A plan, and what a person should know about it. */
export interface PlannedService {
  readonly plan: ServicePlan;
  readonly notes: readonly string[];
}

/** Variables that a service is given as they are here; a value that holds a password is left out. */
const TAKEN = /^(?:(?:https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|TZ|LANG)$/i;
/** Variables of the environment that a gateway reads and that are secrets. */
const SECRETS = /^(?:MOLTBOT|CLAWDBOT)_GATEWAY_(?:TOKEN|PASSWORD)$|(?:_API_KEY|_BOT_TOKEN|_APP_TOKEN|_ACCESS_TOKEN)$/;
/** How long a Node may take to say its version, in milliseconds. */
const VERSION_MS = 5_000;

/** Plans a service that starts the program which runs now. */
export function planService({
  kind,
  profile,
  stateDir,
  words,
  env,
  user,
  watchdog,
  sockets,
}: ServiceRequest): PlannedService {
  const node = chooseNode({ execPath: process.execPath, home: homedir(), majorOf });
  const entry = process.argv[1] ?? "";
  const conditions = process.execArgv.filter((each) => each.startsWith("--conditions="));
  const ofProfile = profile === undefined ? [] : ["--profile", profile];
  const program = [node.path, ...conditions, entry, ...ofProfile];
  const command = [...program, kind, "run", ...words];
  return {
    plan: {
      ...{ kind, profile, command, user, watchdog, sockets },
      ...(kind === "gateway" && { readyCommand: [...program, "gateway", "ready", "--wait", "60"] }),
      env: { PATH: pathFor(node.path), ...placesOf(env), ...takenOf(env) },
      logFile: join(stateDir, "logs", `${kind}-service.log`),
    },
    notes: [...placeNotes({ node: node.path, entry }), ...secretNotes(env)],
  };
}

/** Why a program may be gone one day, and what to do about it; empty when it stays. */
export function placeNotes({ node, entry }: { readonly node: string; readonly entry: string }): string[] {
  const notes: string[] = [];
  const manager = managerOf(node);
  if (manager !== undefined)
    notes.push(
      `Node stands in a folder of ${manager} (${node}), which goes away with that version. Install a Node of the system, or run \`moltbot gateway install\` again after each change of version.`,
    );
  const holder = managerOf(entry);
  if (/[\\/]_npx[\\/]/.test(entry))
    notes.push(
      "moltbot runs from the cache of npx, which npm may empty. Install it with `npm install -g moltbot`, then install the service again.",
    );
  else if (holder !== undefined)
    notes.push(
      `The program moltbot stands in a folder of ${holder} (${entry}), which goes away with that version. Install it with \`npm install -g --prefix ~/.local moltbot\` to keep it.`,
    );
  return notes;
}

/** The files of a program that are not there any more. */
export function missingOf(program: readonly string[]): string[] {
  const files = program.filter((word, at) => at === 0 || (at < 4 && /\.(?:mjs|cjs|js|ts)$|[\\/]moltbot$/.test(word)));
  return files.filter((each) => !existsSync(each));
}

function majorOf(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const { status, stdout } = spawnSync(path, ["--version"], { encoding: "utf8", timeout: VERSION_MS });
  return status === 0 ? Number(/^v(\d+)\./.exec(stdout)?.[1]) || undefined : undefined;
}

function pathFor(node: string): string {
  const usual =
    process.platform === "darwin"
      ? ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
      : ["/usr/local/bin", "/usr/bin", "/bin"];
  return [...new Set([dirname(node), ...usual])].join(delimiter);
}

function placesOf(env: Env): Record<string, string> {
  const places: Record<string, string> = {};
  for (const name of ["STATE_DIR", "CONFIG_PATH"]) {
    const value = envOf(env, name);
    if (value !== undefined) places[`MOLTBOT_${name}`] = value;
  }
  return places;
}

function takenOf(env: Env): Record<string, string> {
  const taken = Object.entries(env).filter(
    (pair): pair is [string, string] =>
      TAKEN.test(pair[0]) && !!pair[1] && !pair[1].includes("@") && !isSecretName(pair[0]),
  );
  return Object.fromEntries(taken);
}

/** Secrets of this environment that the service will not have. */
function secretNotes(env: Env): string[] {
  const left = Object.keys(env).filter((name) => env[name] && (SECRETS.test(name) || hasPassword(name, env[name])));
  if (left.length === 0) return [];
  const are = left.length === 1 ? "is" : "are";
  return [
    `${left.sort().join(", ")} ${are} set here and not written into the service, because others can read its file. Keep secrets in the settings (\`moltbot models auth\`, \`moltbot config set\`), or in the file .env beside them.`,
  ];
}

function hasPassword(name: string, value: string | undefined): boolean {
  return TAKEN.test(name) && value?.includes("@") === true;
}
