import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import JSON5 from "json5";
import { mergePatch, patchConfigText } from "./config-edit.ts";
import { Json5Error, parseJson5 } from "./json5.ts";

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
      "keeps comments, bare keys and single quotes",
      "{\n  // why\n  a: 'x', // beside\n  c: { d: 1 /* one */ } // last\n}\n",
      { b: 1, c: { e: "f" } },
      "{\n  // why\n  a: 'x', // beside\n  c: { d: 1, /* one */ e: \"f\" }, // last\n  b: 1\n}\n",
    ],
    [
      "keeps a byte order mark, line ends of Windows and trailing commas",
      "\ufeff{\r\n\t// why\r\n\ta: 1, // one\r\n}\r\n",
      { a: 2, b: { c: 3 } },
      '\ufeff{\r\n\t// why\r\n\ta: 2, // one\r\n\tb: {\r\n\t  "c": 3\r\n\t},\r\n}\r\n',
    ],
    [
      "keeps what JSON has no word for",
      "{ a: Infinity, b: +.5, c: 0x10 }",
      { d: 1 },
      "{ a: Infinity, b: +.5, c: 0x10, d: 1 }",
    ],
    [
      "takes away a bare key and keeps its comments",
      "{\n  // why\n  a: 1, // one\n  b: 2, c: 3,\n}",
      { a: null, b: null },
      "{\n  // why\n  // one\n  c: 3,\n}",
    ],
    ["takes away all of one line", "{ a: 1, b: 2 }", { b: null }, "{ a: 1 }"],
    [
      "fills an object that holds only a comment",
      "{\n  a: {\n    // later\n  },\n}",
      { a: { b: 1 } },
      '{\n  a: {\n    // later\n    "b": 1\n  },\n}',
    ],
    [
      "knows keys with escapes, and the last of two",
      "{ '\\x61': 1, // one\n a: 2 }",
      { a: 3 },
      "{ '\\x61': 1, // one\n a: 3 }",
    ],
    ["changes nothing when there is nothing to change", '{ "a": 1 } // end\n', {}, '{ "a": 1 } // end\n'],
  ];

  for (const [what, text, patch, expected] of cases) {
    test(what, () => {
      assert.equal(patchConfigText(text, patch), expected);
    });
  }

  test("of a text that is not JSON5 throws", () => {
    assert.throws(() => patchConfigText("{ a: ", { b: 1 }), Json5Error);
  });

  test("reads as the merge of both, whatever the text and the patch", () => {
    const key = fc.constantFrom("a", "b", "c c", "d.e", "1", "__proto__");
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.dictionary(key, fc.jsonValue({ maxDepth: 1 })));
    const object = fc.dictionary(key, value, { maxKeys: 4 }).map((each) => JSON.parse(JSON.stringify(each)));
    const spelling = fc.constantFrom(
      (config: object) => JSON.stringify(config),
      (config: object) => `// comment\n${JSON.stringify(config, null, 2)}\n`,
      (config: object) => JSON5.stringify(config, null, 2),
      (config: object) => `// comment\r\n${JSON5.stringify(config, null, 2).replaceAll("\n", " // comment\r\n")}`,
      (config: object) =>
        JSON5.stringify(config).replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{},]/g, (token) =>
          token.length > 1 ? token : `${token}/* comment */`,
        ),
    );

    fc.assert(
      fc.property(object, object, spelling, (before, patch, spell) => {
        const spelt = spell(before);
        const text = patchConfigText(spelt, patch);

        assert.equal(text.startsWith("// comment"), spelt.startsWith("// comment"));
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
