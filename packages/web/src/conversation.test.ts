import assert from "node:assert/strict";
import { test } from "node:test";
import { itemsOf, type Run, readHistory, unansweredKey } from "./conversation.ts";
import type { OutboxEntry } from "./outbox.ts";

const question = { id: "m1", role: "user", content: "hi", timestamp: 1, idempotencyKey: "k1" };
const answer = { id: "m2", role: "assistant", content: [{ type: "text", text: "hello" }], timestamp: 2, model: "m" };

function entry(key: string, text: string): OutboxEntry {
  return { key, sessionKey: "main", text, attachments: [], at: 5, delivery: { kind: "queued" } };
}

function run(runId: string, text: string): Run {
  return { runId, sessionKey: "main", text, tool: undefined, model: undefined, outcome: { kind: "writing" }, at: 6 };
}

/** What a reader sees, a line for each item. */
function shown(...lists: Parameters<typeof itemsOf>): string[] {
  return itemsOf(...lists).map((item) => {
    if (item.kind === "reply") return `${item.key}: ${item.reply.text} (${item.reply.outcome.kind})`;
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

  assert.deepEqual(items, ["k1: hi", "m2: hello (done)"]);
});

test("an injected note is shown once when the history has it", () => {
  const items = shown(readHistory([{ ...answer, id: "ab12" }]), [run("inject-ab12", "hello")], []);

  assert.deepEqual(items, ["ab12: hello (done)"]);
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
    { ...answer, content: [] },
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

  assert.deepEqual([builtin?.model, model?.model], [undefined, "m"]);
});

test("only a last message of a person can still be waiting for its answer", () => {
  assert.equal(unansweredKey(readHistory([question])), "k1");
  assert.equal(unansweredKey(readHistory([question, answer])), undefined);
  assert.equal(unansweredKey([]), undefined);
});
