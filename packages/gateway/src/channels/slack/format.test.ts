import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readMrkdwn } from "../../../../fakes/src/slack/mrkdwn.ts";
import { shown } from "../../kit/text/sender-text.ts";
import { mrkdwn } from "./format.ts";
import { readable } from "./readable.ts";

const names = {
  user: (id: string) => (id === "U1" ? "Alice" : undefined),
  channel: (id: string) => (id === "C1" ? "general" : undefined),
};

test("plain text without marks of its own is read back as it was", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const plain = text.replace(/[*_~`]/g, "").replace(/^>+/gm, "");

      assert.equal(readMrkdwn(mrkdwn.escape(plain), String), plain);
    }),
  );
});

const marks: readonly [string, string][] = [
  [mrkdwn.heading("a *b* c_d", 1), "*a b c_d*"],
  [mrkdwn.quote("one\ntwo"), "> one\n> two"],
  [mrkdwn.link("a|b", "https://x.org/?a=1&b=<2>"), "<https://x.org/?a=1&amp;b=%3C2%3E|a¦b>"],
  [mrkdwn.code("a < `b`"), "`a &lt; ˋbˋ`"],
  [mrkdwn.fence("a ``` b", "ts"), "```\na ``\u200B` b\n```"],
];
for (const [written, expected] of marks)
  test(`${JSON.stringify(expected)} is written`, () => {
    assert.equal(written, expected);
  });

const read: readonly [string, string][] = [
  ["<@UBOT> hello <@U1>", "hello @“Alice” (slack:U1)"],
  ["<@UBOT>: <@U2> and <@UBOT|bot>", "@slack:U2 and @“bot” (slack:UBOT)"],
  ["in <#C1> and <#C2|random>", "in #“general” (slack:C1) and #“random” (slack:C2)"],
  ["<!here> see <https://x.org|this> or <https://y.org>", "@here see this (https://x.org) or https://y.org"],
  ["<mailto:a@b.org|a@b.org>, <!subteam^S1|@team>", "a@b.org, @“team” (slack:S1)"],
  ["1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"],
];
for (const [written, expected] of read)
  test(`${written} is read as ${expected}`, () => {
    assert.equal(shown(readable(written, "UBOT", names), "slack"), expected);
  });
