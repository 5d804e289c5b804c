import assert from "node:assert/strict";
import { test } from "node:test";
import { displayWidth } from "./display-width.ts";
import { ago, bytes, createStyle, cut, duration, facts, printable, sanitizeLine, table } from "./render.ts";

const look = { width: 40, style: createStyle(false) };

test("a table aligns its columns and trims the last", () => {
  const columns = [{ title: "Name" }, { title: "Count", align: "right" as const }];

  const text = table(
    columns,
    [
      ["one", "1"],
      ["three", "1000"],
    ],
    look,
  );

  assert.equal(text, ["Name   Count", "one        1", "three   1000"].join("\n"));
});

test("flexible columns give way to the terminal's width", () => {
  const columns = [{ title: "Key", flexible: true }, { title: "When" }];

  const text = table(columns, [["agent:main:a-very-long-session-key-that-goes-on", "2 min ago"]], look);

  assert.equal(text, "Key                            When\nagent:main:a-very-long-sessi…  2 min ago");
});

test("a table that does not fit shows each row as a block, whole and broken between words", () => {
  const columns = [{ title: "" }, { title: "Key" }, { title: "Title", flexible: true }, { title: "When" }];
  const row = ["●", "webchat:3f2a91c0-7a6e-4b1e-9d53", "The long way home", "2 min ago"];

  const text = table(columns, [row, ["", "main", "", "never"]], look);

  assert.equal(
    text,
    [
      "● webchat:3f2a91c0-7a6e-4b1e-9d53",
      "  Title The long way home · When 2 min",
      "  ago",
      "main",
      "  When never",
    ].join("\n"),
  );
});

test("a cell that is cut ends after a word", () => {
  const columns = [{ title: "Tool" }, { title: "What it does", flexible: true }];

  const text = table(columns, [["web_fetch", "Reads an address of the web for the model"]], look);

  assert.equal(text.split("\n")[1], "web_fetch  Reads an address of the web…");
});

test("wide characters count as two columns", () => {
  const rows = [
    ["日本語", "x"],
    ["ab", "y"],
  ];

  const text = table([{ title: "A" }, { title: "B" }], rows, look);

  assert.equal(text, ["A       B", "日本語  x", "ab      y"].join("\n"));
});

test("cells cannot move the cursor or break the line", () => {
  const text = table([{ title: "A" }], [["red\x1b[31m\nalert\x07"]], look);

  assert.equal(text, "A\nred alert");
});

test("facts leave out what is undefined", () => {
  const text = facts(
    [
      ["A", "1"],
      ["Long", undefined],
      ["Bcd", "2"],
    ],
    look,
  );

  assert.equal(text, "A    1\nBcd  2");
});

test("long facts are broken at words below where they begin", () => {
  const text = facts([["Program", "reads what is new and says it in one sentence"]], look);

  assert.equal(text, "Program  reads what is new and says it\n         in one sentence");
});

test("lengths of time are told in their largest unit", () => {
  const cases = [340, 12_000, 300_000, 10_800_000, 172_800_000].map(duration);

  assert.deepEqual(cases, ["340 ms", "12 s", "5 min", "3 h", "2 d"]);
});

test("times are told relative to now", () => {
  const now = 1_000_000_000;

  const cases = [undefined, null, now, now - 120_000].map((at) => ago(at, now));

  assert.deepEqual(cases, ["never", "never", "just now", "2 min ago"]);
});

test("bytes are told in their largest unit", () => {
  const cases = [0, 512, 3_565_158, 78 * 1024 ** 3].map(bytes);

  assert.deepEqual(cases, ["0 B", "512 B", "3.4 MB", "78 GB"]);
});

test("terminal controls are removed from text, line ends and tabs are not", () => {
  const text = printable("a\tb\r\n\x1b]0;title\x07c\x1b[2Jd\u009be");

  assert.equal(text, "a\tb\ncde");
});

test("of a line's codes only our own colours stay", () => {
  const style = createStyle(true);
  const line = `${style.bold("a")} ${style.cyan("b")}`;

  const clean = sanitizeLine(`${line}\x1b[8mc\x1b[2J\x1b]0;title\x07\u009be\u202e\x1b\x1b[32m\td\n`);

  assert.equal(clean, `${line}ce\x1b[32m\td\n`);
});

test("combining marks take no column", () => {
  assert.deepEqual([displayWidth("é"), displayWidth("👍"), displayWidth("ab")], [1, 2, 2]);
});

test("a flexible cell of a block takes at most a line, and others are whole", () => {
  const columns = [{ title: "Key" }, { title: "Text", flexible: true }, { title: "Id" }];
  const id = "x".repeat(45);

  const text = table(columns, [["k".repeat(50), "word ".repeat(20), id]], look);

  assert.ok(text.includes("word…") && text.includes(id) && !text.includes("word ".repeat(9)), text);
});

test("units change where the next one is whole", () => {
  assert.deepEqual([999, 1_000, 59_999, 60_000, 3_599_999, 3_600_000, 172_799_999, 172_800_000].map(duration), [
    ...["999 ms", "1 s", "60 s", "1 min", "60 min", "1 h", "48 h", "2 d"],
  ]);
});

test("a cut right behind a word keeps the word", () => {
  assert.deepEqual(
    [cut("one two three", 8), cut("one two three", 9), cut("onetwothree", 8)],
    [...["one two…", "one two…", "onetwot…"]],
  );
});
