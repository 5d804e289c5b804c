import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cpuMsOf } from "../../../../../test/support/cpu-time.ts";
import { MarkdownWriter, renderMarkdown } from "./markdown.ts";
import { createStyle } from "./render.ts";

const plain = { width: 40, style: createStyle(false) };
const coloured = { width: 40, style: createStyle(true) };

const DOCUMENT = `# A heading

Some **bold words** and \`code\`, with a [link](https://example.com), that go on beyond the width.

- one item that is long enough to need a second line
  - [x] nested
1. first

> quoted

\`\`\`js
const a = "**not bold**";
\`\`\`

| a | b |
|---|--:|
| 1 | **2** |

2 * 3 * 4 and snake_case_name.`;

test("blocks look like what they are, and are broken at words", () => {
  const text = renderMarkdown(DOCUMENT, plain);

  assert.equal(
    text,
    `A heading

Some bold words and code, with a link
(https://example.com), that go on beyond
the width.

• one item that is long enough to need a
  second line
  ☑ nested
1. first

│ quoted

const a = "**not bold**";

a  b
1  2

2 * 3 * 4 and snake_case_name.`,
  );
});

test("bold, code and headings have their looks on a terminal with colours", () => {
  const text = renderMarkdown("# One\n\n**two** *three* `four`", coloured);

  assert.equal(text, "\x1b[1mOne\x1b[22m\n\n\x1b[1mtwo\x1b[22m \x1b[3mthree\x1b[23m \x1b[36mfour\x1b[39m");
});

test("pieces give the same as the whole, wherever they are cut", () => {
  const whole = renderMarkdown(DOCUMENT, coloured);
  const cuts = fc.array(fc.integer({ min: 0, max: DOCUMENT.length }), { maxLength: 12 });

  fc.assert(
    fc.property(cuts, (places) => {
      const writer = new MarkdownWriter(coloured);
      const ends = [...places.sort((a, b) => a - b), DOCUMENT.length];
      const written = ends.map((end, at) => writer.push(DOCUMENT.slice(ends[at - 1] ?? 0, end))).join("");
      assert.equal(written + writer.end(), whole);
    }),
  );
});

test("words are written when they are certain, not when their line ends", () => {
  const writer = new MarkdownWriter(plain);

  const written = ["The answer is ", "**forty", "-two** and ", "that is all"].map((piece) => writer.push(piece));

  assert.deepEqual([...written, writer.end()], ["The answer is", "", " forty-two and", " that is", " all"]);
});

test("terminal controls from outside are removed", () => {
  assert.equal(renderMarkdown("a\x1b[2Jb", plain), "ab");
});

for (const marks of ["***a_", "[a][", "**a ", "> ", "| ", "`a``", "<a "]) {
  test(`a line of 50,000 times "${marks}" that comes in pieces takes seconds at most`, () => {
    const line = marks.repeat(50_000);
    const writer = new MarkdownWriter(plain);
    let written = "";

    const ms = cpuMsOf(() => {
      for (let at = 0; at < line.length; at += 500) written += writer.push(line.slice(at, at + 500));
      written += writer.end();
    });

    const letters = (text: string) => text.replace(/[^a]/g, "").length;
    assert.equal(letters(written), letters(line));
    assert.ok(ms < 8_000, `${ms} ms`);
  });
}
