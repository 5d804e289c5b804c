/** Earlier texts of the config file, as the gateway has kept them beside it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord, readConfig } from "../../../base/config/config.ts";
import { historyDirs } from "../../../base/config/config-copies.ts";
import { codeOf } from "../../../base/errors.ts";
import { fileExists } from "../../../base/files.ts";

/** A text that was replaced: its file's name without the ending, and when it was replaced. */
export interface ReplacedConfig {
  readonly id: string;
  readonly atMs: number;
  readonly raw: string;
}

/** The replaced texts, the latest first. */
export function readHistory(place: { readonly path: string; readonly fallbackFolder: string }): ReplacedConfig[] {
  const folders = historyDirs(place);
  const folder = folders.find((each) => fileExists(each)) ?? folders[0]!;
  return namesIn(folder).map((name) => {
    const id = name.slice(0, -ENDING.length);
    return { id, atMs: timeOf(id), raw: readFileSync(join(folder, name), "utf8") };
  });
}

const ENDING = ".json5";

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(ENDING))
      .sort()
      .reverse();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** A name is the time in ISO 8601, with dashes for what file names cannot hold. */
function timeOf(id: string): number {
  const at = Date.parse(id.replace(/T(\d\d)-(\d\d)-(\d\d)-(\d+)Z$/, "T$1:$2:$3.$4Z"));
  return Number.isNaN(at) ? 0 : at;
}

/** The dotted names of settings that differ between two texts; none where only comments or the order do. */
export function changedNames(before: string, after: string): string[] {
  const [a, b] = [flattened(readConfig(before, []).parsed), flattened(readConfig(after, []).parsed)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
}

function flattened(value: unknown, name = "", into = new Map<string, string>()): ReadonlyMap<string, string> {
  if (!isRecord(value)) return into.set(name, JSON.stringify(value));
  for (const [key, inner] of Object.entries(value)) flattened(inner, name === "" ? key : `${name}.${key}`, into);
  return into;
}
