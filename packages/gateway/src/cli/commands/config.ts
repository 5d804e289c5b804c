/** `moltbot config` — settings: read, change, take back. */

import { explain, isIgnored, isRecord, merge, readConfig } from "../../base/config/config.ts";
import { lastGoodPaths } from "../../base/config/config-copies.ts";
import { parseJson5 } from "../../base/config/json5.ts";
import { messageOf } from "../../base/errors.ts";
import { configPath, fileExists, readFirst, readTextIfExists, resolveStateDir } from "../../base/files.ts";
import {
  type ConfigChange,
  changeConfig,
  type ReplacedConfig,
  readHistory,
  restoreConfig,
} from "../config/config-edit.ts";
import { hideSecrets, nest, parsePath, valueAt } from "../config/config-path.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { CliError, usageError } from "../language/exit.ts";
import { nearest } from "../language/nearest.ts";
import { withGateway } from "../reach/connect.ts";
import { namesGateway } from "../reach/target.ts";
import { ago, table } from "../terminal/render.ts";

const get = defineCommand({
  summary: "Print a setting, or all of them, defaults included",
  page: "settings",
  positionals: [{ name: "PATH", optional: true, completes: "setting" }],
  examples: ["moltbot config get gateway.port", "moltbot config get models"],
  async run(call) {
    const { out, words, flags } = call;
    const [path] = words;
    const values = await readValues(call);
    if (path === undefined) return out.json(hideSecrets(values));
    const value = valueAt(values, parsePath(path));
    if (value === undefined) throw new CliError(`${path} is not set. \`moltbot config get\` prints all settings.`);
    if (typeof value === "string" && !flags.json) out.raw(value);
    else out.json(isRecord(value) || Array.isArray(value) ? hideSecrets(value, parsePath(path)) : value);
  },
});

const set = defineCommand({
  summary: "Change a setting; the gateway takes it over at once",
  positionals: [{ name: "PATH", completes: "setting" }, { name: "VALUE" }],
  flags: {
    text: { kind: "switch", summary: "Take VALUE as text even if it looks like a number or JSON" },
    force: { kind: "switch", summary: "Write a setting that this version does not know" },
  },
  examples: [
    "moltbot config set gateway.port 18790",
    "moltbot config set agents.defaults.model ollama/qwen3",
    `moltbot config set gateway.trustedProxies '["10.0.0.1"]'`,
  ],
  async run(call) {
    const [path = "", given = ""] = call.words;
    const keys = parsePath(path);
    const value = call.flags.text ? given : readValue(given);
    if (!call.flags.force) await refuseUnknown(keys, value);
    const changed = await changeConfig(call, nest(keys, value));
    report(call, changed, { path, value, says: `${path} is ${shown(keys, value)} now.` });
  },
});

const unset = defineCommand({
  summary: "Remove a setting; its default counts again",
  positionals: [{ name: "PATH", completes: "setting" }],
  async run(call) {
    const [path = ""] = call.words;
    const keys = parsePath(path);
    if (valueAt(await readValues(call), keys) === undefined)
      throw new CliError(`${path} is not set; nothing was changed.`);
    const changed = await changeConfig(call, nest(keys, null));
    report(call, changed, { path, value: null, says: `${path} is removed; its default counts.` });
  },
});

const path = defineCommand({
  summary: "Print where the config file is",
  async run({ flags, env, out }) {
    const file = configPath(resolveStateDir({ env, profile: flags.profile }), env);
    if (flags.json) out.json({ path: file, exists: fileExists(file) });
    else out.raw(file);
  },
});

const history = defineCommand({
  summary: "List the earlier versions of the config file",
  async run(call) {
    const { out, env, flags } = call;
    const versions = readHistory(call);
    if (flags.json) return out.json(versions.map(({ file, at }) => ({ file, at })));
    if (versions.length === 0) return out.print("The config was not changed yet.");
    const current = readTextIfExists(configPath(resolveStateDir({ env, profile: flags.profile }), env)) ?? "";
    const rows = versions.map(({ at, raw }, index) => [
      String(index + 1),
      ago(at),
      differences(raw, index === 0 ? current : (versions[index - 1]?.raw ?? "")),
    ]);
    const columns = [
      { title: "No", align: "right" as const },
      { title: "Replaced" },
      { title: "What changed then", flexible: true },
    ];
    out.print(table(columns, rows, out));
    out.print(out.style.dim("\nGo back to one with `moltbot config undo NO`."));
  },
});

