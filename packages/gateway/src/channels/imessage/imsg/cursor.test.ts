import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ChannelState } from "../../../kit/channel.ts";
import { Cursor } from "./cursor.ts";
import type { Reader } from "./inbound.ts";

describe("where Messages is read from", () => {
  const reader = { now: 50 } as Reader;

  /** A Mac whose newest conversation has these rows, and what is kept of it. */
  function stage(rows: readonly number[], kept?: string) {
    const written: Record<string, string | undefined> = {};
    const state: ChannelState = {
      get: () => kept,
      entries: () => [],
      write: (changes) => void Object.assign(written, changes),
    };
    // The newest first, as imsg tells them.
    const messages = [...rows].reverse().map((id) => ({
      ...{ id, guid: `G${id}`, chat_id: 1, text: `row ${id}`, sender: "+1", is_from_me: false },
      ...{ chat_guid: "iMessage;-;+1", service: "iMessage", created_at: new Date(id * 1_000).toISOString() },
    }));
    const call = async (method: string, { limit }: Readonly<Record<string, unknown>>) =>
      method === "chats.list" ? { chats: [{ id: 1 }] } : { messages: messages.slice(0, Number(limit)) };
    return { cursor: new Cursor(state), call, written };
  }

  test("the first time that is now, and the place is kept", async () => {
    const { cursor, call, written } = stage([3, 4]);

    assert.deepEqual(await cursor.begin(call, reader), { sinceRow: 4, missed: [] });
    assert.equal(written.cursor, '{"row":4,"at":50}');
  });

  test("later it is the last row that was taken in", async () => {
    const { cursor, call } = stage([3, 4], '{"row":2,"at":2000}');

    assert.deepEqual(await cursor.begin(call, reader), { sinceRow: 2, missed: [] });
  });

  test("when the database was built anew, what came since the last message is found by the clock, in order", async () => {
    const { cursor, call, written } = stage([2, 3, 4], '{"row":900,"at":3000}');

    const { sinceRow, missed } = await cursor.begin(call, reader);

    assert.deepEqual([sinceRow, missed.map(({ rowid }) => rowid)], [4, [3, 4]]);
    assert.equal(written.cursor, '{"row":4,"at":3000}');
  });

  test("an empty database has nothing that was missed", async () => {
    const { cursor, call } = stage([], '{"row":900,"at":3000}');

    assert.deepEqual(await cursor.begin(call, reader), { sinceRow: 0, missed: [] });
  });

  test("the place only goes forward", () => {
    const { cursor } = stage([], '{"row":5,"at":500}');

    assert.deepEqual(
      [cursor.past(7, 400), cursor.past(6, 600)],
      [{ cursor: '{"row":7,"at":500}' }, { cursor: '{"row":7,"at":600}' }],
    );
  });
});
