/**
 * Which certificates the gateway has shown: the present one, and for 30 days those before it, so that people who compare pins see
 * that one has replaced the other. Kept in `gateway/tls/pins.json`; there is no secret in it.
 */
import { createHash, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { isRecord } from "../../base/config/config.ts";
import { ignore } from "../../base/errors.ts";
import { readTextIfExists, writePrivateFile } from "../../base/files.ts";
import type { ShownPin } from "../../kit/host.ts";

const SHOWN_MS = 30 * 86_400_000;
const MAX_KEPT = 8;

/** Notes that this certificate is shown now. Returns all that are told, the present one last. */
export function notePins(stateDir: string, cert: string, now: number): ShownPin[] {
  const path = join(stateDir, "gateway", "tls", "pins.json");
  const present = pinsOf(cert);
  const known = readPins(path);
  const last = known.at(-1);
  const isSame = last?.certificate === present.certificate;
  const before = (isSame ? known.slice(0, -1) : known)
    .map((each) => ({ ...each, until: each.until ?? now + SHOWN_MS }))
    .filter(({ until, certificate }) => until > now && certificate !== present.certificate)
    .slice(-MAX_KEPT);
  const pins = [...before, isSame && last ? last : { ...present, since: now }];
  if (JSON.stringify(pins) !== JSON.stringify(known))
    writePrivateFile(path, `${JSON.stringify({ version: 1, pins })}\n`);
  return pins;
}

function pinsOf(cert: string): Pick<ShownPin, "certificate" | "key"> {
  const { fingerprint256, publicKey } = new X509Certificate(cert);
  const key = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
  return { certificate: fingerprint256.replaceAll(":", "").toLowerCase(), key: `spki:${key}` };
}

function readPins(path: string): ShownPin[] {
  try {
    const file: unknown = JSON.parse(readTextIfExists(path) ?? "{}");
    return isRecord(file) && Array.isArray(file.pins) ? file.pins.filter(isPin) : [];
  } catch (error) {
    ignore(error, "a damaged file tells of no earlier certificate");
    return [];
  }
}

function isPin(value: unknown): value is ShownPin {
  if (!isRecord(value)) return false;
  const { certificate, key, since, until } = value;
  const isText = typeof certificate === "string" && typeof key === "string";
  return isText && typeof since === "number" && (until === undefined || typeof until === "number");
}
