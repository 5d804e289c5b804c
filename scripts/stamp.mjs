// Tells whether the build is older than what it was made from, by one fingerprint of paths, sizes and times.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./process.mjs";

const stampPath = join(root, ".stamp-build");
const outputs = ["packages/gateway/dist/main.cjs", "packages/protocol/dist/index.js"];

/** Whether the built files are there and belong to the sources as they are now. Costs a few milliseconds. */
export function isBuilt() {
  if (!outputs.every((path) => existsSync(join(root, path)))) return false;
  return existsSync(stampPath) && readFileSync(stampPath, "utf8") === fingerprint();
}

/** Changes whenever a file that the build reads is added, removed or written. */
export function fingerprint() {
  const hash = createHash("sha256");
  const add = (path) => {
    const { mtimeMs, size } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  };
  add("package-lock.json");
  for (const name of ["build.mjs", "stamp.mjs"]) add(`scripts/${name}`);
  for (const name of readdirSync(join(root, "scripts/words")).sort()) add(`scripts/words/${name}`);
  for (const name of readdirSync(join(root, "packages")).sort()) {
    const folder = `packages/${name}`;
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (entry.isFile()) add(`${folder}/${entry.name}`);
    }
    for (const path of readdirSync(join(root, folder, "src"), { recursive: true }).sort()) {
      if (!path.endsWith(".test.ts") && /\.\w+$/.test(path)) add(`${folder}/src/${path}`);
    }
  }
  return hash.digest("hex");
}

/** Records that the build belongs to the sources that had this fingerprint when it began. */
export function writeStamp(value) {
  writeFileSync(stampPath, value);
}
