import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuMsOf } from "../../../../../test/support/cpu-time.ts";
import { discordMarkdown as dialect } from "./format.ts";

test("marks in plain text are escaped", () => {
  assert.equal(
    dialect.escape("2*3 a_b ~x~ `c` |s| <@1> \\ [x]"),
    "2\\*3 a\\_b \\~x\\~ \\`c\\` \\|s\\| \\<@1> \\\\ \\[x\\]",
  );
});

test("what means something at the beginning of a line is escaped there, and nowhere else", () => {
  const plain = "# title\n- item\n> quote\n1. first\n-# small\na - b # c > d 1. e";
  const escaped = "\\# title\n\\- item\n\\> quote\n1\\. first\n\\-# small\na - b # c > d 1. e";

  assert.equal(dialect.escape(plain), escaped);
});

test("headings go to level 3", () => {
  assert.deepEqual([dialect.heading("A", 1), dialect.heading("B", 5)], ["# A", "### B"]);
});

test("links get no preview, and only web addresses become links", () => {
  assert.equal(dialect.link("site", "https://example.com/a_b"), "[site](<https://example.com/a_b>)");
  assert.equal(dialect.link("mail", "mailto:a_b@example.com"), "mail (mailto:a\\_b@example.com)");
});

test("a fence cannot be ended from within", () => {
  assert.equal(dialect.fence("a\n```\nb", "js"), "```js\na\n`\u200B``\nb\n```");
});

test("code with backticks has two around it", () => {
  assert.deepEqual([dialect.code("a"), dialect.code("a`b")], ["`a`", "`` a`b ``"]);
});

test("the length is in UTF-16 units", () => {
  assert.equal(dialect.measure({ text: "a😀", plain: "a😀" }), 3);
});

test("empty lines are escaped in time linear in their number", () => {
  const text = `${"\n".repeat(200_000)}x`;

  const ms = cpuMsOf(() => assert.equal(dialect.escape(text), text));

  assert.ok(ms < 1_500, `${ms} ms`);
});
