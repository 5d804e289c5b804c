/** Addresses of the canvas: which one a client is told, and which capability it holds. */
import { GatewayError } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { type Caller, hasScope } from "../../../../kit/access.ts";
import type { OpenPort, ReachedAddress } from "../../../../kit/host.ts";
import type { Sessions } from "../../../core/sessions/sessions.ts";
import { Capabilities, type Holder, TTL_MS } from "./capabilities.ts";
import { capabilityPath } from "./paths.ts";

export interface AddressesOptions {
  readonly clock: Clock;
  /** The canvas's own port, when it is open. */
  own(): OpenPort | undefined;
  readonly sessions: Sessions;
  /** The agent of a conversation, and what comes before the paths of its pages. */
  placeFor(sessionKey: string | undefined): { readonly agentId: string; readonly prefix: string };
}

/** What somebody wants to see. */
export interface ViewRequest {
  readonly sessionKey?: string | undefined;
  readonly page?: "files" | "screen" | undefined;
  readonly path?: string | undefined;
}

export class Addresses {
  readonly capabilities: Capabilities;
  readonly #options: AddressesOptions;
  /** How each connection has reached us. */
  readonly #reached = new Map<string, ReachedAddress>();
  /** The connections of nodes, by their ids. */
  readonly #nodes = new Map<string, Caller>();

  constructor(options: AddressesOptions) {
    this.#options = options;
    this.capabilities = new Capabilities(options.clock);
  }

  /** The base of all addresses for a connection that has been let in; undefined when it cannot be said. */
  forConnection(caller: Caller, reached: ReachedAddress): string | undefined {
    const { connId, role, deviceId } = caller;
    const base = baseFor(reached, this.#options.own());
    if (base === undefined) return undefined;
    this.#reached.set(connId, reached);
    if (role === "node" && deviceId !== undefined) this.#nodes.set(deviceId, caller);
    const { token } = this.capabilities.grant(connectionOf(caller));
    return base + capabilityPath(token);
  }

  /** A new base for a connection. Throws `UNAVAILABLE` when the canvas is off. */
  again(caller: Caller): { readonly url: string; readonly expiresAtMs: number | undefined } {
    const base = this.#baseOf(caller.connId);
    const { token, ttlMs } = this.capabilities.grant(connectionOf(caller));
    const expiresAtMs = ttlMs === undefined ? undefined : this.#options.clock.now() + ttlMs;
    return { url: base + capabilityPath(token), expiresAtMs };
  }

  /** The address of a page, for a person. Throws `UNAVAILABLE` when the canvas is off. */
  toOpen(caller: Caller, { sessionKey, page = "files", path = "" }: ViewRequest): { url: string; ttlMs: number } {
    const base = this.#baseOf(caller.connId);
    const { deviceId } = caller;
    const key = sessionKey === undefined ? undefined : this.#options.sessions.canonical(sessionKey);
    const { agentId, prefix } = this.#options.placeFor(key);
    const holder = { kind: "address", deviceId, mayAct: mayAct(caller), ...(page === "files" && { agentId }) } as const;
    const { token } = this.capabilities.grant(holder);
    const start = `${base}${capabilityPath(token)}/__moltbot__`;
    const query = key === undefined ? "" : `?session=${encodeURIComponent(key)}`;
    const url = page === "screen" ? `${start}/a2ui/${query}` : `${start}/canvas/${prefix}${encoded(path)}`;
    return { url, ttlMs: TTL_MS };
  }

  /** The address of a file for a node that is connected. Throws `UNAVAILABLE` when it is not, or the canvas is off. */
  onNode(nodeId: string, path: string, sessionKey: string): string {
    const caller = this.#nodes.get(nodeId);
    if (caller === undefined) throw new GatewayError("UNAVAILABLE", "the node is not connected now");
    const { agentId, prefix } = this.#options.placeFor(sessionKey);
    const { token } = this.capabilities.grant({ ...connectionOf(caller), agentId });
    const base = this.#baseOf(caller.connId);
    return `${base}${capabilityPath(token)}/__moltbot__/canvas/${prefix}${encoded(path)}`;
  }

  closed(connId: string): void {
    for (const [nodeId, caller] of this.#nodes) if (caller.connId === connId) this.#nodes.delete(nodeId);
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

function connectionOf(caller: Caller): Holder {
  const { connId, protocol } = caller;
  return { kind: "connection", connId, isLasting: protocol === 3, mayAct: mayAct(caller) };
}

/** A viewer without the right to write to the agent cannot do so by a button either. */
function mayAct({ role, scopes }: Caller): boolean {
  return role === "node" || hasScope(scopes, "operator.write");
}

/**
 * The base of all addresses, without a slash at its end; undefined when nothing is known of how we were reached. Through a
 * proxy or a tunnel, only the port that the client used is known to be reachable, where the same paths are served.
 */
function baseFor(reached: ReachedAddress, own: OpenPort | undefined): string | undefined {
  const { host, localAddress, localPort, scheme, isProxied } = reached;
  const usedPort = /:(\d+)$/.exec(host ?? "")?.[1];
  // A page's policy cannot name an IPv6 address, so a page of ours under one can only show what has its own origin.
  const isSix = host?.startsWith("[") ?? false;
  const isElsewhere = isProxied || isSix || (usedPort !== undefined && Number(usedPort) !== localPort);
  if (host !== undefined && (isElsewhere || own === undefined)) return `${scheme}://${host}`;
  const name = host?.replace(/:\d+$/, "") ?? (localAddress === undefined ? undefined : bracketed(localAddress));
  const port = own?.port ?? localPort;
  if (name === undefined || port === undefined) return undefined;
  return own ? ownOrigin(own, name) : `${scheme}://${name}:${port}`;
}

/** The origin of the canvas's own port for somebody who reached the gateway by a name. */
export function ownOrigin(own: OpenPort, name: string): string {
  return `${own.scheme}://${name}:${own.port}`;
}

function encoded(path: string): string {
  const names = path.split("/").filter((name) => name !== "");
  return names.map(encodeURIComponent).join("/");
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
