import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFrame } from "./frames.ts";

const frames = [
  { type: "req", id: "1", method: "health" },
  { type: "req", id: "1", method: "health", params: { probe: true } },
  { type: "res", id: "1", ok: true, payload: null },
  { type: "res", id: "1", ok: false, payload: { runId: "r" }, error: { code: "UNAVAILABLE", message: "no" } },
  { type: "event", event: "tick", payload: { ts: 1 } },
  { type: "event", event: "presence", payload: {}, seq: 3, stateVersion: { presence: 1, health: 2 } },
  { type: "event", event: "chat", seq: 3, recipientProfileId: "a newer gateway's field" },
];

for (const frame of frames) {
  test(`reads ${JSON.stringify(frame)}`, () => {
    assert.deepEqual(parseFrame(JSON.stringify(frame)), frame);
  });
}

const others = [
  "",
  "not json",
  "null",
  "[]",
  '"text"',
  "{}",
  '{"type":"ping"}',
  '{"type":"req","id":"","method":"health"}',
  '{"type":"req","id":7,"method":"health"}',
  '{"type":"req","id":"1"}',
  '{"type":"res","id":"1","ok":"yes"}',
  '{"type":"res","id":"1","ok":false,"error":"no"}',
  '{"type":"res","id":"1","ok":false,"error":{"code":1,"message":"no"}}',
  '{"type":"event","event":""}',
  '{"type":"event","event":"tick","seq":"1"}',
];

for (const text of others) {
  test(`${JSON.stringify(text)} is no frame`, () => {
    assert.equal(parseFrame(text), undefined);
  });
}
