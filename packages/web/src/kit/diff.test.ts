import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { changesOnly, diffLines } from "./diff.ts";

test("what changed stands between what stayed, removed before added", () => {
  assert.deepEqual(diffLines("a\nb\nc\nd", "a\nB\nc\nd\ne"), [
    { kind: "same", text: "a" },
    { kind: "removed", text: "b" },
    { kind: "added", text: "B" },
    { kind: "same", text: "c" },
    { kind: "same", text: "d" },
    { kind: "added", text: "e" },
  ]);
});

test("both texts can be read back from the lines", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", ""), { minLength: 1 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const without = (kind: string) =>
        lines
          .filter((line) => line.kind !== kind)
          .map((line) => line.text)
          .join("\n");
      assert.deepEqual([without("added"), without("removed")], [before, after]);
    }),
  );
});

test("lines far from any change are left out", () => {
  const lines = changesOnly(diffLines("1\n2\n3\n4\n5\n6\n7", "1\n2\n3\n4\n5\n6\nX"), 1);

  assert.deepEqual(
    lines.map((line) => line?.text),
    ["6", "7", "X"],
  );
});
