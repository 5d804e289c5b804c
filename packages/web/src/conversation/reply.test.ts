import assert from "node:assert/strict";
import { test } from "node:test";
import { readHistory } from "./history.ts";
import { type Part, partsOf, sectionsOf, type ToolCall } from "./parts.ts";
import { isOpen, type Reply, type Run, replyOfMessage, replyOfRun, replyOfTurns } from "./reply.ts";

function run(more: Partial<Run>): Run {
  const nothing = { text: "", steps: [], by: undefined, busyWith: undefined, outcome: { kind: "writing" } } as const;
  return { runId: "r1", sessionKey: "main", at: 6, ...nothing, ...more };
}

function call(id: string, more: Partial<ToolCall> = {}): Extract<Part, { kind: "call" }> {
  return { kind: "call", call: { id, name: "read", args: undefined, state: "running", ...more } };
}

/** A turn of the agent as it stands in the transcript. */
function turn(id: string, text: string, calls: readonly string[], more: object = {}) {
  const content = [
    ...(text === "" ? [] : [{ type: "text", text }]),
    ...calls.map((each) => ({ type: "toolCall", id: each, name: "read", arguments: {} })),
  ];
  return {
    ...{ id, role: "assistant", runId: "r1", timestamp: 3, model: "m", content },
    ...(calls.length > 0 && { stopReason: "toolUse" }),
    ...more,
  };
}

const answered = (toolCallId: string, more: object = {}) => ({
  ...{ id: `a-${toolCallId}`, role: "toolResult", runId: "r1", toolCallId, toolName: "read" },
  ...{ content: [{ type: "text", text: `what ${toolCallId} said` }], ...more },
});

/** The parts of a reply in words. */
function inWords({ parts }: Pick<Reply, "parts">): string[] {
  return parts.map((part) => (part.kind === "call" ? `${part.call.id} ${part.call.state}` : part.text));
}

test("a reply is open while it is written or waits, and closed however it ends", () => {
  const kinds = ["waiting", "writing", "done", "stopped"] as const;

  assert.deepEqual(
    kinds.map((kind) => isOpen({ kind })),
    [true, true, false, false],
  );
  assert.equal(isOpen({ kind: "failed", reason: "" }), false);
});

test("a call without an answer goes on while the run does, and stays open when it has ended", () => {
  const steps = [{ at: 0, part: call("c1") }];

  assert.deepEqual(inWords(replyOfRun(run({ steps }))), ["c1 running"]);
  assert.deepEqual(inWords(replyOfRun(run({ steps, outcome: { kind: "stopped" } }))), ["c1 open"]);
});

test("turns of a transcript are one reply, each call with its answer", () => {
  const messages = readHistory([
    turn("m1", "Let me look.", ["c1", "c2"]),
    answered("c1"),
    answered("c2", { isError: true, details: { meta: { denied: true } } }),
    turn("m2", "It is 7.", []),
  ]);

  const reply = replyOfTurns(messages, undefined, "q1");

  assert.deepEqual(inWords(reply), ["Let me look.", "c1 ok", "c2 denied", "It is 7."]);
  assert.deepEqual(
    [reply.text, reply.outcome.kind, reply.question, reply.ids, reply.by?.model],
    ["Let me look.\n\nIt is 7.", "done", "q1", ["m1", "a-c1", "a-c2", "m2"], "m"],
  );
});

test("while a run goes on, what was watched since the last turn stands behind what the transcript has", () => {
  const messages = readHistory([turn("m1", "Let me look.", ["c1"]), answered("c1")]);
  const watched = run({
    text: "Let me look.\n\nIt is",
    steps: [
      { at: 12, part: call("c1", { state: "ok" }) },
      { at: 19, part: call("c2") },
    ],
  });

  const reply = replyOfTurns(messages, watched);

  assert.deepEqual(inWords(reply), ["Let me look.", "c1 ok", "It is", "c2 running"]);
  assert.deepEqual([reply.outcome.kind, reply.runId], ["writing", "r1"]);
});

