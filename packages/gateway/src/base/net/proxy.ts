/**
 * Reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY as other programs do, in capitals or small letters; small letters win.
 * Node then sends the requests of `fetch` and of its HTTP client through the proxy. Requests to this machine never go
 * through it.
 */
import http from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Env } from "../files.ts";

/** The proxy for an address. */
export interface UsedProxy {
  /** The variable that names it. */
  readonly variable: string;
  /** The proxy's address without name and password, for people. */
  readonly address: string;
  /** As Node takes it. */
  readonly url: string;
}

const LOCAL = ["localhost", "127.0.0.1", "::1", "[::1]"];

/** The proxies in force; the gateway of a process sets them once. */
let inForce: { readonly proxies: ReadonlyMap<string, UsedProxy>; readonly except: readonly string[] } | undefined;

/**
 * Sends the requests of this process through the proxies that the environment names, until disposed. `warn` is told of
 * a proxy that cannot be used. Does nothing when the environment names none.
 */
export function useProxies(env: Env, warn: (sentence: string) => void): Disposable {
  const proxies = new Map<string, UsedProxy>();
  for (const [protocol, name] of [
    ["http:", "HTTP_PROXY"],
    ["https:", "HTTPS_PROXY"],
  ] as const) {
    const variable = env[name.toLowerCase()]?.trim() ? name.toLowerCase() : name;
    const given = env[variable]?.trim();
    if (!given) continue;
    const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`);
    if (url && /^https?:$/.test(url.protocol))
      proxies.set(protocol, { variable, address: `${url.protocol}//${url.host}`, url: url.href });
    else warn(`${variable} is not the address of an HTTP proxy and is not used; write it as http://host:port.`);
  }
  if (proxies.size === 0) return { [Symbol.dispose]: () => {} };
  const except = (env.no_proxy ?? env.NO_PROXY ?? "").split(/[\s,]+/).filter((each) => each !== "");
  const mine = { proxies, except };
  inForce = mine;
  const restore = http.setGlobalProxyFromEnv({
    ...proxyEnv(proxies),
    NO_PROXY: [...except, ...LOCAL].join(","),
  });
  return {
    [Symbol.dispose]: () => {
      if (inForce === mine) inForce = undefined;
      restore();
    },
  };
}

function proxyEnv(proxies: ReadonlyMap<string, UsedProxy>): Record<string, string> {
  const [plain, secure] = [proxies.get("http:"), proxies.get("https:")];
  return { ...(plain && { HTTP_PROXY: plain.url }), ...(secure && { HTTPS_PROXY: secure.url }) };
}

/** The proxy for an address; undefined when requests go there directly. */
export function proxyFor(address: string | URL): UsedProxy | undefined {
  const url = inForce && URL.parse(address);
  if (!inForce || !url || isExcepted(url, [...inForce.except, ...LOCAL])) return undefined;
  return inForce.proxies.get(url.protocol === "wss:" ? "https:" : url.protocol === "ws:" ? "http:" : url.protocol);
}

/**
 * An agent that goes through the proxy, for libraries that open sockets themselves; undefined when there is no proxy.
 */
export function proxyAgentFor(address: string | URL): HttpsAgent | undefined {
  const proxy = proxyFor(address);
  return proxy && new HttpsAgent({ proxyEnv: { HTTPS_PROXY: proxy.url } });
}

/**
 * Whether NO_PROXY names an address: as `host`, `.domain` or `*.domain`, each with or without a port; `*` is
 * everything.
 */
function isExcepted({ hostname, port, protocol }: URL, except: readonly string[]): boolean {
  const host = hostname.toLowerCase();
  const at = port || (/^(?:https|wss):$/.test(protocol) ? "443" : "80");
  return except.some((each) => {
    if (each === "*") return true;
    const [, name = "", only] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(each.toLowerCase()) ?? [];
    if (only !== undefined && only !== at) return false;
    const domain = name.replace(/^\*?\./, "");
    return host === name || host === domain || (domain !== name && host.endsWith(`.${domain}`));
  });
}
