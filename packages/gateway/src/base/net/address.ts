/** What an IP address says of where it is. Pure functions. */
import { isIPv4, isIPv6 } from "node:net";

/** An address in the form in which addresses are compared: lower case, no zone, no brackets, mapped IPv4 as IPv4. */
export function normalizeAddress(address: string): string {
  const bare = address
    .trim()
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/%.*$/, "");
  const mapped = /^::ffff:(?:0:)?(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  return mapped ?? bare;
}

/** 127.0.0.0/8 or ::1. */
export function isLoopbackAddress(address: string): boolean {
  const normal = normalizeAddress(address);
  return normal === "::1" || (isIPv4(normal) && normal.startsWith("127."));
}

/** Tailscale's ranges: 100.64.0.0/10 and fd7a:115c:a1e0::/48 (Tailscale documentation, IP pool). */
export function isTailnetAddress(address: string): boolean {
  const normal = normalizeAddress(address);
  if (normal.startsWith("fd7a:115c:a1e0:")) return true;
  const [a, b] = normal.split(".").map(Number);
  return isIPv4(normal) && a === 100 && b !== undefined && b >= 64 && b <= 127;
}

/**
 * The network that one client has to itself, by which clients are counted: of IPv6 a /64, in which it can take any address
 * (RFC 6177), and an IPv4 address alone.
 */
export function networkOf(address: string): string {
  const normal = normalizeAddress(address);
  if (!isIPv6(normal)) return normal;
  const [before = [], after = []] = normal.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => "0"), ...after];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}
