import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readHtml } from "../../../../fakes/src/telegram/html.ts";
import { telegramHtml } from "./format.ts";

const { code, fence, link, measure } = telegramHtml;
const escaped = telegramHtml.escape;

test("plain text of any kind is read back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (plain) => {
      assert.equal(readHtml(escaped(plain)).text, plain);
      assert.equal(readHtml(code(plain)).text, plain);
    }),
  );
});

test("a message measures as much as Telegram counts", () => {
  fc.assert(
    fc.property(fc.string(), fc.webUrl(), fc.string(), (label, url, plain) => {
      const text = `${link(`<b>${escaped(label)}</b>`, `${url}?a="b"&c=<d>`)}${fence(plain, "ts")}`;

      assert.equal(measure({ text, plain }), readHtml(text).text.length);
    }),
  );
});

test("a fence names its language when that is a word", () => {
  assert.equal(fence("a < b", "c++"), '<pre><code class="language-c++">a &lt; b</code></pre>');
  assert.equal(fence("a", 'x" y'), "<pre>a</pre>");
});
