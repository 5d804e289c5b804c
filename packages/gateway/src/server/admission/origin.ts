/** Which host names and browser origins are ours. The Host check is the answer to DNS rebinding. */
import type { IncomingHttpHeaders } from "node:http";
import { isLoopbackAddress, normalizeAddress } from "../../base/net/address.ts";
import { hostName, isLoopbackHost } from "./locality.ts";

/** The host names and origins that the gateway serves. */
export interface OwnOrigins {
  readonly scheme: "http" | "https";
  readonly port: number;
  /** Addresses and names that we are bound to or were configured with; loopback names need not be listed. */
  readonly hosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

export type OriginVerdict =
  /** No Origin header: not a browser. */
  | { readonly kind: "none" }
  /** The page that we serve, or a configured origin. */
  | { readonly kind: "own" }
  /** A page from another port of this machine: let in only with a valid credential. */
  | { readonly kind: "loopback" }
  | { readonly kind: "refused"; readonly reason: string };

/** Whether a Host header names us. */
export function isKnownHost(host: string | undefined, ownOrigins: OwnOrigins): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  return isLoopbackHost(host) || ownOrigins.hosts.some((known) => normalizeAddress(known) === name);
}

/** Judges the Origin of an upgrade. Opaque, file and extension origins are refused like strangers. */
export function judgeOrigin(headers: IncomingHttpHeaders, ownOrigins: OwnOrigins): OriginVerdict {
  const header = headers.origin;
  if (header === undefined) return { kind: "none" };
  const origin = parseOrigin(header);
  if (!origin) return { kind: "refused", reason: "the origin is not a web page's" };
  if (ownOrigins.allowedOrigins.some((allowed) => parseOrigin(allowed)?.href === origin.href)) return { kind: "own" };
  const name = normalizeAddress(origin.hostname);
  const isLoopbackPage = name === "localhost" || isLoopbackAddress(name);
  const isOurs = isLoopbackPage || ownOrigins.hosts.some((known) => normalizeAddress(known) === name);
  const port = origin.port ? Number(origin.port) : origin.protocol === "https:" ? 443 : 80;
  if (isOurs && port === ownOrigins.port && origin.protocol === `${ownOrigins.scheme}:`) return { kind: "own" };
  if (isLoopbackPage && isLoopbackHost(headers.host)) return { kind: "loopback" };
  return { kind: "refused", reason: "add it to gateway.controlUi.allowedOrigins to let it in" };
}

/** The origin as a URL when the header is exactly scheme, host and port of a web page. */
function parseOrigin(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPage = url.protocol === "http:" || url.protocol === "https:";
  return isPage && url.origin === text.toLowerCase().replace(/\/$/, "") ? url : undefined;
}
