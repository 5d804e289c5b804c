// Texts in another language: places in another order, plurals, numbers, and templates.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import "./languages.ts";
import { dates, numbers } from "./formatters.ts";
import { listed } from "./list.ts";
import { markup } from "./markup.ts";
import { plural, t, useTexts } from "./t.ts";

const TEXTS = {
  "{0} of {1}": "{1}، منها {0}",
  "{0} lines": { zero: "لا سطور", one: "سطر", two: "سطران", few: "{0} سطور", many: "{0} سطرًا", other: "{0} سطر" },
  "Run <code>{0}</code> on {1}": "على {1} اكتب <code>{0}</code>",
};

const name = "x";
const template = () => markup`Run <code>${"ls"}</code>
  on ${name}`;

before(() => useTexts({ language: "ar", locale: "ar-u-nu-latn", texts: TEXTS }));
after(() => useTexts({ language: "en", locale: "en", texts: {} }));

test("values stand where the language has them", () => {
  assert.equal(t("{0} of {1}", 3, 1_234_567), "1,234,567، منها 3");
});

test("Arabic has six forms of what is counted", () => {
  const said = [0, 1, 2, 3, 11, 100].map((count) => plural(count, "{0} line", "{0} lines"));

  assert.deepEqual(said, ["لا سطور", "سطر", "سطران", "3 سطور", "11 سطرًا", "100 سطر"]);
});

test("a text that the catalogue lacks is English", () => {
  assert.deepEqual([t("Never said"), plural(2, "{0} day", "{0} days")], ["Never said", "2 days"]);
});

test("a text that every object has under its name is no translation", () => {
  assert.deepEqual(
    [t("constructor"), t("toString", 1), plural(2, "a", "valueOf")],
    ["constructor", "toString", "valueOf"],
  );
});

test("a template has its expressions in the order of the language, and is made once", () => {
  const [one, other] = [template(), template()];

  assert.deepEqual([...one.strings], ["على ", " اكتب <code>", "</code>"]);
  assert.deepEqual(one.values, ["x", "ls"]);
  assert.equal(one.strings, other.strings);
});

test("in English a template is handed through as it is", () => {
  useTexts({ language: "en", locale: "en", texts: {} });
  const strings = ((given: TemplateStringsArray, ..._values: unknown[]) => given)`Run ${0} now`;

  assert.equal(markup(strings, 1).strings, strings);
});

test("formatters follow the language", () => {
  const [price, day] = [numbers({ style: "currency", currency: "USD" }), dates({ month: "long", timeZone: "UTC" })];
  const inLanguage = (language: string) => {
    useTexts({ language, locale: language, texts: {} });
    return [price.format(1234.5), day.format(0), listed(["a", "b", "c"], "or"), t("{0}", 12345.6)];
  };

  assert.deepEqual(inLanguage("de"), ["1.234,50\u00a0$", "Januar", "a, b oder c", "12.345,6"]);
  assert.deepEqual(inLanguage("en"), ["$1,234.50", "January", "a, b or c", "12345.6"]);
});
