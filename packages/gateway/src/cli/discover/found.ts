/**
 * The gateways in what a network told. Anybody in it may have written that: it is bounded, made printable and checked, and it only
 * says where to look. What it says of a certificate is for people to compare and is never used as a pin. Pure functions.
 */
import { isIP } from "node:net";
import { isSameName, type Name, type Record } from "../../base/discovery/message.ts";
import { SERVICE_TYPES } from "../../base/discovery/service.ts";
import { isLoopbackAddress } from "../../base/net/address.ts";
import { isPublicAddress } from "../../base/net/public-address.ts";
import { cut, printable } from "../terminal/render.ts";

/** A gateway that was found. */
export interface FoundGateway {
  readonly name: string;
  /** Where to connect: ws:// or wss:// with the address, or the name for one in a tailnet. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
  /** The certificate's SHA-256 as the network tells it: unverified. */
  readonly toldFingerprint?: string;
  /** The pin of its key as the network tells it: unverified. */
  readonly toldPin?: string;
}

/** A record, and the address that it came from; undefined from a name server. */
export interface ReceivedRecord {
  readonly record: Record;
  readonly from: string | undefined;
}

const MAX_FOUND = 100;
const NAME_COLUMNS = 48;

/** Reads gateways out of records, by name; what is incomplete or makes no sense is left out. */
export function gatewaysIn(told: readonly ReceivedRecord[]): FoundGateway[] {
  const found = new Map<string, FoundGateway>();
  for (const { record } of told) {
    const { data } = record;
    if (data.kind !== "PTR" || !isGatewayType(record.name)) continue;
    const gateway = gatewayAt(data.target, told);
    // A gateway tells of itself once for each brand.
    if (gateway && !found.has(gateway.url)) found.set(gateway.url, gateway);
    if (found.size >= MAX_FOUND) break;
  }
  return [...found.values()].toSorted((a, b) => a.name.localeCompare(b.name) || a.url.localeCompare(b.url));
}

/** Whether a name is that of the type of one of the brands, in any domain. */
export function isGatewayType([brand = "", transport = ""]: Name): boolean {
  return (SERVICE_TYPES as readonly string[]).includes(brand.toLowerCase()) && transport.toLowerCase() === "_tcp";
}

function gatewayAt(instance: Name, told: readonly ReceivedRecord[]): FoundGateway | undefined {
  const place = told.find(({ record }) => record.data.kind === "SRV" && isSameName(record.name, instance));
  if (place?.record.data.kind !== "SRV") return undefined;
  const { port, target } = place.record.data;
  const host = target.join(".").toLowerCase();
  if (port === 0 || !/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(host)) return undefined;
  const addresses = addressesOf(target, told);
  const isNamed = place.from === undefined && host.endsWith(".ts.net");
  const address = isNamed ? host : preferred(addresses, place.from);
  if (address === undefined) return undefined;
  const facts = factsOf(instance, told);
  const isTls = isNamed || facts.get("gatewayTls") === "1";
  const digest = (key: string) => /^[0-9a-f]{64}$/.exec(facts.get(key)?.toLowerCase() ?? "")?.[0];
  const fingerprint = digest("gatewayTlsSha256");
  const keyDigest = digest("gatewayTlsKeySha256");
  const label = plain(facts.get("displayName") ?? "") || plain(instance[0] ?? "") || host;
  return {
    ...{ name: label, host, port, addresses },
    url: `${isTls ? "wss" : "ws"}://${isIP(address) === 6 ? `[${address}]` : address}:${port}`,
    ...(isTls && fingerprint !== undefined && { toldFingerprint: fingerprint }),
    ...(isTls && keyDigest !== undefined && { toldPin: `spki:${keyDigest}` }),
  };
}

/**
 * The host's addresses. One on the internet is left out, since no neighbour is there; this machine's own counts only when this
 * machine has told it.
 */
function addressesOf(host: Name, told: readonly ReceivedRecord[]): string[] {
  const addresses = told.flatMap(({ record: { name, data }, from }) => {
    if ((data.kind !== "A" && data.kind !== "AAAA") || !isSameName(name, host)) return [];
    if (isPublicAddress(data.address) || /^0\.|^(?:22[4-9]|2[3-5]\d)\.|^::$|^ff/i.test(data.address)) return [];
    const isOwn = isLoopbackAddress(data.address);
    return isOwn && (from === undefined || !isLoopbackAddress(from)) ? [] : [data.address];
  });
  return [...new Set(addresses)].slice(0, 8);
}

/** The address that the answer came from, when it is among them; else the first of IPv4; one of the link alone comes last. */
function preferred(addresses: readonly string[], from: string | undefined): string | undefined {
  return (
    addresses.find((each) => each === from) ??
    addresses.find((each) => isIP(each) === 4) ??
    addresses.find((each) => !/^fe[89ab]/i.test(each)) ??
    addresses[0]
  );
}

function factsOf(instance: Name, told: readonly ReceivedRecord[]): ReadonlyMap<string, string> {
  const text = told.find(({ record }) => record.data.kind === "TXT" && isSameName(record.name, instance));
  const entries = text?.record.data.kind === "TXT" ? text.record.data.entries : [];
  return new Map(
    entries.flatMap((entry) => {
      const at = entry.indexOf("=");
      return at > 0 ? [[entry.slice(0, at), entry.slice(at + 1)] as const] : [];
    }),
  );
}

/** A name for people: on one line, short, without signs for terminals or for the order of letters. */
function plain(text: string): string {
  const line = printable(text).replace(/\s+/gu, " ");
  return cut(line.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, "").trim(), NAME_COLUMNS);
}
