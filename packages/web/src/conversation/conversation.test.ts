import assert from "node:assert/strict";
import { test } from "node:test";
import { unansweredKeys } from "./answered.ts";
import { readHistory, withNewest } from "./history.ts";
import { itemsOf } from "./items.ts";
import type { OutboxEntry } from "./outbox.ts";
import type { Part, ToolCall } from "./parts.ts";
import type { Run } from "./reply.ts";

const question = { id: "m1", role: "user", content: "hi", timestamp: 1, idempotencyKey: "k1", runId: "k1" };
const answer = {
  ...{ id: "m2", role: "assistant", content: [{ type: "text", text: "hello" }], timestamp: 2, model: "m" },
  runId: "k1",
};
const { runId: _, ...injected } = answer;

function entry(key: string, text: string): OutboxEntry {
  return { key, sessionKey: "main", text, attachments: [], at: 5, delivery: { kind: "queued" } };
}

function run(runId: string, text: string, more: Partial<Run> = {}): Run {
  const nothing = { steps: [], by: undefined, busyWith: undefined };
  return { runId, sessionKey: "main", text, outcome: { kind: "writing" }, at: 6, ...nothing, ...more };
}

function call(id: string, more: Partial<ToolCall> = {}): Extract<Part, { kind: "call" }> {
  return { kind: "call", call: { id, name: "read", args: { path: id }, state: "ok", ...more } };
}

/** What a reader sees, a line for each item. */
function shown(...lists: Parameters<typeof itemsOf>): string[] {
  return itemsOf(...lists).map((item) => {
    if (item.kind === "reply") return `${item.key}: ${item.reply.text} (${item.reply.outcome.kind})`;
    if (item.kind !== "user") return `${item.key}: ${item.kind}`;
    return `${item.key}: ${item.message.text}${item.message.entry === undefined ? "" : " (on its way)"}`;
  });
}

test("a message on its way is shown once, before and after the history has it", () => {
  const before = shown([], [], [entry("k1", "hi")]);
  const after = shown(readHistory([question]), [], [entry("k1", "hi")]);

  assert.deepEqual(before, ["k1: hi (on its way)"]);
  assert.deepEqual(after, ["k1: hi"]);
});

test("a reply that is being written stands behind the message it answers", () => {
  const later = { ...question, id: "m3", idempotencyKey: "k3", content: "and?" };
  const items = shown(readHistory([question, later]), [run("k1", "hel")], [entry("k4", "more")]);

  assert.deepEqual(items, ["k1: hi", "run-k1: hel (writing)", "k3: and?", "k4: more (on its way)"]);
});

test("a reply behind a message on its way, and one to a message from elsewhere", () => {
  const items = shown([], [run("other", "x"), run("k1", "y")], [entry("k1", "hi")]);

  assert.deepEqual(items, ["k1: hi (on its way)", "run-k1: y (writing)", "run-other: x (writing)"]);
});

test("a finished reply is shown once when the history has it", () => {
  const items = shown(readHistory([question, answer]), [run("k1", "hello")], []);

  assert.deepEqual(items, ["k1: hi", "run-k1: hello (done)"]);
});

test("an injected note is shown once when the history has it", () => {
  const items = shown(readHistory([{ ...injected, id: "ab12cd34-5678" }]), [run("inject-ab12cd34", "hello")], []);

  assert.deepEqual(items, ["ab12cd34-5678: hello (done)"]);
});

test("the same history gives the same items, so that nothing is rendered twice", () => {
  const history = readHistory([question, answer]);

  assert.equal(itemsOf(history, [], [])[0], itemsOf(history, [], [entry("k9", "x")])[0]);
});

test("history may say that a reply was stopped or failed, and carry pictures", () => {
  const history = readHistory([
    {
      role: "user",
      content: [{ type: "image", mimeType: "image/png", fileName: "a.png", data: "AA==" }],
      timestamp: 1,
    },
    { ...answer, content: [], stopReason: "error", errorMessage: "no key" },
    { ...answer, stopReason: "aborted" },
    { role: "toolResult", content: "hidden" },
    { ...injected, content: [] },
    "nonsense",
  ]);

  assert.deepEqual(
    history.map(({ role, text, outcome, attachments }) => ({ role, text, outcome, attachments })),
    [
      {
        role: "user",
        text: "",
        outcome: { kind: "done" },
        attachments: [{ mimeType: "image/png", fileName: "a.png", content: "AA==" }],
      },
      { role: "assistant", text: "", outcome: { kind: "failed", reason: "no key" }, attachments: [] },
      { role: "assistant", text: "hello", outcome: { kind: "stopped" }, attachments: [] },
    ],
  );
});

test("a text file that came with a message is shown as a file, not as text", () => {
  const parts = [
    { type: "text", text: "look" },
    { type: "text", text: "[file notes.txt]\nsecret plans" },
  ];

  const [message] = readHistory([{ ...question, content: parts }]);

  assert.equal(message?.text, "look");
  assert.deepEqual(message?.attachments, [{ mimeType: "text/plain", fileName: "notes.txt", content: undefined }]);
});

test("replies of the built-in agent name no model", () => {
  const [builtin, model] = readHistory([{ ...answer, provider: "moltbot", model: "commands" }, answer]);

  assert.deepEqual([builtin?.by, model?.by?.model], [undefined, "m"]);
});

