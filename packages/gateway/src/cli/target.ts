/** Finds the gateway a command talks to and the secret it shows there: flags, environment, config file, running process. */

import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { isRecord, lastGoodPaths, readConfig } from "../base/config/config.ts";
import { configPath, type Env, envOf, readFirst, readTextIfExists, resolveStateDir } from "../base/files.ts";
import { CliError, usageError } from "./exit.ts";
import { readInstance } from "./instance.ts";

/** The port of a gateway that is told nothing else. */
export const DEFAULT_PORT = 18_789;

/** A gateway to talk to. */
export interface Target {
  readonly url: string;
  readonly token?: string | undefined;
  readonly password?: string | undefined;
  /** SHA-256 of the one certificate to accept: 64 lowercase hexadecimal digits. */
  readonly fingerprint?: string | undefined;
  /** Whether this is the gateway of this machine's own state folder. */
  readonly isLocal: boolean;
  /** Whether the secret was named for this call, so that a stored device token must not stand in for it. */
  readonly isExplicit: boolean;
  readonly stateDir: string;
}

/** The flags that say where the gateway is. */
export interface TargetFlags {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly password?: string | undefined;
  readonly "tls-fingerprint"?: string | undefined;
  readonly profile?: string | undefined;
}

/**
 * The gateway that flags, environment and config name. A secret from the config goes only to the gateway it was
 * written for: with another `--url`, the caller brings the secret along.
 */
export function resolveTarget(flags: TargetFlags, env: Env): Target {
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  const config = readLocalConfig(stateDir, env);
  const home = configuredTarget(stateDir, config, env);
  const url = checkUrl(flags.url ?? home.url);
  const isHome = new URL(url).href === new URL(home.url).href;
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
  };
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

type Home = Omit<Target, "isExplicit" | "stateDir">;

function configuredTarget(stateDir: string, config: Readonly<Record<string, unknown>>, env: Env): Home {
  const gateway = record(config.gateway);
  if (gateway.mode === "remote") return remoteTarget(record(gateway.remote));
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
  };
}

function remoteTarget(remote: Readonly<Record<string, unknown>>): Home {
  const url = text(remote.url);
  if (!url) {
    throw new CliError('gateway.mode is "remote" but gateway.remote.url is not set; set it, or pass --url.');
  }
  return {
    url: checkUrl(url),
    token: text(remote.token),
    password: text(remote.password),
    fingerprint: text(remote.tlsFingerprint),
    isLocal: false,
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
  const digits = given
    .trim()
    .replace(/^sha-?256:/i, "")
    .replaceAll(":", "")
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw usageError("A TLS fingerprint is the SHA-256 of the certificate: 64 hexadecimal digits.");
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
