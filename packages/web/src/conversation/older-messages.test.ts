import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatPastResult } from "@moltbot/protocol";
import { beginningText, edgeOf, holds, joined, type Past, readPast, withCurrent } from "./older-messages.ts";

function page(transcripts: readonly [id: string, ...messages: string[]][], more: object = {}): ChatPastResult {
  return {
    transcripts: transcripts.map(([sessionId, ...ids]) => ({
      sessionId,
      messages: ids.map((id) => ({ id, role: "user", content: id, timestamp: 1 })),
    })),
    ...{ branches: [], hasOlder: false, hasNewer: false, ...more },
  } as unknown as ChatPastResult;
}

function inWords({ chapters }: Past): string[] {
  return chapters.map(({ sessionId, messages }) => `${sessionId}: ${messages.map(({ id }) => id).join(" ")}`);
}

test("two pages that follow each other are one stretch: a transcript on both is one chapter, a message on both is there once", () => {
  const older = readPast(
    page(
      [
        ["s1", "m1"],
        ["s2", "m2", "m3"],
      ],
      { hasOlder: true, hasNewer: true },
    ),
  );
  const newer = readPast(
    page(
      [
        ["s2", "m3", "m4"],
        ["s3", "m5"],
      ],
      { branches: [{ id: "b" }] },
    ),
  );

  const both = joined(older, newer);

  assert.deepEqual(inWords(both), ["s1: m1", "s2: m2 m3 m4", "s3: m5"]);
  assert.deepEqual([both.hasOlder, both.hasNewer, both.branches.length], [true, false, 1]);
});

test("the transcript of now stands behind a page, with when and why it began, also where nothing of it is on the page", () => {
  const past = withCurrent(page([["s1", "m1"]], { current: { sessionId: "s2", beganAt: 7, reason: "daily" } }));
  const there = withCurrent(page([["s2", "m1"]], { current: { sessionId: "s2", beganAt: 7, reason: "daily" } }));

  assert.deepEqual(inWords(past), ["s1: m1", "s2: "]);
  assert.deepEqual([past.chapters[1]?.beganAt, past.chapters[1]?.reason], [7, "daily"]);
  assert.deepEqual([inWords(there), there.chapters[0]?.reason], [["s2: m1"], "daily"]);
  assert.deepEqual(inWords(withCurrent(page([["s1", "m1"]]))), ["s1: m1"]);
});

test("a stretch goes on from its first and its last message, and knows which it holds", () => {
  const past = readPast(
    page([
      ["s1", "m1", "m2"],
      ["s2", "m3"],
    ]),
  );

  assert.deepEqual([edgeOf(past, "first"), edgeOf(past, "last")], ["m1", "m3"]);
  assert.deepEqual([holds(past, "m2"), holds(past, "m9")], [true, false]);
  assert.equal(edgeOf(readPast(page([])), "last"), undefined);
});

test("each reason to begin anew has its words", () => {
  const reasons = ["new", "reset", "idle", "daily", undefined] as const;

  assert.equal(new Set(reasons.map(beginningText)).size, reasons.length);
  assert.match(beginningText("idle"), /nobody had written/);
  assert.match(beginningText("daily"), /new day/);
  assert.match(beginningText("reset"), /emptied/);
});
