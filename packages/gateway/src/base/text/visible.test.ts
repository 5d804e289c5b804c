import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hidesSomething, visible } from "./visible.ts";

test("letters of any script, numbers, punctuation and the signs of ASCII are shown as they are", () => {
  const texts = [
    "ls -la | grep 'a b' > \"$HOME\"/`x` && ~{}[]^+=<>",
    "first\nsecond",
    "Grüße, Ελλάδα, Привет, 你好, こんにちは, 안녕, नमस्ते, שלום, مرحبا, ไทยที่นี้",
    "e\u0301 and \u1ec7 and e\u0323\u0302",
    "„quoted“ … – — ¿ 、。",
  ];

  assert.deepEqual(texts.map(visible), texts);
});

test("whatever shows nothing, moves or covers what stands beside it is an escaped", () => {
  const hidden = [
    ...["\t", "\r", "\u001b", "\u0085", "\u00a0", "\u3000", "\u2028", "\ufeff"],
    ...["\u200b", "\u200d", "\u202e", "\u2066", "\u00ad", "\u{e0041}", "\ufe0f", "\u{e0100}"],
    ...["\u3164", "\u115f", "\u1160", "\uffa0", "\u034f", "\u17b4", "\u180b", "\u180e"],
    ...["\u2800", "\u{1d159}", "\ufffc", "\u{16fe4}", "\u{13441}", "\u2d7f", "\u20dd"],
    ...["\ue000", "\u0378", "\ud800", "\u{1f389}", "\u2713"],
  ];

  for (const each of hidden) {
    const spelled = `\\u{${each.codePointAt(0)!.toString(16)}}`;
    assert.equal(visible(`a${each}b`), `a${spelled}b`);
    assert.equal(hidesSomething(`a${each}b`), true, spelled);
  }
});

test("marks that stand alone or pile up are escapes", () => {
  assert.equal(visible("\u0301a"), "\\u{301}a");
  assert.equal(visible("-\u0338"), "-\\u{338}");
  assert.equal(visible(`a${"\u0301".repeat(5)}`), `a\u0301\u0301\u0301\\u{301}\\u{301}`);
});

test("what is shown holds nothing else, and showing it again changes nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const shown = visible(text);

      assert.doesNotMatch(shown, /(?!\n)[\p{C}\p{Z}\p{DI}](?<! )/u);
      assert.equal(visible(shown), shown);
    }),
  );
});
