import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { cpuMsOf } from "../../../../../test/support/cpu-time.ts";
import type { Dialect, Rendered } from "./dialect.ts";
import { plainDialect } from "./plain.ts";
import { renderMarkdown } from "./render.ts";

/** Every mark is visible, and every escape too. */
const marks: Dialect = {
  ...plainDialect,
  name: "marks",
  escape: (plain) => plain.replace(/[<>]/g, "\\$&"),
  bold: (inner) => `<b>${inner}</b>`,
  italic: (inner) => `<i>${inner}</i>`,
  strike: (inner) => `<s>${inner}</s>`,
  code: (plain) => `<c>${plain}</c>`,
  link: (label, url) => `<a ${url}>${label}</a>`,
  heading: (inner, level) => `<h${level}>${inner}</h${level}>`,
  quote: (inner) => `<q>${inner}</q>`,
  fence: (plain, language) => `\`\`\`${language}\n${plain}\n\`\`\``,
};

const byRange: Dialect = { ...plainDialect, name: "ranges", hasRanges: true };

function texts(markdown: string, rest: number, first?: number): string[] {
  return renderMarkdown(markdown, marks, { first, rest }).map(({ text }) => text);
}

describe("Markdown in a dialect", () => {
  const cases: readonly [what: string, markdown: string, text: string][] = [
    ["marks within marks", "a **b *c* d** ~~e~~ `f<g`", "a <b>b <i>c</i> d</b> <s>e</s> <c>f<g</c>"],
    ["emphasis beside brackets of a script without spaces", "**「重要」**の", "<b>「重要」</b>の"],
    ["emphasis within a script without spaces", "これは**強調**です*よ*", "これは<b>強調</b>です<i>よ</i>"],
    ["two of them in a line", "**「A」**の**「B」**です", "<b>「A」</b>の<b>「B」</b>です"],
    ["sums as they are", "2*3 と 4 * 5", "2*3 と 4 * 5"],
    ["the wider mark outside", "*a **b** c*", "<i>a <b>b</b> c</i>"],
    ["marks closed at the end of a line", "**a\nb**", "<b>a</b>\n<b>b</b>"],
    ["words with underscores as they are", "snake_case_word", "snake_case_word"],
    ["escapes and references", "\\*a\\* &lt;b&gt; &#65;&amp;", "*a* \\<b\\> A&"],
    ["line ends and hard breaks as line ends", "a\nb  \nc\\\nd<br>e", "a\nb\nc\nd\ne"],
    ["a heading without a second bold", "## A **b** *c*", "<h2>A b <i>c</i></h2>"],
    ["a quote as one", "> a\n>\n> b", "<q>a\n\nb</q>"],
    ["a quote in a quote with its marks written out", "> a\n>\n> > b\n> > c", "<q>a\n\n\\> b\n\\> c</q>"],
    ["a list", "- a\n- b\n  - c\n    d\n- e", "• a\n• b\n  • c\n    d\n• e"],
    ["a list with room between its items", "- a\n\n- b", "• a\n\n• b"],
    ["the numbers of a list", "3. a\n4. b\n   1. c", "3. a\n4. b\n   1. c"],
    ["a list that begins with a list", "- - a\n  - b\n- c", "• • a\n  • b\n• c"],
    ["task boxes", "- [x] a\n- [ ] b", "☑ a\n☐ b"],
    ["an empty item", "- a\n-\n- b", "• a\n•\n• b"],
    ["a code block of an item", "1. a\n   ```sh\n   b\n   ```\n2. c", "1. a\n\n```sh\nb\n```\n2. c"],
    ["a code block", "a\n```ts\nb\n\n  c < d\n```\ne", "a\n\n```ts\nb\n\n  c < d\n```\n\ne"],
    ["an open code block", "```\na", "```\na\n```"],
    ["a table in columns", "|a|b|\n|-|-:|\n|*x*|1|\n|日本|22|", "```\na    |  b\n-----+---\nx    |  1\n日本 | 22\n```"],
    ["a link", "[a **b**](https://c.d?e=1&amp;f)", "<a https://c.d?e=1&f>a <b>b</b></a>"],
    [
      "a bare address once",
      "https://a.b/c_d_e and <https://f.g> and h@i.j",
      "https://a.b/c_d_e and https://f.g and h@i.j",
    ],
    ["a link that nothing can open", "[a](b/c.md)", "a (b/c.md)"],
    ["an image as a link", "![a](https://b.c/d.png)", "<a https://b.c/d.png>a</a>"],
    ["a link by reference", "[a]\n\n[a]: https://b.c", "<a https://b.c>a</a>"],
    ["a footnote as it is", "a[^1]\n\n[^1]: https://b.c", "a[^1]\n\n[^1]: https://b.c"],
    ["a rule", "a\n\n---\n\nb", "a\n\n───\n\nb"],
    ["HTML as text", "<div>\n*a*\n</div>\n\nb <i>c</i>", "\\<div\\>\n*a*\n\\</div\\>\n\nb \\<i\\>c\\</i\\>"],
    ["no control characters", "a\u0000b\u001b[1mc\r\nd\ud800", "ab[1mc\nd\ufffd"],
  ];

  for (const [what, markdown, text] of cases) {
    test(`has ${what}`, () => {
      assert.deepEqual(texts(markdown, 1000), [text]);
    });
  }

  test("is nothing for nothing", () => {
    assert.deepEqual(
      ["", "\n \n", "&nbsp;", "```\n\n```"].flatMap((blank) => texts(blank, 100)),
      [],
    );
  });

  test("has a plain form without marks, with the addresses of links", () => {
    const [rendered] = renderMarkdown("# A\n\n**b** [c](https://d.e)\n\n> f\n\n```\ng\n```", marks, { rest: 1000 });

    assert.equal(rendered?.plain, "A\n\nb c (https://d.e)\n\nf\n\ng");
  });

  test("asks the dialect how it writes a bare address", () => {
    const dialect: Dialect = { ...marks, address: (url) => `<${url}>` };

    assert.equal(renderMarkdown("see https://a.b", dialect, { rest: 100 })[0]?.text, "see <https://a.b>");
  });
});

