import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredMessage } from "../../../core/sessions/messages/stored-message.ts";
import type { ModelMessage, ModelPart } from "../../models/port.ts";
import { type HistoryOptions, readHistory } from "./history.ts";

function modelMessages(transcript: readonly StoredMessage[], options: HistoryOptions): ModelMessage[] {
  return readHistory(transcript, options).messages;
}

const FACTS = { runId: "own", mark: "0011223344556677", record: () => undefined } as const;

let count = 0;
function said(role: StoredMessage["role"], text: string, more: Partial<StoredMessage> = {}): StoredMessage {
  return { id: `m${++count}`, at: count, role, content: text === "" ? [] : [{ type: "text", text }], ...more };
}

function shown(transcript: StoredMessage[], options: { contextWindow?: number; openRuns?: string[] } = {}): string[] {
  const { contextWindow, openRuns = [] } = options;
  const image = () => undefined;
  const messages = modelMessages(transcript, { ...FACTS, openRuns: new Set(openRuns), contextWindow, image });
  return messages.map(line);
}

function line(message: ModelMessage): string {
  if (message.role === "tool")
    return `tool: ${message.replies.map(({ callId, text }) => `${callId}=${text}`).join(" | ")}`;
  return `${message.role}: ${message.content.map(partLine).join(" | ")}`;
}

function partLine(part: ModelPart): string {
  if (part.kind === "tool-call") return `${part.name}#${part.callId}`;
  return part.kind === "image" ? part.mimeType : part.text;
}

const own = said("user", "now", { runId: "own" });

test("a model sees the conversation and then the message of its run", () => {
  const transcript = [said("user", "a", { runId: "r1" }), said("assistant", "b", { runId: "r1" }), own];

  assert.deepEqual(shown(transcript), ["user: a", "assistant: b", "user: now"]);
});

test("the run's own message is last, and messages of runs that wait are not shown yet", () => {
  const transcript = [own, said("user", "later", { runId: "r2" }), said("assistant", "b", { runId: "r0" })];

  assert.deepEqual(shown([said("user", "a"), ...transcript], { openRuns: ["own", "r2"] }), [
    "user: a",
    "assistant: b",
    "user: now",
  ]);
});

test("commands and their answers are not part of the conversation; injected messages are", () => {
  const transcript = [
    said("user", "/status", { runId: "r1" }),
    said("assistant", "all is well", { runId: "r1", provider: "moltbot", stopReason: "injected" }),
    said("user", "a"),
    said("assistant", "Dinner!", { stopReason: "injected" }),
    own,
  ];

  assert.deepEqual(shown(transcript), ["user: a", "assistant: Dinner!", "user: now"]);
});

test("roles alternate and a person begins: neighbours are joined, empty replies left out", () => {
  const transcript = [
    said("assistant", "first"),
    said("user", "a"),
    said("assistant", "", { stopReason: "error" }),
    said("user", "b"),
    own,
  ];

  assert.deepEqual(shown(transcript), ["user: a | b | now"]);
});

test("the newest messages that fit the window are shown, and the own one always", () => {
  const transcript = [
    said("user", "x".repeat(3_000)),
    said("assistant", "y".repeat(300)),
    said("user", "z"),
    said("assistant", "w"),
    own,
  ];

  assert.deepEqual(shown(transcript, { contextWindow: 1_000 }), ["user: z", "assistant: w", "user: now"]);
  assert.deepEqual(
    shown([said("user", "a"), said("user", "n".repeat(9_000), { runId: "own" })], { contextWindow: 1_000 }).length,
    1,
  );
});

test("pictures are shown as long as their files exist", () => {
  const picture = { type: "image" as const, sha256: "s", mimeType: "image/png", sizeBytes: 1 };
  const message = said("user", "", { runId: "own", content: [{ type: "text", text: "look" }, picture] });

  const options = { ...FACTS, openRuns: new Set<string>(), contextWindow: undefined };
  const there = modelMessages([message], { ...options, image: () => new Uint8Array([1]) });
  const gone = modelMessages([message], { ...options, image: () => undefined });

  assert.deepEqual([...there, ...gone].map(line), ["user: look | image/png", "user: look"]);
});

test("a summary stands for the messages up to its last one, and comes first", () => {
  const [a, b, c] = [said("user", "a"), said("assistant", "b"), said("user", "c")] as const;
  const entry = said("system", "In short.", { details: { kind: "compaction", to: b.id } });

  const options = { ...FACTS, openRuns: new Set<string>(), contextWindow: undefined, image: () => undefined };
  const messages = modelMessages([a, b, c, entry, own], { ...options, summary: { text: "In short.", to: b.id } });

  const told = "[0011223344556677 summary of what was said before]\n| In short.";
  assert.deepEqual(messages.map(line), [`user: ${told} | c | now`]);
});

test("what is left out is counted, so that it can be summed up", () => {
  const transcript = [said("user", "x".repeat(3_000)), said("assistant", "y"), said("user", "z"), own];

  const options = { ...FACTS, openRuns: new Set<string>(), contextWindow: 1_000, image: () => undefined };

  assert.equal(readHistory(transcript, options).leftOut, 1);
});
