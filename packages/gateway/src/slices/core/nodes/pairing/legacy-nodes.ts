/**
 * Tokens of nodes by the way of January 2026 (protocol: legacy node pairing). A connection never needs one: programs of
 * that time ask for a token and have it verified.
 */
import { defined } from "../../../../base/defined.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import { newId, secretsEqual, sha256Hex } from "../../../../base/ids.ts";
import { stored } from "../../../../base/store/stored.ts";
import type { Base } from "../../../../kit/base.ts";
import type { NodePairShape, NodeShape } from "../schema.ts";

/** What is known of such a node. */
export interface LegacyNode {
  readonly nodeId: string;
  readonly displayName?: string | undefined;
  readonly platform?: string | undefined;
  readonly version?: string | undefined;
  readonly deviceFamily?: string | undefined;
  readonly modelIdentifier?: string | undefined;
  readonly caps?: readonly string[] | undefined;
  readonly commands?: readonly string[] | undefined;
  readonly remoteIp?: string | undefined;
  readonly silent?: boolean | undefined;
}

/** A request that waits for a person. */
export interface LegacyRequest {
  readonly requestId: string;
  readonly node: LegacyNode;
  readonly isRepair: boolean;
  readonly at: number;
}

/** How long a request waits, ms (protocol: pairing stores). */
const REQUEST_MS = 5 * 60_000;
const MAX_REQUESTS = 64;
const MAX_NODES = 1_000;

export class LegacyNodes {
  readonly #base: Pick<Base, "store" | "clock">;
  readonly #requests = new Map<string, LegacyRequest>();

  constructor(base: Pick<Base, "store" | "clock">) {
    this.#base = base;
  }

  /** Files a request; of each node one waits, and a repeated one returns it unchanged. */
  request(node: LegacyNode): { request: LegacyRequest; created: boolean } {
    const waiting = this.requests().find((each) => each.node.nodeId === node.nodeId);
    if (waiting) return { request: waiting, created: false };
    if (this.#requests.size >= MAX_REQUESTS)
      throw invalidRequest(`${MAX_REQUESTS} nodes wait for approval already; decide about those first`);
    const isRepair = this.#row(node.nodeId) !== undefined;
    const request = { requestId: newId(), node, isRepair, at: this.#base.clock.now() };
    this.#requests.set(request.requestId, request);
    return { request, created: true };
  }

  requests(): LegacyRequest[] {
    const before = this.#base.clock.now() - REQUEST_MS;
    for (const { requestId, at } of this.#requests.values()) if (at < before) this.#requests.delete(requestId);
    return [...this.#requests.values()];
  }

  find(requestId: string): LegacyRequest | undefined {
    return this.requests().find((each) => each.requestId === requestId);
  }

  /** Approves a request; the token is new each time and is not kept. Source of its form: January 2026. */
  approve({ requestId, node }: LegacyRequest): string {
    const token = newId().replaceAll("-", "");
    const { store, clock } = this.#base;
    if (this.#row(node.nodeId) === undefined && this.paired().length >= MAX_NODES)
      throw invalidRequest(`there are ${MAX_NODES} nodes already; remove one first`);
    store.run(
      `insert into legacy_nodes (node_id, facts, token_sha256, approved_at) values (?, ?, ?, ?)
       on conflict do update set facts = excluded.facts, token_sha256 = excluded.token_sha256,
         approved_at = excluded.approved_at`,
      ...[node.nodeId, JSON.stringify(node), sha256Hex(token), clock.now()],
    );
    this.#requests.delete(requestId);
    return token;
  }

  reject({ requestId }: LegacyRequest): void {
    this.#requests.delete(requestId);
  }

  paired(): LegacyNode[] {
    return this.#base.store
      .all<{ facts: string }>("select facts from legacy_nodes order by approved_at desc")
      .map(({ facts }) => stored<LegacyNode>(facts));
  }

  /** The node of a token; undefined when the token is not its own. */
  verify(nodeId: string, token: string): LegacyNode | undefined {
    const row = this.#row(nodeId);
    return row && secretsEqual(sha256Hex(token), row.token) ? stored<LegacyNode>(row.facts) : undefined;
  }

  rename(nodeId: string, displayName: string): boolean {
    const row = this.#row(nodeId);
    if (!row) return false;
    const facts = { ...stored<LegacyNode>(row.facts), displayName };
    this.#base.store.run("update legacy_nodes set facts = ? where node_id = ?", JSON.stringify(facts), nodeId);
    return true;
  }

  remove(nodeId: string): boolean {
    return this.#base.store.run("delete from legacy_nodes where node_id = ?", nodeId).changes > 0;
  }

  #row(nodeId: string): { facts: string; token: string } | undefined {
    return this.#base.store.get("select facts, token_sha256 as token from legacy_nodes where node_id = ?", nodeId);
  }
}

/** A node of January 2026 that has a token and no connection. */
export function legacyView({ nodeId, caps = [], commands = [], silent: _silent, ...facts }: LegacyNode): NodeShape {
  return {
    ...{ nodeId, caps: [...caps].toSorted(), commands: [...commands].toSorted(), ...defined(facts) },
    ...{ paired: true, connected: false, approvalState: "approved" },
  };
}

export function legacyRequestView({ requestId, node, isRepair, at }: LegacyRequest): NodePairShape {
  const { nodeId, displayName, platform, remoteIp, caps, commands, silent } = node;
  return {
    ...{ requestId, nodeId, kind: "token", isRepair, ts: at },
    ...defined({ displayName, platform, remoteIp, silent, caps: caps && [...caps] }),
    ...(commands && { commands: [...commands] }),
  };
}
