/** Screens on nodes: phones and other machines that draw what is pushed to them. */
import { ignore, messageOf } from "../../../../base/errors.ts";
import { newId } from "../../../../base/ids.ts";
import type { Log } from "../../../../base/log.ts";
import type { Store } from "../../../../base/store/store.ts";
import type { Caller } from "../../../../kit/access.ts";
import type { Nodes } from "../../../core/nodes/nodes.ts";
import { type Entry, messagesIn, type SurfaceLog } from "./log.ts";
import { NodeSurfaces, surfacesIn } from "./node-surfaces.ts";

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

/** In whose name nodes are asked; `askedBy` is told to the people at them. */
interface Asking {
  /** Only this node. */
  readonly node?: string | undefined;
  readonly rights: Rights;
  readonly askedBy: string;
}

/** What is kept for nodes is shown in the gateway's own name. */
const GATEWAY = {
  rights: { principal: "canvas", scopes: new Set(["operator.write"]) },
  askedBy: "The gateway",
} as const;

export class NodeScreens {
  readonly surfaces: NodeSurfaces;
  readonly #nodes: Nodes;
  readonly #log: SurfaceLog;
  readonly #lines: Log;

  constructor({ nodes, log, lines, store }: { nodes: Nodes; log: SurfaceLog; lines: Log; store: Store }) {
    this.surfaces = new NodeSurfaces({ store });
    this.#nodes = nodes;
    this.#log = log;
    this.#lines = lines;
  }

  /** Forgets what was drawn on nodes that are none any more. */
  begin(): void {
    this.surfaces.keepOnly(this.#nodes.list().map(({ nodeId }) => nodeId));
  }

  /** Shows a push on one node, or on all that are connected and draw. */
  async push(entry: Entry, asking: Asking): Promise<ShownOnNode[]> {
    const messages = messagesIn(entry);
    const surfaceIds = surfacesIn(messages);
    const shown = await this.#all(asking, async (node) => {
      // A press may come before the node's answer.
      const undo = this.surfaces.drawn(node, surfaceIds, entry.sessionKey);
      const done = await this.#one(node, { command: PUSH, params: { messages }, asking });
      if (!done.ok) undo();
      return done;
    });
    const count = shown.filter(({ ok }) => ok).length;
    if (count > 0) this.#log.markShown(entry.seq, count);
    return shown;
  }

  /** Empties the screens of one node, or of all. */
  async reset(asking: Asking): Promise<ShownOnNode[]> {
    return await this.#all(asking, async (node) => {
      const done = await this.#one(node, { command: RESET, params: {}, asking });
      if (done.ok) this.surfaces.emptied(node);
      return done;
    });
  }

  /** Shows a node that has just connected what was pushed while there was none. */
  async connected(nodeId: string): Promise<void> {
    const sessionKey = this.#log.lastShown();
    if (sessionKey === undefined || !this.#offers(nodeId, PUSH)) return;
    const entries = this.#log.drawing(sessionKey, Number.MAX_SAFE_INTEGER).filter(({ kind }) => kind !== "reset");
    if (entries.length === 0 || entries.some(({ shownOn }) => shownOn > 0)) return;
    for (const entry of entries) {
      const [shown] = await this.push(entry, { ...GATEWAY, node: nodeId });
      if (shown?.ok) continue;
      this.#lines.info("a node did not show what was kept for it", { nodeId, why: shown?.error });
      return;
    }
  }

  /** Asks the node that is meant, else all that are connected and draw. */
  async #all({ node }: Asking, ask: (nodeId: string) => Promise<ShownOnNode>): Promise<ShownOnNode[]> {
    if (node !== undefined) return [await ask(this.#idOf(node))];
    const drawing = this.#nodes.list().filter(({ connected, commands }) => connected && commands.includes(PUSH));
    return await Promise.all(drawing.map(({ nodeId }) => ask(nodeId)));
  }

  async #one(
    nodeId: string,
    { command, params, asking: { rights, askedBy } }: { command: string; params: unknown; asking: Asking },
  ): Promise<ShownOnNode> {
    const how = { timeoutMs: TIMEOUT_MS, idempotencyKey: newId(), caller: rights, askedBy };
    try {
      await this.#nodes.invoke({ node: nodeId, command, params, ...how });
      return { nodeId, ok: true };
    } catch (error) {
      return { nodeId, ok: false, error: messageOf(error) };
    }
  }

  /** The id of a node that may be named in another way; what names none is asked as it is, and refused. */
  #idOf(node: string): string {
    try {
      return this.#nodes.find(node).nodeId;
    } catch (error) {
      ignore(error, "the call says why");
      return node;
    }
  }

  #offers(nodeId: string, command: string): boolean {
    return this.#nodes
      .list()
      .some((node) => node.nodeId === nodeId && node.connected && node.commands.includes(command));
  }
}
