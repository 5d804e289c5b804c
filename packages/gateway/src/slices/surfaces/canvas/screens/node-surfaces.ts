/** Which conversation drew each surface that a node shows, so that a press on it reaches that conversation and no other. */
import { isRecord } from "../../../../base/config/config.ts";
import { ignore } from "../../../../base/errors.ts";
import type { Store } from "../../../../base/store/store.ts";

/** Source: the limits of a push. */
const MAX_MESSAGES = 500;
const MAX_ID_CHARS = 128;

export class NodeSurfaces {
  readonly #store: Store;

  constructor({ store }: { store: Store }) {
    this.#store = store;
  }

  /** Notes who draws surfaces on a node; call the result when the node did not show them. */
  drawn(nodeId: string, surfaceIds: readonly string[], sessionKey: string): () => void {
    const before = surfaceIds.map((surfaceId) => ({ surfaceId, key: this.sessionOf(nodeId, surfaceId) }));
    for (const surfaceId of surfaceIds) this.#note(nodeId, surfaceId, sessionKey);
    return () => {
      for (const { surfaceId, key } of before) this.#note(nodeId, surfaceId, key);
    };
  }

  /** The conversation that drew a surface; undefined when the canvas did not. */
  sessionOf(nodeId: string, surfaceId: string): string | undefined {
    return this.#store.get<{ key: string }>(
      "select session_key as key from canvas_node_surfaces where node_id = ? and surface_id = ?",
      ...[nodeId, surfaceId],
    )?.key;
  }

  /** Forgets all other nodes. */
  keepOnly(nodeIds: readonly string[]): void {
    const where = "node_id not in (select value from json_each(?))";
    this.#store.run(`delete from canvas_node_surfaces where ${where}`, JSON.stringify(nodeIds));
  }

  /** A conversation was deleted: what it drew is nobody's any more. */
  forget(sessionKey: string): void {
    this.#store.run("delete from canvas_node_surfaces where session_key = ?", sessionKey);
  }

  /** The node shows nothing any more. */
  emptied(nodeId: string): void {
    this.#store.run("delete from canvas_node_surfaces where node_id = ?", nodeId);
  }

  #note(nodeId: string, surfaceId: string, sessionKey: string | undefined): void {
    if (sessionKey === undefined) {
      const where = "node_id = ? and surface_id = ?";
      this.#store.run(`delete from canvas_node_surfaces where ${where}`, nodeId, surfaceId);
      return;
    }
    this.#store.run(
      `insert into canvas_node_surfaces (node_id, surface_id, session_key) values (?, ?, ?)
       on conflict do update set session_key = excluded.session_key`,
      ...[nodeId, surfaceId, sessionKey],
    );
  }
}

/** The surfaces that messages are about, in every version of A2UI. The messages have been read before. */
export function surfacesIn(messages: readonly unknown[]): string[] {
  const bodies = messages.flatMap((message) => Object.values(message as Record<string, unknown>));
  const ids = bodies.map((body) => (body as { surfaceId?: unknown } | null)?.surfaceId);
  return [...new Set(ids.filter((id) => typeof id === "string" && id.length <= MAX_ID_CHARS))] as string[];
}

/** The surfaces that a call of a client draws; what is wrong with its messages, the node says. */
export function surfacesAsked(command: string, params: unknown): string[] {
  const { messages, jsonl } = isRecord(params) ? params : {};
  if (command !== "canvas.a2ui.push" && command !== "canvas.a2ui.pushJSONL") return [];
  const lines = typeof jsonl === "string" ? jsonl.split("\n", MAX_MESSAGES).flatMap(messageOf) : [];
  return surfacesIn([...(Array.isArray(messages) ? messages.slice(0, MAX_MESSAGES) : []), ...lines].filter(isRecord));
}

function messageOf(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch (error) {
    ignore(error, "the node says which line is wrong");
    return [];
  }
}