describe("styles as ranges", () => {
  test("count UTF-16 units, also in quotes", () => {
    const rendered = renderMarkdown("# 😀 a\n\nb **c *d*** `e`\n\n> f\n> ~~g~~", byRange, { rest: 1000 });

    assert.deepEqual(rendered, [
      {
        text: "😀 a\n\nb c d e\n\n> f\n> g",
        plain: "😀 a\n\nb c d e\n\nf\ng",
        ranges: [
          { start: 0, length: 4, style: "bold" },
          { start: 10, length: 1, style: "italic" },
          { start: 8, length: 3, style: "bold" },
          { start: 12, length: 1, style: "code" },
          { start: 21, length: 1, style: "strike" },
        ],
      },
    ]);
  });

  test("begin again in each message", () => {
    const rendered = renderMarkdown("**aaaa bbbb**", byRange, { rest: 6 });

    assert.deepEqual(
      rendered.map(({ text, ranges }) => ({ text, ranges })),
      [
        { text: "aaaa", ranges: [{ start: 0, length: 4, style: "bold" }] },
        { text: "bbbb", ranges: [{ start: 0, length: 4, style: "bold" }] },
      ],
    );
  });
});

describe("a text that is longer than a message", () => {
  test("is divided between blocks", () => {
    assert.deepEqual(texts("aaaa bbbb\n\ncccc dddd\n\neeee", 22), ["aaaa bbbb\n\ncccc dddd", "eeee"]);
  });

  test("keeps a heading with what it is above", () => {
    assert.deepEqual(texts("aaaa bbbb\n\n# cc\n\ndddd eeee ffff", 28), ["aaaa bbbb", "<h1>cc</h1>\n\ndddd eeee ffff"]);
  });

  test("is divided between lines, sentences, words", () => {
    assert.deepEqual(texts("aaa bbb\nccc ddd", 12), ["aaa bbb", "ccc ddd"]);
    assert.deepEqual(texts("aa bb. cc dd", 10), ["aa bb.", "cc dd"]);
    assert.deepEqual(texts("aaa bbb ccc", 10), ["aaa bbb", "ccc"]);
  });

  test("is cut inside a word that is longer than a message, but not inside a character", () => {
    assert.deepEqual(texts("aaaaaaaaaaaa", 5), ["aaaaa", "aaaaa", "aa"]);
    assert.deepEqual(texts("a👩‍👩‍👧👩‍👩‍👧", 14), ["a👩‍👩‍👧", "👩‍👩‍👧"]);
    assert.deepEqual(texts("😀😀😀", 5), ["😀😀", "😀"]);
  });

  test("has its marks closed and opened again", () => {
    assert.deepEqual(texts("**aaaa *bbbb cccc***", 24), ["<b>aaaa <i>bbbb</i></b>", "<b><i>cccc</i></b>"]);
    assert.deepEqual(texts("> aaaa bbbb", 12), ["<q>aaaa</q>", "<q>bbbb</q>"]);
  });

  test("keeps a code block whole when a message holds it", () => {
    assert.deepEqual(texts("aa\n\n```js\nb\nc\nd\n```", 18), ["aa", "```js\nb\nc\nd\n```"]);
  });

  test("divides a longer code block between lines, in its language", () => {
    assert.deepEqual(texts("```js\naaaa\n  bbbb\ncccc\n```", 20), [
      "```js\naaaa\n```",
      "```js\n  bbbb\n```",
      "```js\ncccc\n```",
    ]);
  });

  test("does not divide an address or a link that a message holds", () => {
    assert.deepEqual(texts("aaaa https://b.c/dddddd", 20), ["aaaa", "https://b.c/dddddd"]);
    assert.deepEqual(texts("aaaa bb [cc dd](https://e)", 50 - 22), ["aaaa bb cc dd (https://e)"]);
    assert.deepEqual(texts("aaaa bbb ccc ddd eee fff ggg [cc dd](https://e)", 50), [
      "aaaa bbb ccc ddd eee fff ggg",
      "<a https://e>cc dd</a>",
    ]);
  });

  test("has a shorter first message when that is a caption", () => {
    assert.deepEqual(texts("aaa bbb ccc ddd", 100, 8), ["aaa bbb", "ccc ddd"]);
  });

  test("counts what the platform counts", () => {
    const bytes: Dialect = { ...marks, measure: ({ text }) => Buffer.byteLength(text) };

    assert.deepEqual(
      renderMarkdown("ää ää ää", bytes, { rest: 9 }).map(({ text }) => text),
      ["ää ää", "ää"],
    );
  });
});

