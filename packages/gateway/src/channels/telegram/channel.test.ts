import assert from "node:assert/strict";
import { test } from "node:test";
import { telegram } from "./channel.ts";

const targets: readonly [string, { id: string; threadId?: string }][] = [
  ["42", { id: "42" }],
  ["telegram:-1001234", { id: "-1001234" }],
  ["-1001234:45", { id: "-1001234", threadId: "45" }],
  ["-1001234:topic:45", { id: "-1001234", threadId: "45" }],
  ["@news_paper", { id: "@news_paper" }],
  ["https://t.me/news_paper", { id: "@news_paper" }],
];
for (const [text, target] of targets)
  test(`${text} is a target`, () => {
    assert.deepEqual(telegram.target(text), target);
  });

test("anything else is refused with what would do", () => {
  assert.throws(() => telegram.target("Bob Bee"), { kind: "rejected", message: /give a chat's number/ });
});

const peers: readonly [string, string][] = [
  ["telegram:42", "42"],
  ["tg:42", "42"],
  ["@Alice", "@alice"],
  ["Alice", "@alice"],
  ["*", "*"],
];
for (const [text, peer] of peers)
  test(`the peer ${text} is ${peer}`, () => {
    assert.equal(telegram.normalPeer(text), peer);
  });
