/**
 * A gateway as a service of DNS-SD (RFC 6763): its types, its names, and what it says of itself. What is read here may be forged
 * by anybody in the network: it says where to look, never whom to trust.
 */
import { cutUtf8 } from "../text/cut-utf8.ts";
import type { Name, Record } from "./message.ts";

/** The types of the three brands; what looks for any of them finds this gateway. */
export const SERVICE_TYPES = ["_moltbot-gw", "_clawdbot-gw", "_openclaw-gw"] as const;

/** Lifetimes of what is told, seconds (RFC 6762, 10). */
const HOST_TTL = 120;
const OTHER_TTL = 4_500;

/** A gateway as it is advertised. */
export interface Service {
  /** What people see; `(2)` and so on is added where another has it. */
  readonly label: string;
  /** The first label of the host's name. */
  readonly host: string;
  readonly port: number;
  /** `key=value`, each 255 bytes at most. */
  readonly text: readonly string[];
}

/** The names under which a service is told. */
export interface Names {
  readonly instance: string;
  readonly host: Name;
  readonly domain: Name;
}

/** The names for an attempt: the first has no number. */
export function namesOf({ label, host }: Service, attempt: number): Names {
  const suffix = attempt === 1 ? "" : ` (${attempt})`;
  return {
    instance: `${cutUtf8(label, 63 - suffix.length)}${suffix}`,
    host: [attempt === 1 ? host : `${host.slice(0, 58)}-${attempt}`, "local"],
    domain: ["local"],
  };
}

/** The machine's name as a label of DNS; a fixed one where the name is no valid label. */
export function hostLabel(hostname: string): string {
  const [first = ""] = hostname.toLowerCase().split(".", 1);
  return /^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/.test(first) ? `${first}-moltbot` : "moltbot-gateway";
}

/** What the records of a service are for. */
export interface Records {
  /** Pointers to the types and to the instances, which others have too. */
  readonly shared: readonly Record[];
  /** What is ours alone. */
  readonly unique: readonly Record[];
}

/** All records of a service under its names; `addresses` are those of the host. */
export function recordsOf(
  { port, text }: Service,
  { instance, host, domain }: Names,
  addresses: readonly string[],
): Records {
  const shared: Record[] = [];
  const unique: Record[] = [];
  for (const brand of SERVICE_TYPES) {
    const type: Name = [brand, "_tcp", ...domain];
    const name: Name = [instance, ...type];
    const listing: Name = ["_services", "_dns-sd", "_udp", ...domain];
    shared.push({ name: type, ttl: OTHER_TTL, isUnique: false, data: { kind: "PTR", target: name } });
    shared.push({ name: listing, ttl: OTHER_TTL, isUnique: false, data: { kind: "PTR", target: type } });
    unique.push({ name, ttl: HOST_TTL, isUnique: true, data: { kind: "SRV", port, target: host } });
    unique.push({ name, ttl: OTHER_TTL, isUnique: true, data: { kind: "TXT", entries: text } });
  }
  for (const address of addresses)
    unique.push({
      name: host,
      ttl: HOST_TTL,
      isUnique: true,
      data: { kind: address.includes(":") ? "AAAA" : "A", address },
    });
  return { shared, unique };
}

/** What a gateway says of itself; `undefined` values are left out. */
export interface Facts {
  readonly gatewayPort: number;
  readonly lanHost: string;
  readonly displayName: string;
  readonly isTls: boolean;
  /** SHA-256 of the certificate, hexadecimal; a hint for people to compare. */
  readonly tlsSha256: string | undefined;
  /** SHA-256 of its key, hexadecimal, which is what `moltbot connect` shows and pins. */
  readonly tlsKeySha256: string | undefined;
  /** Only with `full`. */
  readonly sshPort?: number | undefined;
  readonly cliPath?: string | undefined;
  readonly tailnetDns?: string | undefined;
}

/** The facts as entries of a TXT record, in the words of all three brands. */
export function textOf(facts: Facts): string[] {
  const { gatewayPort, lanHost, displayName, isTls, tlsSha256, tlsKeySha256, sshPort, cliPath, tailnetDns } = facts;
  const entries: readonly (readonly [string, string | number | undefined])[] = [
    ["role", "gateway"],
    ["gatewayPort", gatewayPort],
    ["lanHost", lanHost],
    ["displayName", displayName],
    ["transport", "gateway"],
    ["gatewayTls", isTls ? 1 : undefined],
    ["gatewayTlsSha256", isTls ? tlsSha256 : undefined],
    ["gatewayTlsKeySha256", isTls ? tlsKeySha256 : undefined],
    ["gatewayDirectReachable", 1],
    ["sshPort", sshPort],
    ["cliPath", cliPath],
    ["tailnetDns", tailnetDns],
  ];
  return entries.filter(([, value]) => value !== undefined).map(([key, value]) => cutUtf8(`${key}=${value}`, 255));
}
