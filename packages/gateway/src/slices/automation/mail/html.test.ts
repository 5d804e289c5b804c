import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wordsOfHtml } from "./html.ts";

test("words of HTML are told as people read them", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["<p>Hello</p><p>Ann</p>", "Hello\n\nAnn"],
    ["<b>Bold</b> and   <i>thin</i>", "Bold and thin"],
    ["Gr&uuml;&szlig;e &amp; &#8364;5 &#x20AC;6 &unknown; &#0; &#xD800;", "Grüße & €5 €6 &unknown;"],
    ["<style>p{color:red}</style>a<script>alert('<p>')</script>b<!-- c > d -->e", "abe"],
    ["<head><title>t</title></head><body>x<br>y", "x\ny"],
    ["1 < 2", "1"],
    ["<script>never closed", ""],
  ];

  assert.deepEqual(
    cases.map(([html]) => wordsOfHtml(html)),
    cases.map(([, words]) => words),
  );
});

test("any text ends, and no tag of a script is left", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("<", ">", "script", "</script>", "<p>", "&amp;", "<!--", "-->", "a"), { maxLength: 60 }),
      (parts) => {
        assert.ok(!wordsOfHtml(parts.join("")).includes("</script>"));
      },
    ),
  );
});

test("names that every object inherits are no characters", () => {
  assert.equal(wordsOfHtml("<p>a &toString; b &valueOf;</p>"), "a &toString; b &valueOf;");
});
