import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunOutcome, RunRecord } from "../agent/run/run-store.ts";
import type { Recording } from "./recording.ts";
import { detailsOf, replayOf, rowOf } from "./report.ts";

function record(more: Partial<RunRecord> = {}): RunRecord {
  return {
    id: "r1",
    source: "chat.send",
    principal: "device:a",
    sessionKey: "agent:ops:main",
    sessionId: "s1",
    request: { message: "Hello", timeoutMs: 1_000, starter: { scopes: [], name: "cli" } } as RunRecord["request"],
    attempts: 1,
    acceptedAt: 10,
    startedAt: undefined,
    endedAt: undefined,
    partial: "",
    outcome: undefined,
    ...more,
  };
}

const ANSWERED = { text: "Hi", provider: "a", model: "m" };
const ROW = {
  runId: "r1",
  agentId: "ops",
  sessionKey: "agent:ops:main",
  source: "chat.send",
  acceptedAt: 10,
  recorded: true,
};

const ROWS: readonly [about: string, more: Partial<RunRecord>, expected: object][] = [
  ["waits", {}, { status: "accepted" }],
  ["works", { startedAt: 11 }, { status: "running", startedAt: 11 }],
  [
    "is over",
    {
      startedAt: 11,
      endedAt: 12,
      outcome: { kind: "ok", ...ANSWERED, usage: { input: 1, output: 2, totalTokens: 3 } },
    },
    { status: "ok", startedAt: 11, endedAt: 12, model: "a/m", totalTokens: 3 },
  ],
  [
    "was stopped before it began",
    { endedAt: 12, outcome: { kind: "aborted", reason: "rpc", ...ANSWERED } },
    { status: "aborted", endedAt: 12, model: "a/m" },
  ],
  [
    "is answered by another",
    { endedAt: 12, outcome: { kind: "merged", into: "r2", ...ANSWERED } },
    { status: "merged", endedAt: 12, model: "a/m" },
  ],
];
for (const [about, more, expected] of ROWS) {
  test(`the row of a run that ${about}`, () => {
    assert.deepEqual(rowOf(record(more), { agentId: "ops", recorded: true }), { ...ROW, ...expected });
  });
}

const row = { ...ROW, status: "ok" as const };

const OUTCOMES: readonly [about: string, outcome: RunOutcome | undefined, expected: object][] = [
  ["is not over", undefined, { text: "" }],
  ["is over", { kind: "ok", ...ANSWERED }, { text: "Hi" }],
  ["failed", { kind: "error", error: "the model is away", ...ANSWERED }, { text: "Hi", error: "the model is away" }],
];
for (const [about, outcome, expected] of OUTCOMES) {
  test(`the details of a run that ${about} and has no recording`, () => {
    assert.deepEqual(detailsOf(row, record({ outcome }), undefined), {
      ...{ run: row, message: "Hello", exchanges: [], tools: [], events: 0 },
      ...expected,
    });
  });
}

test("the details of a recorded run have its requests and tools without their texts", () => {
  const sent = { method: "POST", url: "https://a.example/v1", requestHeaders: {}, requestBody: "12345" };
  const recording = {
    exchanges: [
      { ...sent, at: 1, status: 200, durationMs: 7, responseBody: "123" },
      { ...sent, at: 2, responseBody: "", error: { message: "the line broke", code: "ECONNRESET" } },
    ],
    heard: [
      { kind: "update", callId: "c1", text: "half" },
      { kind: "result", callId: "c1", name: "look", result: { text: "whole" } },
      { kind: "result", callId: "c2", name: "read", result: { text: "no", isError: true } },
    ],
    events: [{ stream: "lifecycle", data: {} }],
  } as unknown as Recording;

  const { exchanges, tools, events } = detailsOf(row, record(), recording);

  assert.deepEqual(exchanges, [
    { at: 1, url: sent.url, status: 200, durationMs: 7, requestChars: 5, responseChars: 3 },
    { at: 2, url: sent.url, requestChars: 5, responseChars: 0, error: "the line broke" },
  ]);
  assert.deepEqual(tools, [
    { name: "look", callId: "c1", isError: false, chars: 5 },
    { name: "read", callId: "c2", isError: true, chars: 2 },
  ]);
  assert.equal(events, 1);
});

const DIFFERENCE = { at: "text", recorded: '"a"', replayed: '"b"' };
for (const differences of [[], [DIFFERENCE]]) {
  test(`a replay with ${differences.length} differences is told as it is`, () => {
    const replay = { text: "Hi", requests: 2, events: [{ stream: "tool", data: {} }], differences, durationMs: 5 };

    assert.deepEqual(replayOf({ run: { id: "r1" } } as Recording, replay), {
      ...{ runId: "r1", same: differences.length === 0, text: "Hi", requests: 2, durationMs: 5 },
      ...{ events: [{ stream: "tool", data: {} }], differences },
    });
  });
}
