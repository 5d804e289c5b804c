/** What a gateway is started with, and how flags and environment stand above the config file. */
import type { Env } from "../base/files.ts";
import type { Sink } from "../base/log.ts";
import type { Clock } from "../base/time/clock.ts";

/** Values of flags; they stand above the config file. */
export interface StartOverrides {
  readonly port?: number;
  readonly bind?: string;
  readonly auth?: string;
  readonly token?: string;
  readonly password?: string;
  readonly tls?: boolean;
  readonly verbose?: boolean;
}

export interface StartOptions {
  readonly stateDir: string;
  readonly env: Env;
  readonly overrides?: StartOverrides;
  readonly clock?: Clock;
  /** The process is the gateway's own: what a channel's library lets escape ends that channel's account, not the process. */
  readonly ownsProcess?: boolean;
  /** Descriptors of sockets that a supervisor listens on for this process. */
  readonly sockets?: readonly number[];
  /** Where log lines go beside the log file; standard output by default. */
  readonly sinks?: readonly Sink[];
}

/** Flags over environment; an environment's port stands above the file's (protocol: environment). */
export function overridesOf(
  { port, bind, auth, token, password, tls }: StartOverrides,
  env: Env,
): Record<string, unknown> {
  const envPort = Number(env.MOLTBOT_GATEWAY_PORT ?? env.CLAWDBOT_GATEWAY_PORT ?? Number.NaN);
  const mode = auth ?? (token !== undefined ? "token" : password !== undefined ? "password" : undefined);
  return {
    port: port ?? (Number.isInteger(envPort) && envPort >= 0 && envPort <= 65535 ? envPort : undefined),
    bind,
    auth: { mode, token, password },
    tls: { enabled: tls },
  };
}
