// Nodes that wait for a person: connected, and of no use yet. The page says what to type; it approves nothing itself.

import { type GatewayClient, isRecord } from "@moltbot/protocol";
import type { Ask } from "../view.ts";

/** A node that waits. */
export interface NodeRequest {
  readonly requestId: string;
  readonly name: string;
  /** The commands that it offers; empty when the device itself waits. */
  readonly commands: readonly string[];
}

/** What this needs of the page. */
export interface NodeRequestsHost {
  readonly ask: Ask;
  /** Whether the gateway has nodes, and the connection may see who waits. */
  isAllowed(): boolean;
  onChange(): void;
}

/** Reports of nodes after which somebody else may wait, or nobody. */
const CHANGES: ReadonlySet<unknown> = new Set(["connected", "disconnected", "changed"]);
const ID_CHARS = 12;

export class NodeRequests {
  readonly #host: NodeRequestsHost;
  readonly #hidden = new Set<string>();
  #all: readonly NodeRequest[] = [];

  constructor(host: NodeRequestsHost) {
    this.#host = host;
  }

  /** Requests that wait and were not hidden here. */
  get waiting(): readonly NodeRequest[] {
    return this.#all.filter(({ requestId }) => !this.#hidden.has(requestId));
  }

  listen(client: GatewayClient): void {
    client.on("node.pair.requested", () => void this.load());
    client.on("node.pair.resolved", () => void this.load());
    client.on("node.presence", ({ reason }) => {
      if (CHANGES.has(reason)) void this.load();
    });
  }

  async load(): Promise<void> {
    if (!this.#host.isAllowed()) return this.#set([]);
    const answer = await this.#host.ask("node.pair.list");
    if (isRecord(answer) && Array.isArray(answer.pending))
      this.#set(answer.pending.flatMap((each) => read(each) ?? []));
  }

  /** Shows a request no more on this page. */
  hide({ requestId }: NodeRequest): void {
    this.#hidden.add(requestId);
    this.#host.onChange();
  }

  #set(all: readonly NodeRequest[]): void {
    this.#all = all;
    this.#host.onChange();
  }
}

function read(value: unknown): NodeRequest | undefined {
  if (!isRecord(value) || typeof value.requestId !== "string" || typeof value.nodeId !== "string") return undefined;
  const { requestId, nodeId, displayName, commands } = value;
  return {
    requestId,
    name: typeof displayName === "string" ? displayName : nodeId.slice(0, ID_CHARS),
    commands: Array.isArray(commands) ? commands.filter((each) => typeof each === "string") : [],
  };
}
