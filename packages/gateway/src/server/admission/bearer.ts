/** Who may use the HTTP API: holders of the gateway's secret, shown as a bearer token. Decided before a body is read. */
import type { IncomingMessage } from "node:http";
import { isLoopbackAddress, networkOf, normalizeAddress } from "../../base/net/address.ts";
import type { HttpSource, HttpVerdict } from "../../kit/host.ts";
import { isForeignPage } from "../../kit/http.ts";
import type { GatewayAuth } from "./authenticate.ts";
import { checkSharedSecret } from "./authenticate.ts";
import type { FailureLimiter } from "./limiter.ts";
import { clientAddress, isDirectLoopback } from "./locality.ts";

/**
 * Judges a request by the shared secret, as a handshake without a device does. Programs on this machine need the secret
 * too; there the right one always gets in, even while the source is locked out. Pages of other origins are refused
 * whatever they send. Without gateway auth only direct callers on this machine are let in.
 */
export function judgeBearer(
  request: IncomingMessage,
  { auth, limiter, trustedProxies }: { auth: GatewayAuth; limiter: FailureLimiter; trustedProxies: readonly string[] },
): HttpVerdict {
  const { headers } = request;
  if (isForeignPage(headers)) return { kind: "foreign-page" };
  const { address, isLocal } = sourceOf(request, trustedProxies);
  if (auth.mode === "none") return isLocal ? { kind: "granted", address, isLocal } : { kind: "unauthorized" };
  // All programs on this machine are one source; all requests through a proxy that is not trusted are another. Neither
  // must lock out the other, nor connections by WebSocket. A program with the wrong secret must not lock out one with
  // the right secret.
  const source = !isLoopbackAddress(address) ? networkOf(address) : isLocal ? "http local" : `http by ${address}`;
  const retryAfterMs = limiter.lockedForMs(source);
  if (retryAfterMs > 0 && !isLocal) return { kind: "locked", retryAfterMs };
  const token = /^Bearer +(\S.*)$/i.exec(headers.authorization ?? "")?.[1]?.trim();
  const failure = checkSharedSecret(auth, { token, password: token }, false);
  if (failure && retryAfterMs > 0) return { kind: "locked", retryAfterMs };
  if (failure?.endsWith("_mismatch")) limiter.fail(source);
  if (failure) return { kind: "unauthorized" };
  limiter.succeed(source);
  return { kind: "granted", address, isLocal };
}

/** The client's address, and whether it is a program on this machine. */
export function sourceOf({ headers, socket }: IncomingMessage, trustedProxies: readonly string[]): HttpSource {
  const peer = { address: normalizeAddress(socket.remoteAddress ?? ""), headers };
  return { address: clientAddress(peer, trustedProxies), isLocal: isDirectLoopback(peer) };
}
