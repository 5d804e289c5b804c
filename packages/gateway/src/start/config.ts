/** Opens the config file for a gateway: a first start writes one, flags stand above it. */
import { Config } from "../base/config/config-file.ts";
import { ensureConfig } from "../base/config/first-config.ts";
import { StartError } from "../base/errors.ts";
import { configPath } from "../base/files.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/time/clock.ts";
import { SETTINGS } from "../catalog.ts";
import type { Host } from "../kit/host.ts";
import { settings as gatewaySettings } from "../server/settings.ts";
import { overridesOf, type StartOptions } from "./options.ts";

/** All sections, the server's own first. */
export const SECTIONS = [gatewaySettings, ...SETTINGS];

/** Opens the config; an edit that a running gateway cannot take in asks for a restart. */
export function openConfig(
  { stateDir, env, overrides = {} }: StartOptions,
  { log, clock, requestRestart }: { readonly log: Log; readonly clock: Clock } & Pick<Host, "requestRestart">,
): Config {
  const path = configPath(stateDir, env);
  const isNew = ensureConfig(path, {
    env,
    hasSecret: overrides.token !== undefined || overrides.password !== undefined || overrides.auth === "none",
  });
  if (isNew) log.info("first start: wrote a config file", { path });
  const config = Config.open({
    ...{ path, log, clock, env },
    sections: SECTIONS,
    fallbackFolder: stateDir,
  });
  config.override("gateway", overridesOf(overrides, env));
  config.onRestartNeeded(() => requestRestart("config change", 0));
  return config;
}

/** A config that points to a gateway elsewhere starts none here. */
export function refuseRemoteMode(mode: string, url: string | undefined): void {
  if (mode !== "remote") return;
  throw new StartError(
    `gateway.mode is remote: this machine uses the gateway at ${url ?? "gateway.remote.url"}. Set it to local to run one here.`,
    { isLasting: true },
  );
}
