/** Nodes that are connected: one connection for each device, the newest. */
import type { Caller } from "../../../kit/access.ts";
import type { NodeShape } from "./schema.ts";

/** A connected node. */
export interface LiveNode {
  readonly caller: Caller & { readonly deviceId: string };
  readonly remoteIp: string | undefined;
  readonly connectedAt: number;
  stats: NodeShape["hostStats"];
  /** Epoch ms. */
  aliveAt: number | undefined;
  idleSeconds: number | undefined;
  /** Where the device was last used: in our app, or anywhere. */
  usedIn: NodeShape["usedIn"];
  battery: NodeShape["battery"];
}

export class Registry {
  readonly #live = new Map<string, LiveNode>();
  readonly #byConnection = new Map<string, LiveNode>();

  /** Adds a node; returns the connection that it replaces. */
  add(node: LiveNode): LiveNode | undefined {
    const before = this.#live.get(node.caller.deviceId);
    if (before) this.#byConnection.delete(before.caller.connId);
    this.#live.set(node.caller.deviceId, node);
    this.#byConnection.set(node.caller.connId, node);
    return before;
  }

  /** Removes the node of a connection; undefined when a newer connection has replaced it. */
  remove(connId: string): LiveNode | undefined {
    const node = this.ofConnection(connId);
    if (!node) return undefined;
    this.#live.delete(node.caller.deviceId);
    this.#byConnection.delete(connId);
    return node;
  }

  get(nodeId: string): LiveNode | undefined {
    return this.#live.get(nodeId);
  }

  ofConnection(connId: string): LiveNode | undefined {
    return this.#byConnection.get(connId);
  }

  all(): LiveNode[] {
    return [...this.#live.values()];
  }
}
