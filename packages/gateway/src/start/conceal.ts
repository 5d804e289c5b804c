/** Hides where things are on this machine from those who may read, but not administer. */
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { ignore } from "../base/errors.ts";
import { concealer, type Place } from "../base/privacy/host-paths.ts";
import type { Base } from "../kit/base.ts";
import { packageRoot } from "./web-dir.ts";

/** Replaces paths of this machine in a text; follows the config, which says where the workspaces are. */
export function concealing({ config, stateDir, env, host }: Base): (text: string) => string {
  let revision = -1;
  let conceal = (text: string) => text;
  return (text) => {
    if (revision !== config.revision) {
      revision = config.revision;
      conceal = concealer([
        ...[config.path, stateDir].flatMap((path) => placesOf(path, "(state)")),
        ...host.folders.now.workspaces().flatMap((path) => placesOf(path, "(workspace)")),
        ...placesOf(packageRoot(), "(moltbot)"),
        ...placesOf(env.HOME ?? homedir(), "~"),
      ]);
    }
    return conceal(text);
  };
}

/** A folder as it is named, and as it is found. */
function placesOf(path: string, shown: string): Place[] {
  return [path, realPathOf(path)].map((each) => ({ path: each, shown }));
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    ignore(error, "what is not there yet has one name only");
    return path;
  }
}