const undo = defineCommand({
  summary: "Go back to the version before the last change, or to one of the history",
  positionals: [{ name: "NO", optional: true }],
  async run(call) {
    const [given = "1"] = call.words;
    const versions = readHistory(call);
    const version: ReplacedConfig | undefined = versions[Number(given) - 1];
    if (versions.length === 0) throw new CliError("There is no earlier version of the config to go back to.");
    if (!version) throw new CliError(`The history has no version ${given}. See \`moltbot config history\`.`);
    const changed = await restoreConfig(call, version);
    report(call, changed, {
      restored: version.file,
      says: `The config of ${ago(version.at)} is back. \`moltbot config undo\` takes that back in turn.`,
    });
  },
});

/** Settings. */
export const config = defineGroup({
  summary: "Read and change the settings",
  alone: get,
  commands: { get, set, unset, path, history, undo },
});

/** Values in force. This machine's own come from the file, secrets included: whoever may read it may see them. */
async function readValues(call: Call): Promise<Record<string, unknown>> {
  if (namesGateway(call.flags)) {
    return withGateway(call, async ({ client, timeoutMs }) => {
      const { config } = await client.request("config.get", {}, { timeoutMs });
      return config as Record<string, unknown>;
    });
  }
  const { SECTIONS } = await import("../sections.ts");
  const stateDir = resolveStateDir({ env: call.env, profile: call.flags.profile });
  const file = configPath(stateDir, call.env);
  const source = { path: file, env: call.env };
  const onDisk = readConfig(readTextIfExists(file) ?? "", SECTIONS, source);
  const isValid = onDisk.issues.length === 0;
  if (!isValid) call.out.note(`${explain(file, onDisk.issues)} The last valid values are shown.`);
  const lastGood = () => readFirst(lastGoodPaths({ path: file, fallbackFolder: stateDir })) ?? "";
  const { resolved, values } = isValid ? onDisk : readConfig(lastGood(), SECTIONS, source);
  return merge(resolved, Object.fromEntries(values));
}

/** A setting that nobody reads is a mistake when somebody types it. Throws a usage error that names the nearest one. */
async function refuseUnknown(keys: readonly string[], value: unknown): Promise<void> {
  const { SECTIONS, settingsUnder } = await import("../sections.ts");
  const { warnings } = readConfig(JSON.stringify(nest(keys, value)), SECTIONS);
  const unknown = warnings.find(isIgnored)?.path;
  if (unknown === undefined) return;
  const parts = unknown.split(".");
  const name = parts.at(-1)!;
  const siblings = settingsUnder(parts.slice(0, -1));
  const close = nearest(name, siblings);
  const hint = close === undefined ? "" : ` Did you mean ${[...parts.slice(0, -1), close].join(".")}?`;
  throw usageError(`${unknown} is not a setting; nothing was changed.${hint} --force writes it all the same.`);
}

/** Numbers, true, false, null, lists and objects are taken as such; everything else is text. */
function readValue(given: string): unknown {
  try {
    return parseJson5(given);
  } catch (error) {
    if (!/^\s*[[{]/.test(given)) return given;
    throw new CliError(`The value is not valid JSON: ${messageOf(error)}.`, 2);
  }
}

function shown(keys: readonly string[], value: unknown): string {
  return JSON.stringify(hideSecrets(value, keys));
}

function report(
  { out, flags }: Pick<Call, "out" | "flags">,
  changed: ConfigChange,
  what: { says: string } & Record<string, unknown>,
): void {
  const { says, ...details } = what;
  if (changed.ignored.length > MOST_NAMED)
    out.note(
      `${changed.ignored.length} settings of the file are not known and are ignored; \`moltbot doctor\` names them.`,
    );
  else for (const name of changed.ignored) out.note(`${name} is not a known setting and is ignored.`);
  if (flags.json) return out.json({ ...changed, ...details });
  out.print(says);
  if (changed.restarts) out.print(out.style.dim("The gateway has restarted for it."));
  else if (!changed.isLive)
    out.print(out.style.dim(`Written to ${changed.path}; it counts from the gateway's next start.`));
}

/** More ignored settings than this are counted, not named, at each change. */
const MOST_NAMED = 5;

/** The dotted names of settings that differ between two texts. */
function differences(before: string, after: string): string {
  const [a, b] = [before, after].map((raw) => flatten(readConfig(raw, []).parsed));
  const names = new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])]);
  const changed = [...names].filter((name) => a?.get(name) !== b?.get(name));
  return changed.length === 0 ? "comments or order" : changed.join(", ");
}

function flatten(value: unknown, name = "", into = new Map<string, string>()): Map<string, string> {
  if (!isRecord(value)) return into.set(name, JSON.stringify(value));
  for (const [key, inner] of Object.entries(value)) flatten(inner, name === "" ? key : `${name}.${key}`, into);
  return into;
}
