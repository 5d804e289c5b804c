import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whatsappMarks as marks } from "./format.ts";

describe("WhatsApp's marks", () => {
  const CASES = [
    ["bold", marks.bold("loud"), "*loud*"],
    ["italic", marks.italic("soft"), "_soft_"],
    ["struck out", marks.strike("gone"), "~gone~"],
    ["code", marks.code("x = 1"), "`x = 1`"],
    ["code that holds a mark", marks.code("a `b` c"), "a `b` c"],
    ["a heading", marks.heading("The *end*", 2), "*The end*"],
    ["a link", marks.link("the docs", "https://example.com"), "the docs (https://example.com)"],
    ["a link that is its own label", marks.link("https://example.com", "https://example.com"), "https://example.com"],
    ["a quote", marks.quote("one\ntwo"), "> one\n> two"],
    ["a block of code", marks.fence("a\nb", "ts"), "```\na\nb\n```"],
    ["bold over several lines", marks.bold("one\n\ntwo"), "*one*\n\n*two*"],
    ["bold with space around", marks.bold(" one "), " *one* "],
  ] as const;
  for (const [name, written, expected] of CASES) {
    test(`${name} is ${JSON.stringify(expected)}`, () => {
      assert.equal(written, expected);
    });
  }
});
