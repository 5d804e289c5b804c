import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import JSON5 from "json5";
import { mergePatch, patchConfigText } from "./config-edit.ts";
import { parseJson5 } from "./json5.ts";

describe("a patch of a config text", () => {
  const cases: readonly [what: string, text: string, patch: Record<string, unknown>, expected: string][] = [
    [
      "keeps comments, order and trailing commas",
      '// head\n{\n  // why\n  "a": 1, // beside\n  "b": 2,\n}\n',
      { a: 3, c: 4 },
      '// head\n{\n  // why\n  "a": 3, // beside\n  "b": 2,\n  "c": 4,\n}\n',
    ],
    [
      "changes an inner value alone",
      '{\n  "a": {\n    "b": 1, // stays\n    "c": 2\n  }\n}\n',
      { a: { c: 3 } },
      '{\n  "a": {\n    "b": 1, // stays\n    "c": 3\n  }\n}\n',
    ],
    ["takes away what is null", '{\n  // why\n  "a": 1,\n  "b": 2\n}\n', { b: null }, '{\n  // why\n  "a": 1\n}\n'],
    ["begins a file that is not there yet", "", { a: { b: 1 } }, '{\n  "a": {\n    "b": 1\n  }\n}\n'],
    [
      "puts an object where a value was",
      '{ // kept\n  "a": 1\n}\n',
      { a: { b: 1, c: null } },
      '{ // kept\n  "a": {\n    "b": 1\n  }\n}\n',
    ],
    [
      "writes a text anew that needs more of JSON5 than comments",
      "{\n  // lost\n  a: 'x',\n}\n",
      { b: 1 },
      '{\n  "a": "x",\n  "b": 1\n}\n',
    ],
    ["changes nothing when there is nothing to change", '{ "a": 1 } // end\n', {}, '{ "a": 1 } // end\n'],
  ];

  for (const [what, text, patch, expected] of cases) {
    test(what, () => {
      assert.equal(patchConfigText(text, patch), expected);
    });
  }

  test("of a text that is not JSON5 throws", () => {
    assert.throws(() => patchConfigText("{ a: ", { b: 1 }), SyntaxError);
  });

  test("reads as the merge of both, whatever the text and the patch", () => {
    const key = fc.constantFrom("a", "b", "c c", "d.e", "1");
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.dictionary(key, fc.jsonValue({ maxDepth: 1 })));
    const object = fc.dictionary(key, value, { maxKeys: 4 }).map((each) => JSON.parse(JSON.stringify(each)));
    const spelling = fc.constantFrom(
      (config: object) => JSON.stringify(config),
      (config: object) => `// comment\n${JSON.stringify(config, null, 2)}\n`,
      (config: object) => JSON5.stringify(config, null, 2),
    );

    fc.assert(
      fc.property(object, object, spelling, (before, patch, spell) => {
        const text = patchConfigText(spell(before), patch);

        // Whole numbers that are too long for a number keep their digits, as text.
        assert.deepEqual(parseJson5(text), parseJson5(JSON.stringify(mergePatch(before, patch))));
      }),
    );
  });
});

test("a merge patch is that of RFC 7396", () => {
  const cases: readonly [target: unknown, patch: unknown, result: unknown][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [["a"], ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];

  assert.deepEqual(
    cases.map(([target, patch]) => mergePatch(target, patch)),
    cases.map(([, , result]) => result),
  );
});
