import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { readHistory } from "../conversation/history.ts";
import { firstUnread, forgetMark, markRead } from "../conversation/read-marks.ts";
import type { State } from "../store/state.ts";
import { forgetLast, keepLast, lastState } from "./last-state.ts";
import { recall, remember, remembered } from "./storage.ts";

afterEach(() => forgetLast());

/** What a page shows, of which each test needs some. */
function shown(more: object): State {
  return {
    sessions: [],
    agents: [],
    sessionKey: "main",
    mainKey: "main",
    pages: {},
    history: [],
    ...more,
  } as unknown as State;
}

const said = (id: string, role = "user", more: object = {}) => ({
  id,
  role,
  content: id,
  timestamp: Number(id.slice(1)),
  ...more,
});

test("the newest messages and conversations are kept, without what tools and files held", () => {
  const call = { type: "toolCall", id: "c1", name: "read", arguments: { path: "key.txt" } };
  const history = readHistory([
    ...Array.from({ length: 60 }, (_, index) => said(`m${index}`)),
    said("m60", "assistant", { content: [{ type: "text", text: "Look." }, call], stopReason: "toolUse" }),
    said("m61", "toolResult", { content: "sk-secret", toolCallId: "c1", details: { meta: { path: "key.txt" } } }),
    said("m62", "user", { content: [{ type: "image", mimeType: "image/png", data: "PICTURE" }] }),
  ]);
  const sessions = Array.from({ length: 120 }, (_, index) => ({ key: `s${index}` }));

  keepLast(shown({ history, sessions }));

  const kept = lastState();
  const text = JSON.stringify(kept);
  assert.deepEqual([kept?.history?.length, kept?.history?.[0]?.id, kept?.sessions.length], [50, "m13", 100]);
  assert.doesNotMatch(text, /sk-secret|key\.txt|PICTURE/);
  assert.match(text, /Look\./);
  assert.match(text, /"name":"read"/);
});

test("a conversation that is too large is left out, and the list is kept", () => {
  keepLast(
    shown({
      history: readHistory([said("m1", "user", { content: "x".repeat(400_001) })]),
      pages: { a: 1 },
      sessions: [{ key: "s" }],
    }),
  );

  const kept = lastState();

  assert.deepEqual([kept?.history, kept?.pages, kept?.sessions.length], [undefined, {}, 1]);
});

test("after two weeks, and where it cannot be read, nothing is shown", () => {
  const day = 86_400_000;
  const lastFrom = (age: number) => {
    remember("last", JSON.stringify({ asOf: Date.now() - age }));
    return lastState() !== undefined;
  };

  assert.deepEqual([lastFrom(13.9 * day), lastFrom(14 * day), recall("last")], [true, false, undefined]);
  remember("last", "{ half");
  assert.equal(lastState(), undefined);
});

test("what came after the newest message that was read is new; what tools said is no message", () => {
  const history = readHistory([
    said("m1"),
    said("m2", "assistant"),
    said("m3", "toolResult", { toolCallId: "c" }),
    said("m4"),
  ]);

  const before = firstUnread("main", history);
  markRead("main", history.slice(0, 3));
  const after = firstUnread("main", history);
  markRead("main", history);
  markRead("main", history.slice(0, 1));
  const all = firstUnread("main", history);
  forgetMark("main");

  assert.deepEqual([before, after, all, firstUnread("main", history)], [undefined, "m4", undefined, undefined]);
});

test("where storage is blocked the page remembers until it is left", () => {
  assert.equal(remember("note.a", "1"), false);
  remember("note.b", "2");
  remember("other", "3");

  assert.deepEqual([recall("note.a"), remembered("note.").sort()], ["1", ["note.a", "note.b"]]);
  for (const name of ["note.a", "note.b", "other"]) remember(name, "");
  assert.deepEqual([recall("note.a"), remembered("note.")], [undefined, []]);
});
