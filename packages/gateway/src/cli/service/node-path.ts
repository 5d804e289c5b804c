/**
 * Which Node a service starts with. Version managers keep each version in a folder of its own and delete it with the version,
 * so a service that names such a folder is gone after an update. A Node of the system, or a manager's own lasting link, is
 * taken instead where there is one.
 */

import { join } from "node:path";

/** The questions to the file system. */
export interface NodeLook {
  /** The Node that runs now. */
  readonly execPath: string;
  readonly home: string;
  /** The major version of the Node at a path; undefined when there is none that runs. */
  majorOf(path: string): number | undefined;
}

/** The Node to name in a unit, and who may remove it. */
export interface ChosenNode {
  readonly path: string;
  /** The version manager whose folder it stands in; it goes away when that removes the version. */
  readonly manager?: string;
}

const LEAST_MAJOR = 24;

/** Where each manager keeps versions, and the path under the home folder that stays when versions change. */
const MANAGERS: readonly { readonly name: string; readonly folder: RegExp; readonly lasting: readonly string[] }[] = [
  { name: "nvm", folder: /\/\.?nvm\/versions\//, lasting: [".nvm/current/bin/node"] },
  {
    name: "fnm",
    folder: /\/\.?fnm(?:_multishells)?\//,
    lasting: [".local/share/fnm/aliases/default/bin/node", ".fnm/aliases/default/bin/node"],
  },
  { name: "volta", folder: /\/\.volta\/tools\//, lasting: [".volta/bin/node"] },
  { name: "asdf", folder: /\/\.asdf\/installs\//, lasting: [".asdf/shims/node"] },
  { name: "mise", folder: /\/mise\/installs\//, lasting: [".local/share/mise/shims/node"] },
  { name: "nodenv", folder: /\/\.nodenv\/versions\//, lasting: [".nodenv/shims/node"] },
  { name: "Homebrew", folder: /\/Cellar\/node/, lasting: [] },
];

const OF_THE_SYSTEM = [
  "/usr/local/bin/node",
  "/usr/bin/node",
  "/opt/homebrew/bin/node",
  "/home/linuxbrew/.linuxbrew/bin/node",
];

/** The version manager whose folder holds a path. */
export function managerOf(path: string): string | undefined {
  const plain = path.replaceAll("\\", "/");
  return MANAGERS.find(({ folder }) => folder.test(plain))?.name;
}

/** The Node for a service: the one that runs now unless a version manager may remove it and another one stays. */
export function chooseNode({ execPath, home, majorOf }: NodeLook): ChosenNode {
  const manager = managerOf(execPath);
  if (manager === undefined) return { path: execPath };
  const lasting = MANAGERS.find(({ name }) => name === manager)?.lasting ?? [];
  const candidates = [...lasting.map((path) => join(home, path)), ...OF_THE_SYSTEM];
  const stays = candidates.find((path) => (majorOf(path) ?? 0) >= LEAST_MAJOR);
  return stays === undefined ? { path: execPath, manager } : { path: stays };
}
