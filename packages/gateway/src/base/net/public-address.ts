/**
 * Tells which addresses are on the public internet. No other address may be fetched on behalf of people outside
 * (security: resources).
 */
import { BlockList, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

/** Special-purpose ranges (IANA registries for IPv4 and IPv6). */
const NOT_PUBLIC = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const)
  NOT_PUBLIC.addSubnet(network, bits, "ipv4");
/** Of IPv6 only global unicast is public, less what maps or tunnels IPv4 and documentation. */
const GLOBAL_UNICAST = new BlockList();
GLOBAL_UNICAST.addSubnet("2000::", 3, "ipv6");
for (const [network, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  NOT_PUBLIC.addSubnet(network, bits, "ipv6");

/** Whether a literal address may be fetched from. */
export function isPublicAddress(address: string): boolean {
  if (!isIPv6(address)) return !NOT_PUBLIC.check(address, "ipv4");
  return GLOBAL_UNICAST.check(address, "ipv6") && !NOT_PUBLIC.check(address, "ipv6");
}

/**
 * Why a literal address may not be fetched from here, as the end of a sentence about it. Beside addresses that are not public
 * these are the public ones of this machine and of its network: with IPv6 every machine of a home has one, and a rented server
 * has one by IPv4 too.
 */
export function whyPrivate(address: string): string | undefined {
  if (!isPublicAddress(address)) return "is not on the public internet";
  const isOwn = ownNetworks().check(address, isIPv6(address) ? "ipv6" : "ipv4");
  return isOwn ? "belongs to this machine or its own network" : undefined;
}

/** The widest network that is taken for one's own, bits: beyond it those of a rented server's neighbours begin. */
const LEAST_BITS = { IPv4: 24, IPv6: 56 } as const;

/** Read anew each time: machines change networks. */
function ownNetworks(): BlockList {
  const own = new BlockList();
  for (const { address, cidr, family } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    const bits = Number(cidr?.split("/")[1] ?? 0);
    const kind = family === "IPv6" ? "ipv6" : "ipv4";
    if (bits >= LEAST_BITS[family]) own.addSubnet(address, bits, kind);
    else own.addAddress(address, kind);
  }
  return own;
}
