/**
 * Fetches an address that came from outside, without giving access to this machine's network. Every hop is resolved
 * once, checked, and connected to at exactly the address that was checked (security: resources). No cookies, no
 * credentials in addresses, bounded time and size. Load it with `await import()`: a start does not need it.
 */

import { lookup } from "node:dns/promises";
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { ignore, messageOf, TellableError } from "../errors.ts";
import type { Clock } from "../time/clock.ts";
import { within } from "../time/deadline.ts";
import { onlyThese } from "./found-addresses.ts";
import { hostAndPort } from "./host-and-port.ts";
import { proxyFor, type UsedProxy } from "./proxy.ts";
import { whyPrivate } from "./public-address.ts";

export interface SafeFetchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The most bytes of the unpacked body. */
  readonly maxBytes: number;
  /** The time limit for everything, the body included; 30,000 when not given. */
  readonly limitMs?: number;
  /** Refuses `http:`. */
  readonly httpsOnly?: boolean;
  /** Services on private addresses that the owner allows, as exact `host:port`. */
  readonly allowPrivateHosts?: readonly string[] | undefined;
  readonly method?: "GET" | "POST";
  /** Sent to the first address only, never to where it redirects. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** An answer whose body has not been read yet. Dispose it: that closes the connection. */
export interface Fetched extends Disposable {
  /** Where the redirects ended. */
  readonly url: URL;
  readonly status: number;
  /** The media type in lower case, without parameters; "" when the server does not name one. */
  readonly mimeType: string;
  /** The charset that the server names. */
  readonly charset: string | undefined;
  /** The size of the packed body that the server announces, bytes. */
  readonly announcedBytes: number | undefined;
  /** The unpacked body. Throws when it is larger than allowed, or takes too long. */
  body(): AsyncGenerator<Uint8Array>;
  /** The whole unpacked body. Throws as `body` does. */
  bytes(): Promise<Buffer>;
}

/** A failed fetch; its message may be shown to people. */
export class FetchError extends TellableError {
  /** The address is not fetched from, however often it is tried. */
  readonly isRefused: boolean;

  constructor(message: string, { isRefused = false, ...options }: ErrorOptions & { isRefused?: boolean } = {}) {
    super(message, options);
    this.name = "FetchError";
    this.isRefused = isRefused;
  }
}

const MAX_REDIRECTS = 5;
const LIMIT_MS = 30_000;
const UNPACK = { gzip: createGunzip, "x-gzip": createGunzip, deflate: createInflate, br: createBrotliDecompress };

/** Asks for an address and follows its redirects. Throws `FetchError` with a sentence, or the signal's reason. */
export async function safeFetch(address: string | URL, options: SafeFetchOptions): Promise<Fetched> {
  const { clock, limitMs = LIMIT_MS } = options;
  const stack = new DisposableStack();
  const limit = stack.adopt(new AbortController(), (each) => each.abort());
  stack.use(clock.after(limitMs, () => limit.abort(new FetchError(`it took longer than ${limitMs / 1000} s`))));
  const signal = AbortSignal.any([options.signal, limit.signal]);
  let here: URL | undefined;
  try {
    here = checkedUrl(address, options);
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await open(here, { ...options, signal, isFirst: hop === 0 });
      const { statusCode: status = 0, headers } = response;
      if (status < 300 || status >= 400 || !headers.location) {
        stack.adopt(response, (each) => void each.destroy());
        return fetched(response, here, { ...options, signal }, stack);
      }
      response.destroy();
      here = redirectOf(here, headers.location, options);
    }
    throw new FetchError("it redirects too often");
  } catch (error) {
    const why = options.signal.aborted ? options.signal.reason : sentence(limit.signal.reason ?? error, here);
    stack.dispose();
    throw why;
  }
}

/** Checks an address before it is requested. Throws `FetchError`. */
function checkedUrl(address: string | URL, { httpsOnly = false }: Pick<SafeFetchOptions, "httpsOnly">): URL {
  const url = URL.parse(address);
  if (!url) throw refused("it is not an address such as https://example.org/page");
  if (url.protocol !== "https:" && (httpsOnly || url.protocol !== "http:"))
    throw refused(`only ${httpsOnly ? "https:" : "http: and https:"} addresses are fetched`);
  if (url.username !== "" || url.password !== "") throw refused("an address must not carry a name or password");
  return url;
}

function refused(message: string): FetchError {
  return new FetchError(message, { isRefused: true });
}

/**
 * The target of a redirect. Throws `FetchError` when it drops encryption, or leads to an address that is not allowed.
 */
export function redirectOf(from: URL, location: string, options: Pick<SafeFetchOptions, "httpsOnly"> = {}): URL {
  const next = URL.parse(location, from);
  if (!next) throw new FetchError("it redirects to what is not an address");
  if (from.protocol === "https:" && next.protocol === "http:")
    throw new FetchError("it redirects from https: to http:, which could be read and changed on the way");
  return checkedUrl(next, options);
}

