import assert from "node:assert/strict";
import { test } from "node:test";
import { comparable, differenceOf } from "./difference.ts";

const SAME: readonly [about: string, recorded: unknown, replayed: unknown][] = [
  ["texts", "a", "a"],
  ["nothing", undefined, undefined],
  ["what is no number", Number.NaN, Number.NaN],
  ["lists", [1, ["a"]], [1, ["a"]]],
  ["objects in another order", { a: 1, b: { c: [] } }, { b: { c: [] }, a: 1 }],
  ["a key with nothing and no key", { a: undefined }, {}],
];
for (const [about, recorded, replayed] of SAME) {
  test(`two values are alike: ${about}`, () => {
    assert.equal(differenceOf("it", recorded, replayed), undefined);
  });
}

const DIFFERENT: readonly [about: string, values: [unknown, unknown], found: [at: string, string, string]][] = [
  ["other texts", ["a", "b"], ["it", '"a"', '"b"']],
  ["a number and a text", [1, "1"], ["it", "1", '"1"']],
  ["null and nothing", [null, undefined], ["it", "null", "nothing"]],
  ["a list and an object", [[], {}], ["it", "[]", "{}"]],
  ["an item that is missing", [["a", "b"], ["a"]], ["it[1]", '"b"', "nothing"]],
  ["an item too many", [[], ["a"]], ["it[0]", "nothing", '"a"']],
  ["a key that is missing", [{ a: 1 }, {}], ["it.a", "1", "nothing"]],
  ["a key too many", [{}, { a: 1 }], ["it.a", "nothing", "1"]],
  ["deep inside", [{ a: [{ b: 1 }] }, { a: [{ b: 2 }] }], ["it.a[0].b", "1", "2"]],
  [
    "the first place of several",
    [
      { a: 1, b: 1 },
      { b: 2, a: 2 },
    ],
    ["it.a", "1", "2"],
  ],
  ["long texts, cut", ["x".repeat(300), ""], ["it", `"${"x".repeat(199)}…`, '""']],
];
for (const [about, [recorded, replayed], [at, was, is]] of DIFFERENT) {
  test(`two values differ: ${about}`, () => {
    assert.deepEqual(differenceOf("it", recorded, replayed), { at, recorded: was, replayed: is });
  });
}

test("events are compared without times, pieces of text and compaction; the whole text comes last", () => {
  const events = [
    { stream: "lifecycle", data: { phase: "start", startedAt: 1 } },
    { stream: "assistant", data: { text: "Hel", delta: "Hel" } },
    { stream: "tool", data: { phase: "result", name: "look", durationMs: 4, verbose: true } },
    { stream: "compaction", data: { phase: "start" } },
    { stream: "assistant", data: { text: "Hello", delta: "lo" } },
    { stream: "lifecycle", data: { phase: "end", startedAt: 1, endedAt: 9 } },
  ];

  assert.deepEqual(comparable(events), [
    { stream: "lifecycle", phase: "start" },
    { stream: "tool", phase: "result", name: "look" },
    { stream: "lifecycle", phase: "end" },
    { stream: "assistant", text: "Hello" },
  ]);
});

test("a run without a word is compared as one without text", () => {
  assert.deepEqual(comparable([]), [{ stream: "assistant", text: undefined }]);
});
