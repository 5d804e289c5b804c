/** The device of this gateway's own machine and account: the command line that works on the same state folder. */
import { join } from "node:path";
import { isRecord } from "../base/config/config.ts";
import { ignore } from "../base/errors.ts";
import { readTextIfExists } from "../base/files.ts";

/**
 * Whether a device, its key proven, is the one whose key is in the state folder. That file is as private as the gateway's own
 * secrets, so whoever holds the key owns the gateway.
 */
export function isHostDevice(stateDir: string, deviceId: string): boolean {
  try {
    const file: unknown = JSON.parse(readTextIfExists(join(stateDir, "identity", "device.json")) ?? "null");
    return isRecord(file) && file.deviceId === deviceId;
  } catch (error) {
    ignore(error, "a damaged file names no device");
    return false;
  }
}
