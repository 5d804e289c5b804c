/** Writes the zone by which a name server tells of this gateway: DNS-SD over unicast DNS (RFC 6763, 1035). */

import { writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { isRecord } from "../../base/config/config.ts";
import { SERVICE_TYPES } from "../../base/discovery/service.ts";
import { messageOf } from "../../base/errors.ts";
import { expandHome, readTextIfExists, resolveStateDir } from "../../base/files.ts";
import type { ZoneCall } from "../commands/dns.ts";
import { CliError, usageError } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import { readLocalConfig } from "../reach/target.ts";
import { checkDomain } from "./wide-area.ts";

/** Short, since a laptop's address may change, seconds. */
const TTL = 60;
/** Serials are numbers of 32 bits (RFC 1982). */
const MAX_SERIAL = 2 ** 32 - 1;

/** What the zone says. */
interface Zone {
  readonly domain: string;
  readonly host: string;
  readonly port: number;
  readonly text: readonly string[];
  readonly addresses: readonly string[];
  /** A name in another zone under which the gateway is reached; the addresses are then that zone's matter. */
  readonly elsewhere: string | undefined;
}

/** Prints the zone, or writes it to a file. */
export async function writeZone(call: ZoneCall): Promise<void> {
  const { flags, out } = call;
  const zone = await zoneOf(call);
  if (flags.out === undefined) {
    const serial = Math.floor(Date.now() / 1_000);
    if (flags.json) out.json({ domain: zone.domain, zone: zoneText(zone, serial) });
    else out.raw(zoneText(zone, serial).trimEnd());
    return;
  }
  const path = expandHome(flags.out);
  const serial = nextSerial(readTextIfExists(path), zone, Math.floor(Date.now() / 1_000));
  if (serial !== undefined) write(path, zoneText(zone, serial));
  if (flags.json) out.json({ domain: zone.domain, file: path, changed: serial !== undefined });
  else
    out.print(
      serial === undefined ? `${path} is up to date.` : `${path} has the zone ${zone.domain}, serial ${serial}.`,
    );
}

function write(path: string, text: string): void {
  try {
    // A name server runs as another user and must read it; there is no secret in it.
    writeFileSync(path, text, { mode: 0o644 });
  } catch (error) {
    throw new CliError(`${path} cannot be written: ${messageOf(error)}. Choose another file with --out.`, 1, {
      cause: error,
    });
  }
}

async function zoneOf(call: ZoneCall): Promise<Zone> {
  const { flags, env } = call;
  const { discovery } = readLocalConfig(resolveStateDir({ env, profile: flags.profile }), env);
  const wideArea = isRecord(discovery) && isRecord(discovery.wideArea) ? discovery.wideArea : {};
  const domain = checkDomain(
    flags.domain ?? (typeof wideArea.domain === "string" ? wideArea.domain : "moltbot.internal"),
  );
  const wrong = flags.address.find((each) => isIP(each) === 0);
  if (wrong !== undefined) throw usageError(`${JSON.stringify(wrong)} is no address; write an IPv4 or IPv6 address.`);
  return await withGateway(call, async ({ client, timeoutMs }) => {
    const [{ service }, tailscale] = await Promise.all([
      client.request("discovery.status", {}, { timeoutMs }),
      client.request("tailscale.status", {}, { timeoutMs }),
    ]);
    const served = tailscale.url?.startsWith("https:") ? new URL(tailscale.url) : undefined;
    const { host, tailnetAddresses } = service;
    if (flags.address.length === 0 && served !== undefined) {
      const port = Number(served.port || 443);
      const text = [
        ...service.text.filter((each) => !/^gateway(?:Port|Tls|TlsSha256|TlsKeySha256)=/.test(each)),
        `gatewayPort=${port}`,
        "gatewayTls=1",
      ];
      return { domain, host, port, text, addresses: tailnetAddresses, elsewhere: `${served.hostname}.` };
    }
    const addresses = flags.address.length > 0 ? flags.address : tailnetAddresses;
    if (addresses.length === 0)
      throw new CliError("This machine has no address in a tailnet. Start Tailscale, or name one with --address.");
    const text = service.text.map((each) => (each.startsWith("lanHost=") ? `lanHost=${host}.${domain}` : each));
    return { domain, host, port: service.port, text, addresses, elsewhere: undefined };
  });
}

/** The serial for a file: a higher one than it has, or undefined when nothing else has changed. */
function nextSerial(before: string | undefined, zone: Zone, now: number): number | undefined {
  const known = Number(/^\s*(\d+) ; serial$/m.exec(before ?? "")?.[1]);
  if (!Number.isInteger(known)) return now;
  if (before === zoneText(zone, known)) return undefined;
  return known >= MAX_SERIAL ? 1 : Math.max(known + 1, now);
}

/** The zone file. The name server's own address is the gateway's: that is where it is meant to run. */
export function zoneText({ domain, host, port, text, addresses, elsewhere }: Zone, serial: number): string {
  const types = SERVICE_TYPES.map((brand) => `${brand}._tcp`);
  const hosts = addresses.flatMap((address) =>
    ["ns1", host].map((name) => `${name} IN ${isIP(address) === 6 ? "AAAA" : "A"} ${address}`),
  );
  const server = addresses.length > 0 ? "ns1" : (elsewhere ?? "ns1");
  return [
    `$ORIGIN ${domain}.`,
    `$TTL ${TTL}`,
    `@ IN SOA ${server} hostmaster (`,
    `  ${serial} ; serial`,
    `  7200 3600 1209600 ${TTL} )`,
    `@ IN NS ${server}`,
    ...hosts,
    ...["b", "lb"].map((name) => `${name}._dns-sd._udp IN PTR @`),
    ...types.map((type) => `_services._dns-sd._udp IN PTR ${type}`),
    ...types.flatMap((type) => [
      `${type} IN PTR ${host}.${type}`,
      `${host}.${type} IN SRV 0 0 ${port} ${elsewhere ?? host}`,
      `${host}.${type} IN TXT ${text.map(quoted).join(" ")}`,
    ]),
    "",
  ].join("\n");
}

/** A text of a zone file: all but plain letters by its bytes (RFC 1035, 5.1). */
function quoted(text: string): string {
  const inner = [...Buffer.from(text)].map((byte) =>
    byte === 0x22 || byte === 0x5c
      ? `\\${String.fromCharCode(byte)}`
      : byte >= 0x20 && byte < 0x7f
        ? String.fromCharCode(byte)
        : `\\${String(byte).padStart(3, "0")}`,
  );
  return `"${inner.join("")}"`;
}
