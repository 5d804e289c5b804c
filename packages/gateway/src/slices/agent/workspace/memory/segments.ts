/** Paths inside a workspace, as a model or a person writes them. */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { invalidRequest } from "../../../../base/errors.ts";

const MAX_PATH = 1_024;
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 32;

/**
 * The names on the way from `root` to `path`; none for the root itself. Absolute paths count when they are in the root.
 * Throws `INVALID_REQUEST` for what leads out of it, or holds what no path of ours holds.
 */
export function segmentsOf(path: string, root: string): string[] {
  if (path.length > MAX_PATH) throw invalidRequest(`the path is longer than ${MAX_PATH} characters`);
  if (/[\p{Cc}\p{Cs}\\]/u.test(path))
    throw invalidRequest("a path must not hold back-slashes or control characters; folders are parted by /");
  if (path === "~" || path.startsWith("~/")) throw outside(path);
  const way = relative(root, resolve(root, path));
  if (way === "") return [];
  const names = way.split(sep);
  if (isAbsolute(way) || names[0] === "..") throw outside(path);
  if (names.length > MAX_DEPTH) throw invalidRequest(`the path is deeper than ${MAX_DEPTH} folders`);
  if (names.some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES))
    throw invalidRequest("a name in the path is too long");
  return names;
}

function outside(path: string): Error {
  return invalidRequest(
    `${JSON.stringify(path.slice(0, 200))} is outside the workspace; paths are relative to it, for example "notes/plan.md"`,
  );
}
