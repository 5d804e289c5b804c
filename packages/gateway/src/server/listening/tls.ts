/** The gateway's certificate: the configured one, or a self-signed one that clients pin by its fingerprint. */
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { ignore, StartError } from "../../base/errors.ts";
import { expandHome, readTextIfExists, writePrivateFile } from "../../base/files.ts";
import type { Clock } from "../../base/time/clock.ts";
import type { ShownPin } from "../../kit/host.ts";
import type { GatewaySettings } from "../settings.ts";
import { notePins } from "./pins.ts";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the DER certificate, upper-case hexadecimal with colons. */
  readonly fingerprint: string;
  /** The pins of this certificate and of those that it has replaced lately. */
  readonly pins: readonly ShownPin[];
}

const VALID_DAYS = 3650;
/** Within the last days of a certificate of our own it is renewed. */
const RENEW_DAYS = 30;

/**
 * Reads the certificate, or makes one on first use. Throws `StartError` when a configured file is missing or unusable:
 * a gateway that was asked for TLS never falls back to plain text.
 */
export async function loadCertificate(
  settings: GatewaySettings["tls"],
  stateDir: string,
  clock: Clock,
): Promise<Certificate> {
  const loaded = await load(settings, stateDir, clock);
  return { ...loaded, pins: notePins(stateDir, loaded.cert, clock.now()) };
}

async function load(
  settings: GatewaySettings["tls"],
  stateDir: string,
  clock: Clock,
): Promise<Omit<Certificate, "pins">> {
  const folder = join(stateDir, "gateway", "tls");
  const certPath = settings.certPath ? expandHome(settings.certPath) : join(folder, "gateway-cert.pem");
  const keyPath = settings.keyPath ? expandHome(settings.keyPath) : join(folder, "gateway-key.pem");
  const cert = readTextIfExists(certPath);
  const key = readTextIfExists(keyPath);
  if (cert !== undefined && key !== undefined) {
    const fingerprint = fingerprintOf(cert, certPath);
    const isOurs = !settings.certPath && !settings.keyPath && settings.autoGenerate;
    if (isKeyOf(cert, key)) {
      if (!isOurs || !endsSoon(cert, clock.now())) return { cert, key, fingerprint };
      const renewed = await generate(clock.now(), key);
      writePrivateFile(certPath, renewed.cert);
      return { ...renewed, fingerprint: fingerprintOf(renewed.cert, certPath) };
    }
    throw new StartError(`${keyPath} is not the private key of ${certPath}; correct gateway.tls.keyPath.`);
  }
  const isConfigured = Boolean(settings.certPath || settings.keyPath);
  if (isConfigured || !settings.autoGenerate) {
    const missing = cert === undefined ? certPath : keyPath;
    throw new StartError(
      `The TLS file ${missing} does not exist; correct gateway.tls, or leave both paths out to have a certificate made.`,
    );
  }
  if (key !== undefined && !isPrivateKey(key))
    throw new StartError(`${keyPath} is no private key; move it away, and the next start makes a new one.`);
  // A new certificate for the old key: who has pinned the key need not be asked again.
  const made = await generate(clock.now(), key);
  writePrivateFile(keyPath, made.key);
  writePrivateFile(certPath, made.cert);
  return { ...made, fingerprint: fingerprintOf(made.cert, certPath) };
}

function endsSoon(cert: string, now: number): boolean {
  return Date.parse(new X509Certificate(cert).validTo) - now < RENEW_DAYS * 86_400_000;
}

async function generate(now: number, key?: string): Promise<{ cert: string; key: string }> {
  // Use the default export: the bundler gives the named exports of a CommonJS package to static imports only.
  const { default: selfsigned } = await import("selfsigned");
  const notAfterDate = new Date(now + VALID_DAYS * 86_400_000);
  const pems = await selfsigned.generate([{ name: "commonName", value: "moltbot-gateway" }], {
    keySize: 2048,
    algorithm: "sha256",
    notAfterDate,
    ...(key !== undefined && { keyPair: pairOf(key) }),
  });
  return { cert: pems.cert, key: pems.private };
}

function pairOf(key: string): { publicKey: string; privateKey: string } {
  const privateKey = createPrivateKey(key);
  return {
    publicKey: createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString(),
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function fingerprintOf(cert: string, path: string): string {
  try {
    const { raw } = new X509Certificate(cert);
    return createHash("sha256").update(raw).digest("hex").toUpperCase().match(/../g)!.join(":");
  } catch (error) {
    throw new StartError(`${path} is not a PEM certificate; correct gateway.tls.certPath.`, { cause: error });
  }
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === "private";
  } catch (error) {
    ignore(error, "a text that is no key is none");
    return false;
  }
}

function isKeyOf(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    ignore(error, "a text that is no key is no key of this certificate");
    return false;
  }
}
