/** Binds an HTTP server to its place, and says in words why that is not possible. */
import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import net, { isIPv4, type ListenOptions } from "node:net";
import { codeOf, messageOf, StartError } from "../../base/errors.ts";
import { LIMITS } from "../limits.ts";
import { findPortOwner } from "./port-owner.ts";
import type { Certificate } from "./tls.ts";

/** Resolves when the server listens; rejects with what the system says. */
export function listening(server: Server, where: ListenOptions | { readonly fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** A server with our limits; with a certificate it speaks TLS. `stalledMs` is how long a client may read nothing of an answer. */
export async function makeServer(
  certificate: Certificate | undefined,
  stalledMs: number = LIMITS.stalledMs,
): Promise<Server> {
  const limits = {
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 16_384,
    shouldUpgradeCallback: wantsWebSocket,
  };
  const server = certificate === undefined ? createServer(limits) : await makeSecure(certificate, limits);
  server.timeout = stalledMs;
  return server;
}

/**
 * Whether a request asks for a WebSocket. One that offers another protocol is answered as any request (RFC 9110 section 7.8):
 * Java's HTTP client offers `h2c` with each of its first requests.
 */
function wantsWebSocket({ headers }: IncomingMessage): boolean {
  return (headers.upgrade ?? "").split(",").some((protocol) => protocol.trim().toLowerCase() === "websocket");
}

async function makeSecure({ cert, key }: Certificate, limits: ServerOptions): Promise<Server> {
  const { createServer: createSecureServer } = await import("node:https");
  return createSecureServer({ ...limits, cert, key, minVersion: "TLSv1.2", handshakeTimeout: 10_000 }) as Server;
}

/**
 * An IPv4 address is bound before the server has it, in a Node that can do so. Given as a text, Node looks it up and compares
 * it with its pattern of IPv6 addresses; compiling that pattern takes 10 to 15 ms of a start. Throws what binding throws.
 */
export function placeToListen(host: string, port: number): ListenOptions {
  const BoundSocket: typeof net.BoundSocket | undefined = net.BoundSocket;
  if (BoundSocket === undefined || !isIPv4(host)) return { host, port };
  return { handle: new BoundSocket({ host, port }) };
}

/** The sentence for a bind that has failed. */
export function bindError(error: Error, host: string, port: number): StartError {
  const code = codeOf(error);
  const options = { cause: error };
  if (code === "EADDRINUSE") {
    const owner = findPortOwner(port);
    const who = owner ? ` by ${owner.command} (pid ${owner.pid})` : "";
    const stop = owner ? `end that program (\`kill ${owner.pid}\`)` : "end that program";
    return new StartError(`Port ${port} is taken${who}; choose another with --port, or ${stop}.`, options);
  }
  if (code === "EACCES")
    return new StartError(`Port ${port} needs more rights; choose one above 1023 with --port.`, options);
  if (code === "EADDRNOTAVAIL")
    return new StartError(`${host} is not an address of this machine; correct gateway.bind.`, options);
  return new StartError(`The gateway cannot listen on ${host} port ${port}: ${messageOf(error)}.`, options);
}