test("messages of people that nothing has answered to the end may still be at work", () => {
  const later = { ...question, id: "m3", idempotencyKey: "k3", runId: "k3" };
  const turn = { ...answer, stopReason: "toolUse" };

  assert.deepEqual(unansweredKeys(readHistory([question]), 2), ["k1"]);
  assert.deepEqual(unansweredKeys(readHistory([question, later, answer]), 2), ["k3"]);
  assert.deepEqual(unansweredKeys(readHistory([question, turn, later]), 2), ["k1", "k3"]);
  assert.deepEqual(unansweredKeys(readHistory([question, answer]), 2), []);
  assert.deepEqual(unansweredKeys([]), []);
});

/** A run of three turns in the transcript. */
const turns = [
  question,
  {
    ...{ ...answer, id: "t1", stopReason: "toolUse" },
    content: [
      { type: "thinking", thinking: "hm" },
      { type: "text", text: "Let me look." },
      { type: "toolCall", id: "a", name: "read", arguments: { path: "a" } },
      { type: "toolCall", id: "b", name: "read", arguments: { path: "b" } },
    ],
  },
  { id: "t2", role: "toolResult", runId: "k1", toolCallId: "b", content: [{ type: "text", text: "B" }], isError: true },
  { id: "t3", role: "toolResult", runId: "k1", toolCallId: "a", content: [{ type: "text", text: "A" }] },
  {
    ...{ ...answer, id: "t4", stopReason: "toolUse" },
    content: [{ type: "toolCall", id: "c", name: "read", arguments: { path: "c" } }],
  },
];
const lastTurn = { ...answer, id: "t5", content: [{ type: "text", text: "Done.\n\nReally." }] };

/** The parts of the only reply, each in a word. */
function parts(...lists: Parameters<typeof itemsOf>): string[] {
  const [reply] = itemsOf(...lists).flatMap((item) => (item.kind === "reply" ? [item.reply] : []));
  return (reply?.parts ?? []).map((part) => {
    if (part.kind === "call") return `${part.call.id} ${part.call.state} ${part.call.result ?? "-"}`;
    return part.kind === "thinking" ? `(${part.text})` : part.text;
  });
}

test("a run of several turns is one reply, with its calls where they were made and their answers in them", () => {
  const history = readHistory([...turns, { ...turns[3], id: "t6", toolCallId: "c" }, lastTurn]);

  assert.deepEqual(parts(history, [], []), [
    ...["(hm)", "Let me look.", "a ok A", "b failed B", "c ok A"],
    "Done.\n\nReally.",
  ]);
});

test("a reply looks the same while it is watched and from the transcript", () => {
  const text = "Let me look.\n\nDone.\n\nReally.";
  const at = "Let me look.".length;
  const steps = [
    { at: 0, part: { kind: "thinking" as const, text: "hm" } },
    { at, part: call("a", { result: "A" }) },
    { at, part: call("b", { result: "B", state: "failed" }) },
    { at, part: call("c", { result: "A" }) },
  ];
  const history = readHistory([...turns, { ...turns[3], id: "t6", toolCallId: "c" }, lastTurn]);

  assert.deepEqual(parts([], [run("k1", text, { steps })], []), parts(history, [], []));
});

test("a reply whose beginning only the transcript knows goes on with what is watched", () => {
  const text = "Let me look.\n\nDone";
  const steps = [{ at: "Let me look.".length, part: call("c", { state: "running", durationMs: undefined }) }];

  assert.deepEqual(parts(readHistory(turns), [run("k1", text, { steps })], []), [
    ...["(hm)", "Let me look.", "a ok A", "b failed B", "c running -"],
    "Done",
  ]);
});

test("what people were told beside the model's words is there after a reload too", () => {
  const details = { kind: "reply", notes: ["Another model answers."], footer: "_12 tokens_" };

  assert.deepEqual(parts(readHistory([question, { ...answer, details }]), [], []), [
    ...["_Another model answers._", "hello"],
    "_12 tokens_",
  ]);
});

test("a call without an answer is open once its run has ended", () => {
  const history = readHistory([...turns, { ...answer, id: "t5", content: [], stopReason: "aborted" }]);

  assert.equal(parts(history, [], []).at(-1), "c open -");
});

test("the end of a turn's text may be heard after its tool has begun", () => {
  const steps = [{ at: 3, part: call("a") }];

  assert.deepEqual(parts([], [run("k1", "Let me look.\n\nDone.", { steps })], []), ["Let me look.", "a ok -", "Done."]);
});

test("a summary stands behind the last message it stands for; the newest can be undone", () => {
  const later = { ...question, id: "m3", idempotencyKey: "k3", runId: "k3" };
  const summary = (id: string, to: string) => ({
    ...{ id, role: "system", content: "In short", timestamp: 3 },
    details: { kind: "compaction", to, messages: 2 },
  });
  const history = readHistory([summary("c0", "gone"), question, answer, later, summary("c1", "m2")]);

  assert.deepEqual(shown(history, [], []), [
    ...["c0: compaction", "k1: hi", "run-k1: hello (done)", "c1: compaction"],
    "k3: hi",
  ]);
  const lines = itemsOf(history, [], []).flatMap((item) => (item.kind === "compaction" ? [item.compaction] : []));
  assert.deepEqual(
    lines.map(({ isNewest }) => isNewest),
    [false, true],
  );
});

test("the newest messages are fetched anew without the others, where the two meet", () => {
  const message = (id: string, text: string) => ({ ...injected, id, content: text });
  const history = readHistory([message("a", "1"), message("b", "2")]);
  const texts = (newest: readonly unknown[], isAll = false) =>
    withNewest(history, readHistory(newest), isAll)?.map(({ text }) => text);

  assert.deepEqual(texts([message("b", "2!"), message("c", "3")]), ["1", "2!", "3"]);
  assert.deepEqual(texts([message("c", "3")]), undefined);
  assert.deepEqual(texts([message("c", "3")], true), ["3"]);
});