test("a reply has the time of its last turn, its texts without space around them, and the pictures that tools gave", () => {
  const picture = { type: "image", mimeType: "image/png", data: "AAAA" };
  const messages = readHistory([
    turn("m1", "  Let me look. ", ["c1"]),
    answered("c1", { content: [{ type: "text", text: "here" }, picture, { type: "image", mimeType: "image/gif" }] }),
    turn("m2", "There.", [], { timestamp: 9 }),
  ]);

  const reply = replyOfTurns(messages, run({ by: { provider: "acme", model: "watched" } }));

  assert.deepEqual([reply.at, reply.isNote, inWords(reply)], [9, false, ["Let me look.", "c1 ok", "There."]]);
  assert.deepEqual(
    reply.parts.flatMap((part) => (part.kind === "call" ? [part.call.result, part.call.images] : [])),
    ["here", ["data:image/png;base64,AAAA"]],
  );
});

test("before the transcript has anything of a run, its reply is what was watched", () => {
  const by = { provider: "acme", model: "watched" };

  const reply = replyOfTurns([], run({ text: "It is", by }));

  assert.deepEqual([inWords(reply), reply.at, reply.by, reply.isCut], [["It is"], 0, by, false]);
  assert.equal(replyOfRun(run({ text: "It is" })).isNote, false);
});

test("a message without words has no part of text", () => {
  const [silent] = readHistory([{ id: "m1", role: "assistant", content: [], runId: "r1", timestamp: 1 }]);

  assert.deepEqual(replyOfMessage(silent!).parts, []);
});

test("a step that was watched behind the turns of the transcript stands where it happened in the rest of the text", () => {
  const messages = readHistory([turn("m1", "One.", ["c1"]), answered("c1")]);
  const text = "One.\n\nTwo.\n\nThree.";
  const steps = [
    { at: 4, part: call("c1", { state: "ok" }) },
    { at: 10, part: call("c2", { state: "ok" }) },
  ];

  assert.deepEqual(inWords(replyOfTurns(messages, run({ text, steps }))), ["One.", "c1 ok", "Two.", "c2 ok", "Three."]);
});

test("the end in the transcript counts more than what was watched", () => {
  const messages = readHistory([turn("m1", "It is 7.", [], { stopReason: "length" })]);

  const reply = replyOfTurns(messages, run({ text: "It is" }));

  assert.deepEqual([inWords(reply), reply.outcome.kind, reply.isCut], [["It is 7."], "done", true]);
});

test("what people were told beside the model's words stands around them, and no note twice", () => {
  const details = { notes: ["The conversation was summed up.", "It is"], footer: "7 tokens" };
  const messages = readHistory([turn("m1", "It is 7.", [], { details })]);

  assert.deepEqual(inWords(replyOfTurns(messages, undefined)), [
    "_The conversation was summed up._",
    "It is 7.",
    "7 tokens",
  ]);
});

test("a message of no run is a reply of its own; a note is marked as one", () => {
  const [injected, note] = readHistory([
    { id: "m1", role: "assistant", content: "Hello", timestamp: 1 },
    { id: "m2", role: "system", content: "Renamed", timestamp: 2 },
  ]).map(replyOfMessage);

  assert.deepEqual([injected?.text, injected?.isNote, injected?.ids], ["Hello", false, ["m1"]]);
  assert.deepEqual([note?.text, note?.isNote, note?.runId], ["Renamed", true, undefined]);
});

test("a step stands behind the turn in which it happened, also when the end of its text came after it", () => {
  const steps = [{ at: 5, part: call("c1") }];

  assert.deepEqual(inWords({ parts: partsOf("Let me look.\n\nIt is 7.", steps) }), [
    "Let me look.",
    "c1 running",
    "It is 7.",
  ]);
  assert.deepEqual(inWords({ parts: partsOf("It is 7.", [{ at: 0, part: call("c1") }]) }), ["c1 running", "It is 7."]);
});

test("on the screen texts beside each other are one, and so is all that is done between two texts", () => {
  const text = (words: string): Part => ({ kind: "text", text: words });
  const thinking: Part = { kind: "thinking", text: "Hm" };

  const sections = sectionsOf([text("a"), text("b"), thinking, call("c1"), text("c")]);

  assert.deepEqual(
    sections.map((section) => (section.kind === "text" ? section.text : section.parts.map(({ kind }) => kind))),
    ["a\n\nb", ["thinking", "call"], "c"],
  );
});
