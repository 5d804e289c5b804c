/** The note that a gateway leaves in its state folder for the command line: `gateway.json`, and how it is reached. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ignore } from "../base/errors.ts";
import { readTextIfExists } from "../base/files.ts";
import type { GatewayAuth } from "../server/admission/authenticate.ts";

/** Where the note is. */
export function instancePath(stateDir: string): string {
  return join(stateDir, "gateway.json");
}

/** What is known of a gateway that runs on a state folder. */
interface Instance {
  readonly pid?: number;
  readonly url?: string;
}

export function writeInstance(stateDir: string, instance: Record<string, unknown>): void {
  writeFileSync(instancePath(stateDir), `${JSON.stringify(instance)}\n`, { mode: 0o600 });
}

/** Nothing is known where the note is missing or damaged. */
export function readInstance(stateDir: string): Instance {
  try {
    return JSON.parse(readTextIfExists(instancePath(stateDir)) ?? "{}") as Instance;
  } catch (error) {
    ignore(error, "the file is only there to name the process");
    return {};
  }
}

/** The address for clients, and the link that opens WebChat signed in. */
export function describeAddress(
  host: string,
  port: number,
  { isTls, auth }: { readonly isTls: boolean; readonly auth: GatewayAuth },
): { url: string; dashboardUrl: string } {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const s = isTls ? "s" : "";
  const fragment = auth.mode === "none" ? "" : `#${auth.mode}=${encodeURIComponent(auth.secret)}`;
  return { url: `ws${s}://${name}:${port}`, dashboardUrl: `http${s}://${name}:${port}/${fragment}` };
}
