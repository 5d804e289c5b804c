/** Which part of the product a test file belongs to: a slice, or one of the layers around the slices. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FILES, FOLDERS } from "../../test/parts.ts";

/** An import of something inside `slices/`, as tests write it. */
const IMPORT = /from "([^"]*\/slices\/[^"]+)"/g;

/** The parts of a test file, by its path from `root` and its text. Empty when it belongs nowhere. */
export function partsOf(path: string, text: string, root: string): string[] {
  const named = path.startsWith("test/") ? edgeParts(path) : [partOfSource(path, root)];
  const imported = [...text.matchAll(IMPORT)].map(([, to = ""]) => sliceOf(join(dirname(path), to), root));
  return [...new Set([...named, ...imported])].filter((part) => part !== undefined).toSorted();
}

/** All parts that have tests, by name. */
export function partsWithTests(paths: readonly string[], read: (path: string) => string, root: string) {
  const parts = new Map<string, string[]>();
  for (const path of paths)
    for (const part of partsOf(path, read(path), root)) parts.set(part, [...(parts.get(part) ?? []), path]);
  return new Map([...parts].toSorted(([one], [other]) => one.localeCompare(other)));
}

function edgeParts(path: string): readonly string[] {
  const name = path.slice("test/".length).replace(/\.test\.ts$/, "");
  return FILES[name] ?? FOLDERS[dirname(name)] ?? [];
}

/** The part of a source file: its slice, else its folder in the gateway, else its package. */
export function partOfSource(path: string, root: string): string | undefined {
  const [, inGateway] = /^packages\/gateway\/src\/(\w+)\//.exec(path) ?? [];
  const [, inPackage] = /^packages\/([^/]+)\/src\//.exec(path) ?? [];
  return sliceOf(path, root) ?? inGateway ?? inPackage;
}

/** The slice that a file is in: the nearest folder around it that has a `slice.ts`. */
function sliceOf(path: string, root: string): string | undefined {
  for (let folder = dirname(path); folder.includes("/slices/"); folder = dirname(folder))
    if (existsSync(join(root, folder, "slice.ts"))) return basename(folder);
  return undefined;
}
