// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the sources that are read hold templates.
// The texts of the web pages: every one can be translated, and each catalogue has them all.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { type WebTexts, webTexts } from "../../scripts/emit/words.ts";
import { problemsOf } from "../../scripts/words/catalogue.ts";
import { edited, readSource } from "../../scripts/words/source.ts";

const WORDS = join(import.meta.dirname, "../../packages/web/src/words");

describe("the catalogues", () => {
  let web: WebTexts;
  before(async () => {
    web = await webTexts();
  });

  test("every text for people goes through a template or `t`", () => {
    assert.deepEqual(web.untranslated, []);
  });

  for (const name of readdirSync(WORDS).filter((file) => /^(?!en)[a-z]{2}\.json$/.test(file)))
    test(`${name} says all that English says`, () => {
      const catalogue = JSON.parse(readFileSync(join(WORDS, name), "utf8"));

      assert.deepEqual(problemsOf(name.slice(0, 2), catalogue, web.texts), []);
    });

  test("a text that is missing, unknown, or has lost a part is named", () => {
    const english = {
      Gone: "Gone",
      "Hello {0}": "Hello {0}",
      "Run <code>x</code>": "Run <code>x</code>",
      "{0} lines": { one: "{0} line", other: "{0} lines" },
    };
    const german = {
      Extra: "Mehr",
      "Hello {0}": "Hallo",
      "Run <code>x</code>": "Starte <code>y</code>",
      "{0} lines": { one: "eine Zeile", many: "{0} Zeilen", other: "Zeilen" },
    };

    assert.deepEqual(problemsOf("de", german, english), [
      "de: “Gone” is missing.",
      "de: “Extra” is not said anywhere; remove it.",
      "de: “Hello {0}” should have {0}, not none.",
      "de: “Run <code>x</code>” should have </code> <code> x, not </code> <code> y.",
      "de: “{0} lines” has no form “many”.",
      "de: “{0} lines” has lost a place in the form “other”.",
    ]);
  });
});

test("the style sheets name no side but by the direction of the text", () => {
  const source = join(WORDS, "..");
  const sheets = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".css"));
  // The middle is the same from both sides, and a table's author has said what stands left.
  const sided =
    /(?<![\w-])(?:(?:margin|padding|border)-)?(?:left|right)(?:-[a-z]+)?:(?! 50%)|text-align: (?:left|right)/;
  const found = sheets.flatMap((file) =>
    readFileSync(join(source, file), "utf8")
      .split(/(?<=\})/)
      .filter((rule) => sided.test(rule) && !rule.includes("[align="))
      .map((rule) => `${file}: ${rule.trim()}`),
  );

  assert.deepEqual(found, []);
});

describe("reading a source", () => {
  const CASES: readonly (readonly [source: string, keys: readonly string[], translatable: string])[] = [
    ["html`<p>Hello</p>`", ["Hello"], 'html`<p>${translatedText("Hello")}</p>`'],
    ["html`<p>\n  Two\n  lines\n</p>`", ["Two lines"], 'html`<p>\n  ${translatedText("Two lines")}\n</p>`'],
    ["html`<p>To ${name} now</p>`", ["To {0} now"], "html`<p>${translatedMarkup`To ${name} now`}</p>`"],
    ["html`Run <code>x</code> now`", ["Run <code>x</code> now"], "translatedMarkup`Run <code>x</code> now`"],
    ["html`<b>Bold</b>`", ["Bold"], 'html`<b>${translatedText("Bold")}</b>`'],
    ["html`<code>moltbot</code> ${x}`", [], "html`<code>moltbot</code> ${x}`"],
    [
      'html`<b title="Why" class="Not me"></b>`',
      ["Why"],
      'html`<b title=${translatedText("Why")} class="Not me"></b>`',
    ],
    [
      'html`<b alt="Of ${a} and ${b}"></b>`',
      ["Of {0} and {1}"],
      'html`<b alt=${translatedText("Of {0} and {1}", a, b)}></b>`',
    ],
    ["html`<p>${plusIcon} Add</p>`", ["Add"], 'html`<p>${plusIcon} ${translatedText("Add")}</p>`'],
    ["html`<a href=${to}>Go</a> there`", ["<a href={0}>Go</a> there"], "translatedMarkup`<a href=${to}>Go</a> there`"],
    [
      "html`<i>${is ? html`<p>In here</p>` : nothing}</i>`",
      ["In here"],
      'html`<i>${is ? html`<p>${translatedText("In here")}</p>` : nothing}</i>`',
    ],
    ["html`<!-- A remark --><style>p { a: b }</style>`", [], "html`<!-- A remark --><style>p { a: b }</style>`"],
  ];
  for (const [source, keys, translatable] of CASES)
    test(source, async () => {
      const read = await readSource(source, "x.ts");

      assert.deepEqual([read.texts.map(({ key }) => key), edited(source, read.edits)], [keys, translatable]);
    });

  test("calls name their texts, also both of a choice, and the forms of what is counted", async () => {
    const read = await readSource(
      't(is ? "Yes" : "No"); said("Later"); plural(n, "{0} line", "{0} lines"); t(label);',
      "x.ts",
    );

    assert.deepEqual(
      read.texts.map(({ key, forms }) => [key, forms]),
      [
        ["Yes", undefined],
        ["No", undefined],
        ["Later", undefined],
        ["{0} lines", { one: "{0} line", other: "{0} lines" }],
      ],
    );
  });

  test("a text that is asked for as the file is loaded is named: it would never change", async () => {
    const source = 'const a = t("Too early");\nconst b = () => t("In time");\nclass C {\n  d = t("In time");\n}';

    const { untranslated } = await readSource(source, "x.ts");

    assert.deepEqual(
      untranslated.map(({ text, line }) => [text, line]),
      [['t("Too early")', 1]],
    );
  });

  test("a text that escapes is named with its line; names of classes, keys and errors of programs are none", async () => {
    const source =
      'const a = b ? "Try it again" : key === "Enter";\nhtml`<p class=${c ? "one two" : ""} title=${d ? "Open" : "Close it"}></p>`;';

    const { untranslated } = await readSource(source, "x.ts");

    assert.deepEqual(
      untranslated.map(({ text, line }) => [text, line]),
      [
        ['"Try it again"', 1],
        ['"Open"', 2],
        ['"Close it"', 2],
      ],
    );
  });
});
