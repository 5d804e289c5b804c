/**
 * Where tests keep their temporary files. Each gateway of a test writes a database and waits for the disk; in memory the whole
 * suite takes a seventh less. What tests show does not depend on it: they kill processes, never the machine.
 */
import { spawnSync } from "node:child_process";
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { ownFolder } from "./batches.ts";

/** Memory that Linux gives as a disk. */
const MEMORY = "/dev/shm";
/** Containers often have 64 MB of it; a whole run takes some hundreds. */
const LEAST_BYTES = 4 * 1024 ** 3;

/** A folder in memory, removed when it is disposed of; undefined where there is none that can be used, or TMPDIR says another. */
export function fastFolder(
  parent = MEMORY,
  leastBytes = LEAST_BYTES,
): (Disposable & { readonly path: string }) | undefined {
  if (process.env.TMPDIR || !hasRoom(parent, leastBytes)) return undefined;
  const path = ownFolder(join(parent, `moltbot-tests-${userInfo().uid}`));
  const remove = () => rmSync(path, { recursive: true, force: true });
  if (canRun(path)) return { path, [Symbol.dispose]: remove };
  remove();
  return undefined;
}

function hasRoom(parent: string, leastBytes: number): boolean {
  try {
    const { bavail, bsize } = statfsSync(parent);
    return bavail * bsize >= leastBytes;
  } catch {
    return false;
  }
}

/** Tests write programs and run them, which a file system may forbid. */
function canRun(folder: string): boolean {
  const program = join(folder, "program");
  writeFileSync(program, "#!/bin/sh\nexit 0\n", { mode: 0o700 });
  const { status } = spawnSync(program);
  rmSync(program);
  return status === 0;
}