/** Markdown with marks, blocks and noise; its words are letters, in order, and each is there once. */
const word = fc.stringMatching(/^[a-z]{1,12}$/);
const phrase = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(" "));
const inline = fc.oneof(
  phrase,
  phrase.map((text) => `**${text}**`),
  phrase.map((text) => `*${text}*`),
  phrase.map((text) => `~~${text}~~`),
  phrase.map((text) => `\`${text}\``),
  word.map((text) => `[${text}](https://x.yz/${text})`),
  word.map((text) => `https://${text}.com/${text}`),
  phrase.map((text) => `😀${text}👩‍👩‍👧`),
);
const line = fc.array(inline, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(" "));
const block = fc.oneof(
  line,
  line.map((text) => `# ${text}`),
  fc.array(line, { minLength: 1, maxLength: 4 }).map((items) => items.map((item) => `- ${item}`).join("\n")),
  fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.map((each) => `> ${each}`).join("\n")),
  fc.array(phrase, { minLength: 1, maxLength: 8 }).map((lines) => `\`\`\`js\n${lines.join("\n")}\n\`\`\``),
  fc.tuple(word, word, word).map(([a, b, c]) => `| ${a} | ${b} |\n|---|---|\n| ${c} | x |`),
);
const written = fc.array(block, { minLength: 1, maxLength: 12 }).map((blocks) => blocks.join("\n\n"));
const noise = fc.string({ unit: fc.constantFrom(..."*_~`[]()<>!#-+|>1. ab\n😀\ud800"), maxLength: 400 });
const limit = fc.integer({ min: 60, max: 400 });

