import assert from "node:assert/strict";
import { test } from "node:test";
import { lineOf } from "./config-line.ts";

const TEXT = `// channels: { telegram: 1 }
{
  models: { telegram: { dmPolicy: "no" } },
  "channels": {
    /* telegram: the
       other one */
    telegram: {
      accounts: { work: { dmPolicy: 'open' } },
      allowFrom: ["{", "dmPolicy:", 5],
      dmPolicy: "pairing", groups: {
        "1234@g.us": {
          requireMention: false },
        'C012AB': {},
      },
    },
    discord: { dmPolicy: "open" },
  },
  bindings: [
    { agentId: "a", match: { channel: "x" } }, {
      agentId: "b",
    },
    [1,
     2],
  ],
}`;

const CASES: readonly (readonly [path: string, line: number | undefined])[] = [
  ["channels", 4],
  ["bindings", 18],
  ["bindings.0", 19],
  ["bindings.0.match.channel", 19],
  ["bindings.1", 19],
  ["bindings.1.agentId", 20],
  ["bindings.2.1", 23],
  ["channels.telegram", 7],
  ["channels.telegram.dmPolicy", 10],
  ["channels.telegram.accounts.work.dmPolicy", 8],
  ["channels.telegram.groups.1234@g.us.requireMention", 12],
  ["channels.telegram.groups.c012ab", 13],
  ["channels.discord.dmPolicy", 16],
  ["channels.telegram.streaming", 7],
  ["channels.telegram.allowFrom.2", 9],
  ["channels.slack.dmPolicy", 4],
  ["session.dmScope", undefined],
];

for (const [path, line] of CASES)
  test(`${path} stands on line ${line}`, () => {
    assert.equal(lineOf(path, TEXT), line);
  });

test("a text that is not JSON5 is no reason to fail", () => {
  assert.equal(lineOf("a.b", "{ a: { 'b"), 1);
  assert.equal(lineOf("a", ""), undefined);
});
