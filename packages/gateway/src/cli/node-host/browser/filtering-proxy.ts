/**
 * The only way of the controlled browser to the network: a proxy on loopback that resolves each name once, and connects to public
 * addresses of others only. So neither a page, nor a redirect, nor a name that changes its address reaches this machine or its network.
 */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ignore } from "../../../base/errors.ts";
import { onlyThese } from "../../../base/net/found-addresses.ts";
import { hostAndPort } from "../../../base/net/host-and-port.ts";
import { whyPrivate } from "../../../base/net/public-address.ts";

interface Place {
  readonly host: string;
  readonly port: number;
}

/** The addresses of a place, or why it must not be reached. */
type Found = { readonly addresses: readonly LookupAddress[] } | { readonly refusal: string };

/** Belongs to one connection, not to what is asked or answered over it. */
const OF_HOP: readonly string[] = [
  "proxy-connection",
  "connection",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "upgrade",
  "transfer-encoding",
];

export class FilteringProxy implements Disposable {
  readonly #server: Server;
  readonly #reach: ReadonlySet<string>;
  readonly #lookup: typeof lookUp;
  readonly #open = new Set<Socket>();

  /** `reach` names services on other addresses that are allowed, each as `host:port`. */
  constructor(reach: readonly string[], lookup = lookUp) {
    this.#lookup = lookup;
    this.#reach = new Set(reach.map((each) => each.toLowerCase()));
    this.#server = createServer((incoming, response) => void this.#request(incoming, response));
    this.#server.on("connect", (incoming, socket, head) => void this.#tunnel(incoming, socket, head));
    this.#server.on("connection", (socket) => this.#hold(socket));
    this.#server.unref();
  }

  /** Listens; returns the proxy's address. */
  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  /** Whether a page may be opened; the answer is addresses that stay the same until the connection is made, or why not. */
  async check(url: URL): Promise<Found> {
    return await this.#find(placeOf(hostAndPort(url)));
  }

  async #find({ host, port }: Place): Promise<Found> {
    const shown = isIP(host) === 6 ? `[${host}]` : host;
    if (host === "") return { refusal: "no host is named" };
    if (!(port >= 1 && port <= 65_535)) return { refusal: `${shown} has no such port` };
    const addresses = await this.#lookup(host);
    if (addresses.length === 0) return { refusal: `no address is known for ${host}` };
    const why = this.#reach.has(`${shown}:${port}`)
      ? undefined
      : addresses.map(({ address }) => whyPrivate(address)).find((each) => each !== undefined);
    if (why === undefined) return { addresses };
    return { refusal: `${shown} ${why}; allow it on the node with --browser-reach ${shown}:${port}` };
  }

  async #request(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(incoming.url ?? "");
    if (url?.protocol !== "http:") return refuse(response, 400, "only whole http: addresses are taken");
    const found = await this.check(url);
    if ("refusal" in found) return refuse(response, 403, found.refusal);
    const outgoing = request({
      ...{ host: placeOf(hostAndPort(url)).host, port: placeOf(hostAndPort(url)).port, method: incoming.method },
      ...{ lookup: onlyThese(found.addresses), agent: false },
      ...{ path: `${url.pathname}${url.search}`, headers: { ...endToEnd(incoming.headers), host: url.host } },
    });
    outgoing.on("socket", (socket) => this.#hold(socket));
    outgoing.on("error", (error) => {
      ignore(error, "the browser is told");
      if (!response.headersSent) refuse(response, 502, "the site could not be reached");
      else response.destroy();
    });
    // Nothing that a page may ask for becomes another protocol here; unheard, the browser would wait for ever.
    outgoing.on("upgrade", (_answer, socket) => {
      socket.destroy();
      refuse(response, 502, "the site answered in another protocol");
    });
    outgoing.on("response", (answer) => {
      try {
        response.writeHead(answer.statusCode ?? 0, endToEnd(answer.headers));
      } catch (error) {
        ignore(error, "the site's head is none that HTTP knows: the browser is told");
        outgoing.destroy();
        return refuse(response, 502, "the site's answer could not be read");
      }
      answer.on("error", () => response.destroy()).pipe(response);
    });
    response.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  }

  async #tunnel(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", (error) => ignore(error, "the browser has closed it"));
    const found = await this.#find(placeOf(incoming.url ?? ""));
    if ("refusal" in found) return void socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    if (socket.destroyed) return;
    const remote = connect({ ...placeOf(incoming.url ?? ""), lookup: onlyThese(found.addresses) });
    this.#hold(remote);
    remote.on("connect", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      if (head.length > 0) remote.write(head);
      remote.pipe(socket).pipe(remote);
    });
    remote.on("error", () => socket.destroy());
    socket.on("close", () => remote.destroy());
  }

  /** Connections end with the proxy, and keep the process alive no longer than it. */
  #hold(socket: Socket): void {
    if (this.#open.has(socket)) return;
    socket.unref();
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
  }
}

/** All addresses of a host; none when it has none. */
async function lookUp(host: string): Promise<readonly LookupAddress[]> {
  if (isIP(host) !== 0) return [{ address: host, family: isIP(host) }];
  try {
    return await lookup(host, { all: true });
  } catch (error) {
    return ignore(error, "the refusal says it") ?? [];
  }
}

function placeOf(authority: string): Place {
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(authority) ?? [];
  return { host: host.replace(/^\[|\]$/g, "").toLowerCase(), port: Number(port) };
}

/** The headers that are passed on. */
function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_HOP.includes(name)));
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${why}\n`);
}
