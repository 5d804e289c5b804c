/** Addresses of the canvas: which one a client is told, and which capability it holds. */
import { GatewayError } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Caller } from "../../../../kit/access.ts";
import type { OpenDoor, Reached } from "../../../../kit/host.ts";
import type { Sessions } from "../../../core/sessions/sessions.ts";
import { Capabilities, TTL_MS } from "./capabilities.ts";
import { capabilityPath } from "./paths.ts";

export interface AddressesOptions {
  readonly clock: Clock;
  /** The canvas's own port, when it is open. */
  own(): OpenDoor | undefined;
  readonly sessions: Sessions;
}

/** What somebody wants to see. */
export interface Wanted {
  readonly sessionKey?: string | undefined;
  readonly page?: "files" | "screen" | undefined;
  readonly path?: string | undefined;
}

export class Addresses {
  readonly capabilities: Capabilities;
  readonly #options: AddressesOptions;
  /** How each connection has reached us. */
  readonly #reached = new Map<string, Reached>();
  /** The connections of nodes, by their ids; and those whose addresses last as long as they do. */
  readonly #connections = new Map<string, string>();
  readonly #lasting = new Set<string>();

  constructor(options: AddressesOptions) {
    this.#options = options;
    this.capabilities = new Capabilities(options.clock);
  }

  /** The base of all addresses for a connection that has been let in; undefined when it cannot be said. */
  forConnection({ connId, protocol, role, deviceId }: Caller, reached: Reached): string | undefined {
    const base = baseFor(reached, this.#options.own());
    if (base === undefined) return undefined;
    this.#reached.set(connId, reached);
    if (protocol === 3) this.#lasting.add(connId);
    if (role === "node" && deviceId !== undefined) this.#connections.set(deviceId, connId);
    const { token } = this.capabilities.grant({ kind: "connection", connId, isLasting: protocol === 3 });
    return base + capabilityPath(token);
  }

  /** A new base for a connection. Throws `UNAVAILABLE` when the canvas is off. */
  again({ connId, protocol }: Caller): { readonly url: string; readonly expiresAtMs: number | undefined } {
    const base = this.#baseOf(connId);
    const { token, ttlMs } = this.capabilities.grant({ kind: "connection", connId, isLasting: protocol === 3 });
    const expiresAtMs = ttlMs === undefined ? undefined : this.#options.clock.now() + ttlMs;
    return { url: base + capabilityPath(token), expiresAtMs };
  }

  /** The address of a page, for a person. Throws `UNAVAILABLE` when the canvas is off. */
  toOpen(
    { connId, deviceId }: Caller,
    { sessionKey, page = "files", path = "" }: Wanted,
  ): { url: string; ttlMs: number } {
    const base = this.#baseOf(connId);
    const { token } = this.capabilities.grant({ kind: "address", deviceId });
    const start = `${base}${capabilityPath(token)}/__moltbot__`;
    const query =
      sessionKey === undefined ? "" : `?session=${encodeURIComponent(this.#options.sessions.canonical(sessionKey))}`;
    const url = page === "screen" ? `${start}/a2ui/${query}` : `${start}/canvas/${encoded(path)}`;
    return { url, ttlMs: TTL_MS };
  }

  /** The address of a file for a node that is connected. Throws `UNAVAILABLE` when it is not, or the canvas is off. */
  onNode(nodeId: string, path: string): string {
    const connId = this.#connections.get(nodeId);
    if (connId === undefined) throw new GatewayError("UNAVAILABLE", "the node is not connected now");
    const isLasting = this.#lasting.has(connId);
    const { token } = this.capabilities.grant({ kind: "connection", connId, isLasting });
    return `${this.#baseOf(connId)}${capabilityPath(token)}/__moltbot__/canvas/${encoded(path)}`;
  }

  closed(connId: string): void {
    for (const [nodeId, its] of this.#connections) if (its === connId) this.#connections.delete(nodeId);
    this.#lasting.delete(connId);
    this.#reached.delete(connId);
    this.capabilities.endOfConnection(connId);
  }

  #baseOf(connId: string): string {
    const reached = this.#reached.get(connId);
    const base = reached && baseFor(reached, this.#options.own());
    if (base !== undefined) return base;
    throw new GatewayError("UNAVAILABLE", "the canvas is off; set canvasHost.enabled to true");
  }
}

/**
 * The base of all addresses, without a slash at its end; undefined when nothing is known of how we were reached. Through a
 * proxy, only the gateway's own port is known to be reachable, where the same paths are served.
 */
function baseFor(reached: Reached, own: OpenDoor | undefined): string | undefined {
  const { host, localAddress, localPort, scheme, isProxied } = reached;
  if (isProxied && host !== undefined) return `${scheme}://${host}`;
  const name = host?.replace(/:\d+$/, "") ?? (localAddress === undefined ? undefined : bracketed(localAddress));
  const port = own?.port ?? localPort;
  return name === undefined || port === undefined ? undefined : `${own?.scheme ?? scheme}://${name}:${port}`;
}

function encoded(path: string): string {
  const names = path.split("/").filter((name) => name !== "");
  return names.map(encodeURIComponent).join("/");
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