function lettersOf(markdown: string): string {
  return markdown.replace(/^```js$/gm, "").replace(/[^a-z]/g, "");
}

function check(markdown: string, rest: number, dialect: Dialect, verify: (messages: readonly Rendered[]) => void) {
  const messages = renderMarkdown(markdown, dialect, { rest });
  for (const message of messages) assert.ok(dialect.measure(message) <= rest, JSON.stringify(message.text));
  verify(messages);
}

describe("whatever is written", () => {
  test("no message is blank or over the limit, and none has half a character", () => {
    fc.assert(
      fc.property(fc.oneof(written, noise), limit, (markdown, rest) =>
        check(markdown, rest, marks, (messages) => {
          assert.ok(messages.every(({ text, plain }) => plain.trim() !== "" && text.isWellFormed()));
        }),
      ),
      { numRuns: 500 },
    );
  });

  test("every letter arrives, in order", () => {
    fc.assert(
      fc.property(written, limit, (markdown, rest) =>
        check(markdown, rest, plainDialect, (messages) => {
          assert.equal(lettersOf(messages.map(({ plain }) => plain).join("\n")), lettersOf(markdown));
        }),
      ),
      { numRuns: 300 },
    );
  });

  test("every fence and mark that is opened is closed in the same message", () => {
    fc.assert(
      fc.property(written, limit, (markdown, rest) =>
        check(markdown, rest, marks, (messages) => {
          for (const { text } of messages) assert.deepEqual(openMarks(text), [], text);
        }),
      ),
      { numRuns: 300 },
    );
  });

  test("every range is inside its message", () => {
    fc.assert(
      fc.property(fc.oneof(written, noise), limit, (markdown, rest) =>
        check(markdown, rest, byRange, (messages) => {
          for (const { text, ranges = [] } of messages) {
            assert.ok(ranges.every(({ start, length }) => start >= 0 && length > 0 && start + length <= text.length));
          }
        }),
      ),
      { numRuns: 300 },
    );
  });
});

/** Marks that are still open at the end; throws where one is closed that was not open. */
function openMarks(text: string): string[] {
  const open: string[] = [];
  for (const [, slash, name] of text.replace(/^```.*$/gm, "<f>").matchAll(/<(\/?)([a-z]\d?)\b[^>]*>/g)) {
    if (name === "f") open.at(-1) === "f" ? open.pop() : open.push("f");
    else if (slash) assert.equal(open.pop(), name);
    else open.push(name ?? "");
  }
  return open;
}

describe("10 MB", () => {
  const SIZE = 10 * 1024 * 1024;
  const filled = (with_: string) => with_.repeat(Math.ceil(SIZE / with_.length)).slice(0, SIZE);
  const cases: readonly [what: string, markdown: string][] = [
    ["of words", filled("hello world ")],
    ["of paragraphs", filled("hello **world** and `code` [a](http://b.c)\n\n")],
    ["of one code block", `\`\`\`js\n${filled("let a = 1;\n")}\`\`\``],
    ["of quotes in quotes", filled("> ")],
    ["of lists in lists", filled("- ")],
    ["of ever deeper lists", Array.from({ length: 4500 }, (_, depth) => `${" ".repeat(depth)}- a`).join("\n")],
    ["of brackets", filled("![")],
    ["of marks that may begin or end", filled("_a_")],
    [
      "of code marks of any length",
      filled(Array.from({ length: 1000 }, (_, length) => `${"`".repeat(length)}a`).join("")),
    ],
    ["of marks of any kind", filled("***a_")],
    ["of what may begin a table", filled("x\n|-|-|\n")],
    ["of line ends", filled("a\n")],
    ["of white space", `a${filled(" ")}b`],
  ];

  for (const [what, markdown] of cases) {
    test(`${what} take seconds at most, and no stack`, () => {
      let messages: ReturnType<typeof renderMarkdown> = [];
      const ms = cpuMsOf(() => {
        messages = renderMarkdown(markdown, marks, { rest: 4096 });
      });

      assert.ok(messages.every(({ text }) => text.length <= 4096));
      assert.ok(ms < 12_000, `${ms} ms`);
    });
  }
});