/** Resolves a name once, checks all its addresses, and connects to one of these. */
async function open(
  url: URL,
  { method = "GET", headers, body, isFirst, signal, allowPrivateHosts }: SafeFetchOptions & { isFirst: boolean },
): Promise<IncomingMessage> {
  const addresses = await resolve(url, signal);
  const isAllowed = allowPrivateHosts?.includes(hostAndPort(url)) ?? false;
  const why = isAllowed
    ? undefined
    : addresses.map(({ address }) => whyPrivate(address)).find((each) => each !== undefined);
  if (why !== undefined) throw refused(`the address ${why}`);
  const { promise, resolve: arrived, reject } = Promise.withResolvers<IncomingMessage>();
  const proxy = proxyFor(url);
  const outgoing = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
    signal,
    method: isFirst ? method : "GET",
    // Do not share connections: a kept connection could have been opened under another check.
    agent: false,
    ...(proxy && throughProxy(url, proxy, addresses[0]!)),
    headers: {
      ...(proxy && { host: url.host }),
      accept: "*/*",
      "accept-encoding": "gzip, deflate, br",
      "user-agent": "Mozilla/5.0 (compatible; moltbot)",
      ...(isFirst && headers),
    },
    lookup: onlyThese(addresses),
  });
  outgoing.on("response", arrived).on("error", reject);
  outgoing.end(isFirst ? body : undefined);
  return await promise;
}

/** Asks the proxy for the checked address, not for the name, which the proxy might resolve differently. */
function throughProxy(url: URL, { url: proxy }: UsedProxy, { address, family }: { address: string; family: number }) {
  const isSecure = url.protocol === "https:";
  const agent = isSecure
    ? new HttpsAgent({ proxyEnv: { HTTPS_PROXY: proxy } })
    : new HttpAgent({ proxyEnv: { HTTP_PROXY: proxy } });
  return {
    agent,
    host: family === 6 ? `[${address}]` : address,
    hostname: null,
    ...(isSecure && { servername: url.hostname }),
  };
}

async function resolve(url: URL, signal: AbortSignal): Promise<{ address: string; family: number }[]> {
  // The URL parser has turned notations such as 0x7f.1 and 2130706433 into dotted addresses.
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  signal.throwIfAborted();
  const found = await within(lookup(host, { all: true }), { signal });
  if (found.length === 0) throw new FetchError(`no address is known for ${host}`);
  return found;
}

function fetched(
  response: IncomingMessage,
  url: URL,
  options: Pick<SafeFetchOptions, "maxBytes" | "signal">,
  stack: DisposableStack,
): Fetched {
  const [mimeType = "", ...parameters] = (response.headers["content-type"] ?? "").split(";");
  const length = Number(response.headers["content-length"]);
  const body = () => unpacked(response, options);
  return {
    url,
    status: response.statusCode ?? 0,
    mimeType: mimeType.trim().toLowerCase(),
    charset: /charset\s*=\s*"?([\w-]+)/i.exec(parameters.join(";"))?.[1],
    announcedBytes: Number.isSafeInteger(length) && response.headers["content-length"] ? length : undefined,
    body,
    async bytes() {
      return Buffer.concat(await Array.fromAsync(body()));
    },
    [Symbol.dispose]: () => stack.dispose(),
  };
}

/** Unpacks a body and bounds it before and after: a compressed bomb is small at first, and may never end. */
async function* unpacked(
  response: IncomingMessage,
  { maxBytes, signal }: Pick<SafeFetchOptions, "maxBytes" | "signal">,
): AsyncGenerator<Uint8Array> {
  const encoding = (response.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  const unpack = Object.hasOwn(UNPACK, encoding) ? UNPACK[encoding as keyof typeof UNPACK] : undefined;
  if (!unpack && encoding !== "identity" && encoding !== "")
    throw new FetchError(`it is packed in a way that is not known here (${encoding.slice(0, 40)})`);
  const plain: Readable = unpack ? piped(response, unpack(), maxBytes) : response;
  let size = 0;
  try {
    for await (const chunk of plain as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : sentence(error);
  } finally {
    plain.destroy();
    response.destroy();
  }
}

/** Pipes one stream into another. Errors of either stream, and too many bytes of the first, end the second. */
function piped(from: IncomingMessage, to: ReturnType<typeof createGunzip>, maxBytes: number): Readable {
  let packed = 0;
  from.on("data", (chunk: Uint8Array) => {
    packed += chunk.byteLength;
    if (packed > maxBytes) from.destroy(tooLarge(maxBytes));
  });
  from.on("error", (error) => to.destroy(error)).on("aborted", () => to.destroy(new FetchError("it broke off")));
  to.on("error", (error) => ignore(error, "whoever reads the stream is told"));
  return from.pipe(to);
}

function tooLarge(maxBytes: number): FetchError {
  return new FetchError(`it is larger than the ${maxBytes} bytes that are taken`);
}

/** The failure as people are told it; names the proxy where one was used. */
function sentence(error: unknown, url?: URL): FetchError {
  if (error instanceof FetchError) return error;
  const proxy = url && proxyFor(url);
  const through = proxy ? `, through the proxy ${proxy.address} (${proxy.variable})` : "";
  return new FetchError(`${messageOf(error)}${through}`, { cause: error });
}
