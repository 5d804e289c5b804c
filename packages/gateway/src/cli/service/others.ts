/** Finds services that run a gateway under another name: older installations, and those of other brands. Two of them fight over accounts. */

import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ignore } from "../../base/errors.ts";
import { readTextIfExists } from "../../base/files.ts";
import type { OtherService } from "./service.ts";

/** Names under which this program and its relatives were installed. Source: their units and labels of 2025 and 2026. */
const BRAND = /(?:clawdbot|clawdis|moltbot|openclaw|warelay)/i;
/** Names that this version gives, of any profile. */
const OURS = /^(?:moltbot-(?:gateway|node)(?:-[A-Za-z0-9_-]+)?|bot\.molt\.(?:gateway|node)(?:\.[A-Za-z0-9_-]+)?)$/;
/** A command line that runs a gateway of any of them. */
const RUNS_GATEWAY = /(?:clawdbot|clawdis|moltbot|openclaw)\S*(?:"|<\/string>)?\s+(?:<string>)?"?gateway\b/i;

/** Where a supervisor keeps its files. */
export interface ServiceFolder {
  readonly supervisor: string;
  readonly path: string;
  /** `.service` or `.plist`. */
  readonly ending: string;
}

/** The services in a folder that run a gateway and are not ours. A folder that is not there has none. */
export function othersIn({ supervisor, path, ending }: ServiceFolder): OtherService[] {
  return namesIn(path)
    .filter((each) => each.endsWith(ending))
    .map((each) => ({ supervisor, name: each.slice(0, -ending.length), file: join(path, each) }))
    .filter(({ name, file }) => !OURS.test(name) && (BRAND.test(name) || RUNS_GATEWAY.test(textOf(file))));
}

/** Puts a service's file out of the way of its supervisor; rename it to get it back. Returns the new name. */
export function putAside(file: string): string {
  const aside = `${file}.removed`;
  renameSync(file, aside);
  return aside;
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    ignore(error, "a folder that is not there, or not for this user, has no services to find");
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readTextIfExists(file) ?? "";
  } catch (error) {
    ignore(error, "a file that this user cannot read is judged by its name");
    return "";
  }
}
