import assert from "node:assert/strict";
import { test } from "node:test";
import { readReply } from "./reply.ts";

const alert = (text: string, hasMedia = false) => ({ kind: "alert", text, hasMedia });
const CASES: readonly (readonly [reply: string, expected: object])[] = [
  ["", { kind: "ok-empty" }],
  ["HEARTBEAT_OK", { kind: "ok-token" }],
  ["**HEARTBEAT_OK**", { kind: "ok-token" }],
  ["<b>HEARTBEAT_OK</b>", { kind: "ok-token" }],
  ["HEARTBEAT_OK all quiet", { kind: "ok-token" }],
  ["All quiet. HEARTBEAT_OK.", { kind: "ok-token" }],
  [`HEARTBEAT_OK ${"x".repeat(300)}`, { kind: "ok-token" }],
  [`HEARTBEAT_OK ${"x".repeat(301)}`, alert("x".repeat(301))],
  ["call HEARTBEAT_OK mum", alert("call HEARTBEAT_OK mum")],
  ["HEARTBEAT_OKAY then", alert("HEARTBEAT_OKAY then")],
  ["HEARTBEAT_OK\nMEDIA: /tmp/cat.png", alert("MEDIA: /tmp/cat.png", true)],
  ["Call your mum", alert("Call your mum")],
];
for (const [reply, expected] of CASES)
  test(`${JSON.stringify(reply.slice(0, 40))} of ${reply.length} characters`, () => {
    assert.deepEqual(readReply(reply, 300), expected);
  });
