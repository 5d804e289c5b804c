/** The addresses on which systemd listens in the gateway's place. */

import { isRecord } from "../../base/config/config.ts";
import { resolveStateDir } from "../../base/files.ts";
import type { Call } from "../language/command.ts";
import { usageError } from "../language/exit.ts";
import { DEFAULT_PORT, readLocalConfig } from "../reach/target.ts";

/** The sockets that the settings name. Throws a usage error for a setting whose address can change. */
export function socketsFor({
  flags,
  env,
}: Pick<Call, "env"> & {
  readonly flags: { readonly profile?: string | undefined; readonly port?: number | undefined };
}): string[] {
  if (process.platform !== "linux") throw usageError("--socket is for Linux with systemd only.");
  const { gateway } = readLocalConfig(resolveStateDir({ env, profile: flags.profile }), env);
  const { bind = "loopback", port: configured, customBindHost } = isRecord(gateway) ? gateway : {};
  const port = flags.port ?? (typeof configured === "number" ? configured : DEFAULT_PORT);
  if (port === 0) throw usageError("--socket needs a port of its own, not 0.");
  if (bind === "lan") return [`0.0.0.0:${port}`];
  if (bind === "custom" && typeof customBindHost === "string")
    return [customBindHost.includes(":") ? `[${customBindHost}]:${port}` : `${customBindHost}:${port}`];
  if (bind === "tailnet") throw usageError("--socket cannot keep an address of a tailnet, which comes and goes.");
  return [`127.0.0.1:${port}`, `[::1]:${port}`];
}
