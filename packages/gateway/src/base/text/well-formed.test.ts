import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonText, parseJson } from "./well-formed.ts";

test("halves of pairs become U+FFFD, in names too; all else is what JSON.stringify writes", () => {
  const anyText = fc.string({ unit: "binary" });
  const odd = fc
    .array(fc.oneof(anyText, fc.constantFrom("\ud800", "\udfff", "\\", "\\ud800", "\\\\", "\u{1f600}")), {
      maxLength: 6,
    })
    .map((parts) => parts.join(""));

  fc.assert(
    fc.property(fc.array(odd), (texts) => {
      assert.equal(jsonText(texts), JSON.stringify(texts.map((each) => each.toWellFormed())));
    }),
  );
  assert.equal(jsonText({ "a\ud800": 1 }), '{"a\ufffd":1}');
});

test("what is absent stays absent", () => {
  assert.equal(jsonText(undefined), undefined);
});

test("a half that comes in as an escape becomes U+FFFD; a pair stays", () => {
  const read = parseJson('{"half":"a\\uD800b","pair":"\\ud83d\\ude00","list":["\\udc00\\ud800"]}');

  assert.deepEqual(read, { half: "a\ufffdb", pair: "\u{1f600}", list: ["\ufffd\ufffd"] });
});
