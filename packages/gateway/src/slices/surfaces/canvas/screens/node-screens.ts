/** Screens on nodes: phones and other machines that draw what is pushed to them. */
import { messageOf } from "../../../../base/errors.ts";
import { newId } from "../../../../base/ids.ts";
import type { Log } from "../../../../base/log.ts";
import type { Caller } from "../../../../kit/access.ts";
import type { Nodes } from "../../../core/nodes/nodes.ts";
import { type Entry, messagesIn, type SurfaceLog } from "./log.ts";

/** What became of a push on a node. */
export interface ShownOnNode {
  readonly nodeId: string;
  readonly ok: boolean;
  readonly error?: string;
}

const PUSH = "canvas.a2ui.push";
const RESET = "canvas.a2ui.reset";
/** A node may have to load the page first; ms (source: apps wait up to 6 s for it). */
const TIMEOUT_MS = 12_000;

type Rights = Pick<Caller, "principal" | "scopes">;

/** What is kept for nodes is shown in the gateway's own name. */
const GATEWAY: Rights = { principal: "canvas", scopes: new Set(["operator.write"]) };

export class NodeScreens {
  readonly #nodes: Nodes;
  readonly #log: SurfaceLog;
  readonly #lines: Log;

  constructor({ nodes, log, lines }: { nodes: Nodes; log: SurfaceLog; lines: Log }) {
    this.#nodes = nodes;
    this.#log = log;
    this.#lines = lines;
  }

  /** Shows a push on one node, or on all that are connected and draw. */
  async push(entry: Entry, { node, rights }: { node?: string | undefined; rights: Rights }): Promise<ShownOnNode[]> {
    const messages = messagesIn(entry);
    const shown = await this.#all(PUSH, { messages }, { node, rights });
    const count = shown.filter(({ ok }) => ok).length;
    if (count > 0) this.#log.markShown(entry.seq, count);
    return shown;
  }

  /** Empties the screens of one node, or of all. */
  async reset({ node, rights }: { node?: string | undefined; rights: Rights }): Promise<ShownOnNode[]> {
    return await this.#all(RESET, {}, { node, rights });
  }

  /** Shows a node that has just connected what was pushed while there was none. */
  async connected(nodeId: string): Promise<void> {
    const sessionKey = this.#log.lastShown();
    if (sessionKey === undefined || !this.#offers(nodeId, PUSH)) return;
    const entries = this.#log.drawing(sessionKey, Number.MAX_SAFE_INTEGER).filter(({ kind }) => kind !== "reset");
    if (entries.length === 0 || entries.some(({ shownOn }) => shownOn > 0)) return;
    for (const entry of entries) {
      const [shown] = await this.push(entry, { node: nodeId, rights: GATEWAY });
      if (shown?.ok) continue;
      this.#lines.info("a node did not show what was kept for it", { nodeId, why: shown?.error });
      return;
    }
  }

  async #all(
    command: string,
    params: unknown,
    { node, rights }: { node?: string | undefined; rights: Rights },
  ): Promise<ShownOnNode[]> {
    const drawing = this.#nodes.list().filter(({ connected, commands }) => connected && commands.includes(command));
    const wanted = node === undefined ? drawing.map(({ nodeId }) => nodeId) : [node];
    return await Promise.all(wanted.map((each) => this.#one(each, { command, params, rights })));
  }

  async #one(
    node: string,
    { command, params, rights }: { command: string; params: unknown; rights: Rights },
  ): Promise<ShownOnNode> {
    const { signal } = new AbortController();
    try {
      const call = { node, command, params, timeoutMs: TIMEOUT_MS, idempotencyKey: newId(), signal, caller: rights };
      const { nodeId } = await this.#nodes.invoke(call);
      return { nodeId, ok: true };
    } catch (error) {
      return { nodeId: node, ok: false, error: messageOf(error) };
    }
  }

  #offers(nodeId: string, command: string): boolean {
    return this.#nodes
      .list()
      .some((node) => node.nodeId === nodeId && node.connected && node.commands.includes(command));
  }
}
