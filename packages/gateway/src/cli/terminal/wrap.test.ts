import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { displayWidth } from "./display-width.ts";
import { beside, fold, wrap, wrapCommand } from "./wrap.ts";

test("a paragraph is broken at spaces, and a word that is too wide stays whole", () => {
  const cases = [wrap("one two three", 7), wrap("see https://example.com/a/long/path now", 10), wrap("", 10)];

  assert.deepEqual(cases, [["one two", "three"], ["see", "https://example.com/a/long/path", "now"], [""]]);
});

test("lines that go on begin below the first word after a mark", () => {
  const text = fold("● WhatsApp: it was stopped\n  a b", 14);

  assert.equal(text, "● WhatsApp: it\n  was stopped\n  a b");
});

test("colour codes take no room", () => {
  const text = fold("\x1b[31m●\x1b[39m \x1b[1mone\x1b[22m two", 30);

  assert.equal(text, "\x1b[31m●\x1b[39m \x1b[1mone\x1b[22m two");
});

test("folded text has the same words, and a line is too wide only for one word", () => {
  const words = fc.array(fc.stringMatching(/^[a-z\x2d]{1,12}$/), { minLength: 1, maxLength: 30 });

  fc.assert(
    fc.property(words, fc.integer({ min: 8, max: 60 }), (given, width) => {
      const lines = fold(given.join(" "), width).split("\n");
      assert.deepEqual(
        lines.flatMap((line) => line.trim().split(/ +/)),
        given,
      );
      for (const line of lines) assert.ok(displayWidth(line) <= width || !line.trim().includes(" "));
    }),
  );
});

test("text stands beside its label, and below it where there is no room", () => {
  const wide = beside("  --flag", "Does this and that", { labelWidth: 10, width: 40 });
  const narrow = beside("  --a-very-long-flag VALUE", "Does this and that", { labelWidth: 26, width: 30 });

  assert.deepEqual(
    [wide, narrow],
    ["  --flag    Does this and that", "  --a-very-long-flag VALUE\n    Does this and that"],
  );
});

test("a command that is broken can still be copied; what is quoted stays whole", () => {
  const lines = wrapCommand(`moltbot message send -t +15550100 -m "On my way home" --silent`, 34);

  assert.deepEqual(lines, ["moltbot message send \\", "  -t +15550100 \\", '  -m "On my way home" --silent']);
});

test("a line without a mark goes on at its own beginning", () => {
  assert.equal(fold("one two three", 8), "one two\nthree");
});
