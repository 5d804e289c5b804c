/**
 * Which commands people allowed a node to offer. Nodes of protocol 3 need no such approval; a device that was seen with
 * protocol 4 keeps needing it, so that an older handshake is no way around it.
 */

import { newId } from "../../../../base/ids.ts";
import { stored } from "../../../../base/store/stored.ts";
import type { Base } from "../../../../kit/base.ts";
import type { LiveNode } from "../registry.ts";

export type ApprovalState = "approved" | "pending-approval" | "pending-reapproval" | "unapproved";

/** What a node declares that a person has not seen. */
export interface SurfaceRequest {
  readonly requestId: string;
  readonly nodeId: string;
  readonly commands: readonly string[];
  readonly caps: readonly string[];
  readonly isRepair: boolean;
  readonly at: number;
}

export class Surfaces {
  readonly #base: Pick<Base, "store" | "clock">;
  readonly #requests = new Map<string, SurfaceRequest>();
  readonly #rejected = new Map<string, string>();
  /** What the table says, for each node that was asked for: every call looks here. */
  readonly #approved = new Map<string, readonly string[] | "all" | undefined>();

  constructor(base: Pick<Base, "store" | "clock">) {
    this.#base = base;
  }

  /** Notes what a node declares; returns the request that is new. */
  declared({ caller }: LiveNode): SurfaceRequest | undefined {
    const { deviceId: nodeId, protocol, declared, caps } = caller;
    this.#approved.delete(nodeId);
    if (protocol >= 4)
      this.#base.store.run("insert into node_surfaces (node_id) values (?) on conflict do nothing", nodeId);
    const before = this.#requests.get(nodeId);
    this.#requests.delete(nodeId);
    const commands = declared?.commands ?? [];
    const approved = this.approved(nodeId);
    if (approved === "all" || commands.length === 0) return undefined;
    if (approved && commands.every((command) => approved.includes(command))) return undefined;
    if (this.#rejected.get(nodeId) === JSON.stringify(commands)) return undefined;
    const isSame = before !== undefined && JSON.stringify(before.commands) === JSON.stringify(commands);
    const request: SurfaceRequest = {
      ...{ requestId: isSame ? before.requestId : newId(), nodeId, commands, caps },
      ...{ isRepair: approved !== undefined, at: this.#base.clock.now() },
    };
    this.#requests.set(nodeId, request);
    return isSame ? undefined : request;
  }

  /** The approved commands; "all" for a node that needs no approval, undefined for one that has none. */
  approved(nodeId: string): readonly string[] | "all" | undefined {
    if (this.#approved.has(nodeId)) return this.#approved.get(nodeId);
    const approved = this.#stored(nodeId);
    this.#approved.set(nodeId, approved);
    return approved;
  }

  #stored(nodeId: string): readonly string[] | "all" | undefined {
    const row = this.#base.store.get<{ commands: string | null }>(
      "select commands from node_surfaces where node_id = ?",
      nodeId,
    );
    if (!row) return "all";
    return row.commands === null ? undefined : (stored(row.commands) as string[]);
  }

  state(nodeId: string): ApprovalState {
    const request = this.#requests.get(nodeId);
    if (request) return request.isRepair ? "pending-reapproval" : "pending-approval";
    return this.approved(nodeId) === undefined ? "unapproved" : "approved";
  }

  request(nodeId: string): SurfaceRequest | undefined {
    return this.#requests.get(nodeId);
  }

  /** The waiting request of an id, or of a node. */
  find(requestId: string): SurfaceRequest | undefined {
    return [...this.#requests.values()].find((each) => each.requestId === requestId || each.nodeId === requestId);
  }

  requests(): SurfaceRequest[] {
    return [...this.#requests.values()];
  }

  approve({ nodeId, commands, caps }: SurfaceRequest): void {
    this.#base.store.run(
      `insert into node_surfaces (node_id, commands, caps, approved_at) values (?, ?, ?, ?)
       on conflict do update set commands = excluded.commands, caps = excluded.caps, approved_at = excluded.approved_at`,
      ...[nodeId, JSON.stringify(commands), JSON.stringify(caps), this.#base.clock.now()],
    );
    this.#approved.delete(nodeId);
    this.#requests.delete(nodeId);
    this.#rejected.delete(nodeId);
  }

  reject({ nodeId, commands }: SurfaceRequest): void {
    this.#requests.delete(nodeId);
    this.#rejected.set(nodeId, JSON.stringify(commands));
  }

  /** A node that has gone asks for nothing. */
  gone(nodeId: string): void {
    this.#requests.delete(nodeId);
    this.#approved.delete(nodeId);
  }

  /** Forgets a node that was removed. */
  forget(nodeId: string): void {
    this.gone(nodeId);
    this.#rejected.delete(nodeId);
    this.#base.store.run("delete from node_surfaces where node_id = ?", nodeId);
    this.#base.store.run("delete from node_names where node_id = ?", nodeId);
  }
}
