import assert from "node:assert/strict";
import { test } from "node:test";
import { signalText as dialect, textStyles } from "./format.ts";

test("styles leave beside the text, in UTF-16 units", () => {
  const ranges = [
    { start: 2, length: 4, style: "bold" },
    { start: 7, length: 3, style: "code" },
  ] as const;

  assert.deepEqual(textStyles({ text: "😀bold x()", plain: "", ranges }), ["2:4:BOLD", "7:3:MONOSPACE"]);
  assert.deepEqual(textStyles({ text: "plain", plain: "plain" }), []);
});

test("nothing is escaped, for there are no marks", () => {
  assert.deepEqual([dialect.escape("*a* _b_"), dialect.bold("x"), dialect.code("y")], ["*a* _b_", "x", "y"]);
});

test("a link shows its address", () => {
  assert.equal(dialect.link("site", "https://example.com"), "site (https://example.com)");
  assert.equal(dialect.link("https://example.com", "https://example.com"), "https://example.com");
});

test("the length is in bytes", () => {
  assert.equal(dialect.measure({ text: "aé😀", plain: "" }), 7);
});
