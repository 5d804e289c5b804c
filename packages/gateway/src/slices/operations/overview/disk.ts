/** The disk of the state folder, as long as it is not full yet. */
import { statfsSync } from "node:fs";
import type { Static } from "@sinclair/typebox";
import { ignore } from "../../../base/errors.ts";
import type { MachineHealth } from "./schema.ts";

/** Less free space than this is told. */
const LITTLE_BYTES = 1024 ** 3;

/** How little disk space is left; undefined while there is enough. A write that meets a full disk reports that itself. */
export function lowDiskSpace(folder: string): Static<typeof MachineHealth>["disk"] {
  try {
    const { bavail, bsize } = statfsSync(folder);
    const freeBytes = bavail * bsize;
    return freeBytes < LITTLE_BYTES ? { freeBytes } : undefined;
  } catch (error) {
    return ignore(error, "a system that does not tell") as undefined;
  }
}
