/** Finds the gateway a command talks to and the secret it shows there: flags, environment, config file, running process. */

import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { isRecord, readConfig } from "../../base/config/config.ts";
import { lastGoodPaths } from "../../base/config/config-copies.ts";
import { configPath, type Env, envOf, readFirst, readTextIfExists, resolveStateDir } from "../../base/files.ts";
import { isLoopbackAddress, isTailnetAddress } from "../../base/net/address.ts";
import { CliError, usageError } from "../language/exit.ts";
import { readPin } from "../remote/fingerprint.ts";
import { findNamed, type NamedGateway, readNamedGateways } from "../remote/named-gateways.ts";
import { readSshTarget, type SshRoute, showRoute } from "../remote/ssh-target.ts";
import { readInstance } from "./instance.ts";

/** The port of a gateway that is told nothing else. */
export const DEFAULT_PORT = 18_789;

/** A gateway to talk to. */
export interface Target {
  readonly url: string;
  readonly token?: string | undefined;
  readonly password?: string | undefined;
  /** The pin of the one certificate, or key, to accept. */
  readonly fingerprint?: string | undefined;
  /** Whether this is the gateway of this machine's own state folder. */
  readonly isLocal: boolean;
  /** Whether the secret was named for this call, so that a stored device token must not stand in for it. */
  readonly isExplicit: boolean;
  readonly stateDir: string;
  /** The name under which this machine keeps it. */
  readonly name?: string | undefined;
  /** The machine to go through; `url` is then the gateway's address there. */
  readonly ssh?: SshRoute | undefined;
}

/** The flags that say where the gateway is. */
export interface TargetFlags {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly password?: string | undefined;
  readonly "tls-fingerprint"?: string | undefined;
  readonly profile?: string | undefined;
  readonly gateway?: string | undefined;
  readonly ssh?: string | undefined;
  readonly "ssh-identity"?: string | undefined;
  readonly insecure?: boolean | string | undefined;
}

/**
 * The gateway that flags, environment and config name. A secret from the config goes only to the gateway it was
 * written for: with another `--url`, the caller brings the secret along.
 */
export function resolveTarget(flags: TargetFlags, env: Env): Target {
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  if (flags.gateway !== undefined) return namedTarget(flags, stateDir, flags.gateway);
  if (flags.ssh !== undefined) return sshTarget({ ...flags, ssh: flags.ssh }, stateDir, env);
  if (flags["ssh-identity"] !== undefined) throw usageError("--ssh-identity goes with --ssh.");
  const config = readLocalConfig(stateDir, env);
  const home = configuredTarget(stateDir, config, env);
  const given = flags.url ?? home.url;
  if (given === undefined)
    throw new CliError(
      'gateway.mode is "remote" but gateway.remote.url is not set. Set it with `moltbot config set gateway.remote.url URL`, or pass --url.',
    );
  const url = checkUrl(given);
  refusePlain(url, {
    isAllowed: Boolean(flags.insecure) || (flags.url === undefined && home.isPlainAllowed),
    ssh: home.ssh,
  });
  const isHome = home.url !== undefined && new URL(url).href === new URL(home.url).href;
  const named = {
    token: flags.token ?? envOf(env, "GATEWAY_TOKEN"),
    password: flags.password ?? envOf(env, "GATEWAY_PASSWORD"),
  };
  const isExplicit = named.token !== undefined || named.password !== undefined;
  const secrets = isExplicit || !isHome ? named : { token: home.token, password: home.password };
  const fingerprint = flags["tls-fingerprint"] ?? (isHome ? home.fingerprint : undefined);
  return {
    url,
    ...secrets,
    fingerprint: fingerprint === undefined ? undefined : checkFingerprint(fingerprint, url),
    isLocal: isHome && home.isLocal,
    isExplicit: isExplicit || !isHome,
    stateDir,
    ssh: isHome ? home.ssh : undefined,
  };
}

/** Whether flags name a gateway, so that this machine's own files are not meant. */
export function namesGateway({ url, gateway, ssh }: TargetFlags): boolean {
  return url !== undefined || gateway !== undefined || ssh !== undefined;
}

/** Refuses flags that name another gateway, for a command that works on this machine. */
export function mustBeHere(flags: TargetFlags, command: string): void {
  const flag = (["gateway", "ssh"] as const).find((each) => flags[each] !== undefined);
  if (flag === undefined) return;
  throw usageError(`\`moltbot ${command}\` works on this machine only; run it over there, without --${flag}.`);
}

/** A gateway that has a name. Its own device token lets this machine in, unless a secret is named. */
function namedTarget(flags: TargetFlags, stateDir: string, name: string): Target {
  const other = (["url", "ssh"] as const).find((each) => flags[each] !== undefined);
  if (other !== undefined) throw usageError(`Give either --gateway or --${other}.`);
  return fromBook(flags, { stateDir, name, gateway: findNamed(stateDir, name) });
}

function fromBook(
  flags: TargetFlags,
  { stateDir, name, gateway }: { stateDir: string; name: string; gateway: NamedGateway },
): Target {
  const { token, password } = flags;
  const given = flags["tls-fingerprint"];
  const ssh = gateway.ssh === undefined ? undefined : readSshTarget(gateway.ssh, gateway.sshIdentity);
  const url = checkUrl(gateway.url);
  refusePlain(url, { isAllowed: Boolean(flags.insecure) || gateway.insecure === true, ssh });
  return {
    ...{ url, token, password, stateDir, name, ssh },
    fingerprint: given === undefined ? gateway.pin : checkFingerprint(given, url),
    isLocal: false,
    isExplicit: token !== undefined || password !== undefined,
  };
}

