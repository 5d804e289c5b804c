import assert from "node:assert/strict";
import { test } from "node:test";
import { collects, isFromPerson, isToldOf, leftOut, messageToDrop, nextBatch, omittedNote } from "./queue.ts";

type Sent = Parameters<typeof leftOut>[0];

const OWNER = ["operator.admin", "operator.write"];
const LET_IN = ["operator.write"];

/** A message that waits; who wrote it is told by its principal and its scopes. */
function sent(
  principal: string,
  scopes: readonly string[],
  message = "hi",
  omitted?: Sent["request"]["omitted"],
): Sent {
  return { principal, request: { message, starter: { scopes, name: "Ann" }, omitted } } as unknown as Sent;
}

const owner = sent("channel:telegram:1", OWNER);
const friend = sent("channel:telegram:2", LET_IN);
const stranger = sent("channel:telegram:3", []);

test("messages of people wait to be answered together, where the mode says so; runs of programs keep their own turn", () => {
  const modes = ["collect", "followup", "steer", "steer-backlog", "interrupt"] as const;

  assert.deepEqual(
    modes.filter((mode) => collects({ mode, debounceMs: 0, cap: 20, drop: "old" })),
    ["collect", "steer-backlog"],
  );
  assert.deepEqual(
    (["chat.send", "channel", "agent"] as const).map((source) => isFromPerson({ source } as never)),
    [true, true, false],
  );
});

test("the next turn is of one message where nothing is collected, and of none where nothing waits", () => {
  const rules = { collects: () => false, together: () => true };

  assert.deepEqual([nextBatch(["a", "b"], rules), nextBatch([], { ...rules, collects: () => true })], [["a"], []]);
});

test("of too many messages one of those with the fewest rights is left out, whoever wrote most", () => {
  const many = [friend, friend, stranger, owner, owner, owner];

  assert.equal(messageToDrop(many, "old"), stranger);
});

test("among equals it is one of the sender with the most messages: the oldest, or the newest", () => {
  const [first, second] = [sent("channel:telegram:3", [], "1"), sent("channel:telegram:3", [], "2")];
  const other = sent("channel:telegram:4", []);

  assert.equal(messageToDrop([other, first, second], "old"), first);
  assert.equal(messageToDrop([other, first, second], "summarize"), first);
  assert.equal(messageToDrop([first, second, other], "new"), second);
  assert.equal(messageToDrop([], "old"), undefined);
});

test("the next turn is told of what was left out, but never of what strangers wrote", () => {
  const told = (drop: "summarize" | "old" | "new") => [owner, friend, stranger].map((each) => isToldOf(each, { drop }));

  assert.deepEqual(told("summarize"), [true, true, false]);
  assert.deepEqual(
    [told("old"), told("new")],
    [
      [false, false, false],
      [false, false, false],
    ],
  );
});

test("a note of what was left out has its beginning on one line, its author, and the notes before it; the newest twenty stay", () => {
  const before = Array.from({ length: 20 }, (_, index) => `note ${index}`);

  const notes = leftOut(sent("channel:telegram:2", LET_IN, `first\nline ${"x".repeat(500)}`, before));
  const [ofOperator] = leftOut(sent("device-1", OWNER, "now"));

  const last = notes.at(-1);
  assert.deepEqual([notes.length, notes[0]], [20, "note 1"]);
  assert.ok(typeof last === "object" && /^first line x+…?$/.test(last.text) && last.text.length <= 161);
  assert.deepEqual(last.from, { kind: "omitted", id: "telegram:2", name: "Ann", standing: "trusted" });
  assert.deepEqual(ofOperator, { text: "now", from: { kind: "omitted", id: "device-1", standing: "owner" } });
});

test("the model is told how many were left out, and whose words each is", () => {
  const from = { kind: "omitted", id: "telegram:2" } as const;
  const [one] = omittedNote(["hi"]);

  const [two, ...words] = omittedNote(["of an older version", { text: "hi", from }]);

  assert.match("text" in one! ? one.text : "", /^An earlier message was left out/);
  assert.match("text" in two! ? two.text : "", /^2 earlier messages were left out/);
  assert.deepEqual(words, [
    { type: "text", text: "of an older version", from: { kind: "omitted" } },
    { type: "text", text: "hi", from },
  ]);
});
