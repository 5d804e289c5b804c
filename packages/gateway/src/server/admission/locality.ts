/** Where a connection comes from: the client's address, and whether it is direct and local. Pure functions. */
import type { IncomingHttpHeaders } from "node:http";
import { isLoopbackAddress, isTailnetAddress, normalizeAddress } from "../../base/net/address.ts";
import type { ReachedAddress } from "../../kit/host.ts";

/** What is known of a connection before its first frame. */
export interface Peer {
  /** Address of the socket's other end, IPv4-mapped IPv6 written as IPv4. */
  readonly address: string;
  readonly headers: IncomingHttpHeaders;
}

/** Headers in common use that only a proxy adds; any of them means that the caller is somewhere else. */
const PROXY_HEADERS = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-forwarded-server",
  "x-original-forwarded-for",
  "x-original-host",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-envoy-external-address",
  "cf-connecting-ip",
  "cf-ray",
  "true-client-ip",
  "fastly-client-ip",
  "tailscale-user-login",
  "tailscale-user-name",
] as const;

/** The name part of a Host header, lower case and without port; undefined when there is none or it is malformed. */
export function hostName(host: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]@/\\\s]+)(?::\d{1,5})?$/i.exec(host ?? "");
  return match?.[1] === undefined ? undefined : normalizeAddress(match[1]);
}

export function isLoopbackHost(host: string | undefined): boolean {
  const name = hostName(host);
  return name !== undefined && (name === "localhost" || isLoopbackAddress(name));
}

export function hasProxyHeader(headers: IncomingHttpHeaders): boolean {
  return PROXY_HEADERS.some((name) => headers[name] !== undefined);
}

/**
 * The client's address. Forwarding headers count only when the socket's other end is a trusted proxy, and
 * X-Forwarded-For is read from the right: the first address that is not itself a trusted proxy.
 */
export function clientAddress(peer: Peer, trustedProxies: readonly string[]): string {
  const trusted = new Set(trustedProxies.map(normalizeAddress));
  if (!trusted.has(peer.address)) return peer.address;
  const hops = String(peer.headers["x-forwarded-for"] ?? "")
    .split(",")
    .map(withoutPort)
    .filter(Boolean);
  const client = hops.findLast((hop) => !trusted.has(hop));
  if (client) return client;
  const realIp = peer.headers["x-real-ip"];
  return typeof realIp === "string" && realIp.trim() ? withoutPort(realIp) : peer.address;
}

function withoutPort(address: string): string {
  return normalizeAddress(address.trim().replace(/^(\[.*\]|\d+\.\d+\.\d+\.\d+):\d+$/, "$1"));
}

/**
 * Whether the socket is on loopback, its Host header names loopback, and no header shows a proxy. A tailnet name
 * (*.ts.net) is no loopback Host: a forwarded TCP port would bring remote callers under it.
 */
export function isDirectLoopback(peer: Peer): boolean {
  return isLoopbackAddress(peer.address) && isLoopbackHost(peer.headers.host) && !hasProxyHeader(peer.headers);
}

/** A socket whose other end is one of this host's own tailnet addresses: this very machine, over its tailnet name. */
export function isOwnTailnet(peer: Peer, ownAddresses: readonly string[]): boolean {
  if (hasProxyHeader(peer.headers) || !isTailnetAddress(peer.address)) return false;
  return ownAddresses.some((address) => normalizeAddress(address) === peer.address);
}

/** Direct and local: only such callers are paired without asking. */
export function isLocal(peer: Peer, ownAddresses: readonly string[]): boolean {
  return isDirectLoopback(peer) || isOwnTailnet(peer, ownAddresses);
}

/** Under which address a connection has reached us. What a proxy says of the scheme counts when the proxy is trusted. */
export function reachedBy(
  peer: Peer,
  end: Pick<ReachedAddress, "localAddress" | "localPort">,
  { isTls, trustedProxies }: { readonly isTls: boolean; readonly trustedProxies: readonly string[] },
): ReachedAddress {
  const { headers, address } = peer;
  const isTrusted = trustedProxies.map(normalizeAddress).includes(address);
  const forwarded = isTrusted
    ? String(headers["x-forwarded-proto"] ?? "")
        .split(",", 1)[0]
        ?.trim()
    : "";
  const scheme = forwarded === "https" || forwarded === "http" ? forwarded : isTls ? "https" : "http";
  const host = hostName(headers.host) === undefined ? undefined : headers.host;
  const localAddress = end.localAddress === undefined ? undefined : normalizeAddress(end.localAddress);
  return { host, localAddress, localPort: end.localPort, scheme, isProxied: hasProxyHeader(headers) };
}