/** A gateway behind ssh. One that was named lends its device token; else the caller brings a secret. */
function sshTarget(flags: TargetFlags & { readonly ssh: string }, stateDir: string, env: Env): Target {
  const ssh = readSshTarget(flags.ssh, flags["ssh-identity"]);
  const named = Object.entries(readNamedGateways(stateDir)).find(([, { ssh: kept }]) => kept === showRoute(ssh));
  if (named && flags.url === undefined) return fromBook(flags, { stateDir, name: named[0], gateway: named[1] });
  const url = checkUrl(flags.url ?? `ws://127.0.0.1:${DEFAULT_PORT}`);
  const { token = envOf(env, "GATEWAY_TOKEN"), password = envOf(env, "GATEWAY_PASSWORD") } = flags;
  const fingerprint = flags["tls-fingerprint"];
  return {
    ...{ url, token, password, stateDir, ssh },
    fingerprint: fingerprint === undefined ? undefined : checkFingerprint(fingerprint, url),
    isLocal: false,
    isExplicit: true,
  };
}

/** The token would cross the network in clear, for everyone on the way to read. */
export function refusePlain(url: string, { isAllowed, ssh }: { isAllowed: boolean; ssh?: SshRoute | undefined }): void {
  const { protocol, hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const isNear = host === "localhost" || isLoopbackAddress(host) || isTailnetAddress(host) || host.endsWith(".ts.net");
  if (protocol === "wss:" || isNear || isAllowed || ssh) return;
  throw usageError(
    `${url} is not encrypted, and the secret would cross the network in clear. Use wss:// (\`moltbot gateway --tls\` there), --ssh or a tailnet; or pass --insecure.`,
  );
}

/** The address of WebChat, with the secret that signs in when it is known. */
export function dashboardLink(target: Pick<Target, "url" | "token" | "password">): string {
  const page = new URL(target.url.replace(/^ws/, "http"));
  const secret = target.token === undefined ? "password" : "token";
  if (target[secret] !== undefined) page.hash = `${secret}=${encodeURIComponent(target[secret])}`;
  return page.href;
}

/** The config file's values with its variables; of an invalid file, those of its last good copy. */
export function readLocalConfig(stateDir: string, env: Env): Readonly<Record<string, unknown>> {
  const path = configPath(stateDir, env);
  const source = { path, env };
  const reading = readConfig(readTextIfExists(path) ?? "", [], source);
  if (reading.issues.length === 0) return reading.resolved;
  return readConfig(readFirst(lastGoodPaths({ path, fallbackFolder: stateDir })) ?? "", [], source).resolved;
}

/** Whether the settings of this machine name a gateway elsewhere. */
export function namesRemote(config: Readonly<Record<string, unknown>>): boolean {
  return record(config.gateway).mode === "remote";
}

/** `url` is undefined where the settings name a remote gateway without an address. */
type Home = Omit<Target, "isExplicit" | "stateDir" | "url"> & {
  readonly url: string | undefined;
  readonly isPlainAllowed: boolean;
};

function configuredTarget(stateDir: string, config: Readonly<Record<string, unknown>>, env: Env): Home {
  const gateway = record(config.gateway);
  if (namesRemote(config)) return remoteTarget(record(gateway.remote));
  const auth = record(gateway.auth);
  const tls = record(gateway.tls);
  const port = Number(envOf(env, "GATEWAY_PORT")) || undefined;
  const running = port === undefined ? readInstance(stateDir) : undefined;
  const scheme = tls.enabled === true ? "wss" : "ws";
  const configured = `${scheme}://127.0.0.1:${port ?? (typeof gateway.port === "number" ? gateway.port : DEFAULT_PORT)}`;
  const url = running?.url.replace(/^http/, "ws") ?? configured;
  const certPath = text(tls.certPath) ?? join(stateDir, "gateway", "tls", "gateway-cert.pem");
  return {
    url,
    token: text(auth.token),
    password: text(auth.password),
    fingerprint: url.startsWith("wss:") ? fingerprintOf(certPath) : undefined,
    isLocal: true,
    isPlainAllowed: true,
  };
}

function remoteTarget(remote: Readonly<Record<string, unknown>>): Home {
  const route = text(remote.sshTarget);
  const url = text(remote.url) ?? (route && `ws://127.0.0.1:${DEFAULT_PORT}`);
  return {
    url: url === undefined ? undefined : checkUrl(url),
    token: text(remote.token),
    password: text(remote.password),
    fingerprint: text(remote.tlsFingerprint),
    isLocal: false,
    isPlainAllowed: remote.insecure === true,
    ssh: route === undefined ? undefined : readSshTarget(route, text(remote.sshIdentity)),
  };
}

function checkUrl(url: string): string {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: "" };
  if (protocol === "ws:" || protocol === "wss:") return url;
  const hint = protocol.startsWith("http")
    ? ` Use ${url.replace(/^http/i, "ws")}.`
    : " For example ws://127.0.0.1:18789.";
  throw usageError(`The gateway's address must begin with ws:// or wss://, not ${JSON.stringify(url)}.${hint}`);
}

function checkFingerprint(given: string, url: string): string {
  if (!url.startsWith("wss:")) {
    throw usageError(`A TLS fingerprint needs a wss:// address; ${url} has no certificate to check.`);
  }
  const pin = readPin(given);
  if (pin !== undefined) return pin;
  throw usageError(
    "A TLS fingerprint is the SHA-256 of the certificate: 64 hexadecimal digits; `spki:` before them means its key.",
  );
}

function fingerprintOf(certPath: string): string | undefined {
  const pem = readTextIfExists(certPath);
  return pem === undefined ? undefined : new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
