import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cpuMsOf } from "../../../../../test/support/cpu-time.ts";
import { matchesGlob, matchesName, matchesPath } from "./glob.ts";

const CASES: readonly [pattern: string, text: string, is: boolean][] = [
  ["", "", true],
  ["", "a", false],
  ["*", "abc", true],
  ["*", "a/b", false],
  ["**", "a/b", true],
  ["/bin/*", "/bin/ls", true],
  ["/bin/*", "/bin/a/ls", false],
  ["/**/ls", "/usr/bin/ls", true],
  ["a?c", "abc", true],
  ["a?c", "a/c", false],
  ["a.c", "abc", false],
  ["a*b*", "aXbY", true],
  ["***", "a/b", true],
];

for (const [pattern, text, is] of CASES)
  test(`${JSON.stringify(pattern)} ${is ? "means" : "does not mean"} ${JSON.stringify(text)}`, () => {
    assert.equal(matchesGlob(pattern, text), is);
  });

test("says what a regular expression says", () => {
  const some = fc.string({ unit: fc.constantFrom("a", "b", "/", "*", "?", "."), maxLength: 8 });
  fc.assert(
    fc.property(some, fc.string({ unit: fc.constantFrom("a", "b", "/", "."), maxLength: 8 }), (pattern, text) => {
      const source = pattern.replace(
        /\*\*|\*|\?|\./g,
        (found) => ({ "**": ".*", "*": "[^/]*", "?": "[^/]" })[found] ?? "\\.",
      );
      assert.equal(matchesGlob(pattern, text), new RegExp(`^${source}$`, "su").test(text));
    }),
  );
});

test("a pattern of many stars does not hold the gateway", () => {
  const ms = cpuMsOf(() => assert.equal(matchesGlob("*a".repeat(50), `${"a".repeat(4_000)}b`), false));

  assert.ok(ms < 1_000, `${ms} ms`);
});

test("a list of tools knows a star at the end alone", () => {
  const isMeant = (pattern: string) => matchesName(pattern, "web_search");

  assert.deepEqual(
    ["web_search", "web_*", "*", "web", "*_search", "web_?earch"].map((pattern) => [pattern, isMeant(pattern)]),
    [
      ["web_search", true],
      ["web_*", true],
      ["*", true],
      ["web", false],
      ["*_search", false],
      ["web_?earch", false],
    ],
  );
});

test("a glob for files knows folders, names alone, and braces", () => {
  const isMeant = (glob: string) => matchesPath(glob, "src/base/queue.ts");

  assert.deepEqual(
    ["*.ts", "src/**/*.ts", "**/queue.{ts,js}", "./src/base/*", "src/*.ts", "*.js"].map((glob) => [
      glob,
      isMeant(glob),
    ]),
    [
      ["*.ts", true],
      ["src/**/*.ts", true],
      ["**/queue.{ts,js}", true],
      ["./src/base/*", true],
      ["src/*.ts", false],
      ["*.js", false],
    ],
  );
});
