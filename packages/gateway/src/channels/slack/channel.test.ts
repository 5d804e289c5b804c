import assert from "node:assert/strict";
import { test } from "node:test";
import { slack } from "./channel.ts";
import { emojiName, emojiOf } from "./emoji.ts";

const targets: readonly [string, { id: string; threadId?: string }][] = [
  ["C0123ABCD", { id: "C0123ABCD" }],
  ["slack:channel:c0123abcd", { id: "C0123ABCD" }],
  ["user:U0123ABCD", { id: "U0123ABCD" }],
  ["D0123:1712345678.000100", { id: "D0123", threadId: "1712345678.000100" }],
  ["D0123:thread:1712345678.000100", { id: "D0123", threadId: "1712345678.000100" }],
];
for (const [text, target] of targets)
  test(`${text} is a target`, () => {
    assert.deepEqual(slack.target(text), target);
  });

test("anything else is refused with what would do", () => {
  assert.throws(() => slack.target("#general"), { kind: "rejected", message: /give a channel's id/ });
});

const peers: readonly [string, string][] = [
  ["slack:u0123abcd", "U0123ABCD"],
  ["user:U0123ABCD", "U0123ABCD"],
  ["<@U0123ABCD>", "U0123ABCD"],
  ["*", "*"],
];
for (const [text, peer] of peers)
  test(`the peer ${text} is ${peer}`, () => {
    assert.equal(slack.normalPeer(text), peer);
  });

test("emoji have names, with and without skin tones", () => {
  assert.deepEqual(["👍🏽", "❤️", ":party_parrot:"].map(emojiName), ["+1", "heart", "party_parrot"]);
  assert.deepEqual(["+1::skin-tone-3", "thumbsup", "party_parrot"].map(emojiOf), ["👍", "👍", ":party_parrot:"]);
  assert.throws(() => emojiName("🧀"), { kind: "rejected" });
});
