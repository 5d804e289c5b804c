/** How far Messages' database has been read: the row of the last message, and its time for when rows begin anew. */
import type { ChannelState, StateChanges } from "../../../kit/channel.ts";
import { type ImsgMessage, type Reader, readMessage } from "./inbound.ts";

type Call = (method: string, params: Readonly<Record<string, unknown>>) => Promise<unknown>;

interface Position {
  readonly row: number;
  readonly at: number;
}

const KEY = "cursor";
/** The newest conversations are enough to know the newest row. */
const CHATS = 50;

export class Cursor {
  readonly #state: ChannelState;
  #position: Position | undefined;

  constructor(state: ChannelState) {
    const kept = state.get(KEY);
    this.#state = state;
    this.#position = kept === undefined ? undefined : (JSON.parse(kept) as Position);
  }

  /**
   * Where to watch from. The first time that is now. When the database was built anew, its rows begin with 1 again:
   * then `missed` is what came since the last message by the clock.
   */
  async begin(call: Call, reader: Reader): Promise<{ sinceRow: number; missed: readonly ImsgMessage[] }> {
    const known = this.#position;
    const newest = await newestMessages(call, reader, 1);
    const row = Math.max(0, ...newest.map(({ rowid }) => rowid));
    if (known && row >= known.row) return { sinceRow: known.row, missed: [] };
    this.#position = { row, at: known?.at ?? reader.now };
    this.#state.write({ [KEY]: JSON.stringify(this.#position) });
    if (!known || row === 0) return { sinceRow: row, missed: [] };
    const recent = await newestMessages(call, reader, 200);
    const missed = recent.filter(({ rowid, inbound }) => rowid <= row && inbound.at >= known.at);
    return { sinceRow: row, missed: missed.sort((one, other) => one.rowid - other.rowid) };
  }

  /** The change of state that goes with a message. */
  past(row: number, at: number): StateChanges {
    const known = this.#position ?? { row: 0, at: 0 };
    this.#position = { row: Math.max(known.row, row), at: Math.max(known.at, at) };
    return { [KEY]: JSON.stringify(this.#position) };
  }
}

/** The last messages of each of the newest conversations. */
async function newestMessages(call: Call, reader: Reader, limit: number): Promise<ImsgMessage[]> {
  const { chats } = ((await call("chats.list", { limit: CHATS })) ?? {}) as { chats?: readonly { id?: unknown }[] };
  const found: ImsgMessage[] = [];
  for (const { id } of (chats ?? []).slice(0, limit === 1 ? 5 : CHATS)) {
    const answer = (await call("messages.history", { chat_id: id, limit, attachments: true })) as {
      messages?: unknown;
    };
    for (const value of Array.isArray(answer?.messages) ? answer.messages : []) {
      const message = readMessage(value, reader);
      if (message) found.push(message);
    }
  }
  return found;
}
