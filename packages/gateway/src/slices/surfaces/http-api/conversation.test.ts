import assert from "node:assert/strict";
import { test } from "node:test";
import { conversationOf, type GivenFile, type GivenTurn, readContent, toolTurn } from "./conversation.ts";

const PICTURE: GivenFile = { content: "data:image/png;base64,AAAA" };
const user = (text: string, ...files: GivenFile[]): GivenTurn => ({ role: "user", text, files });
const assistant = (text: string): GivenTurn => ({ role: "assistant", text, files: [] });

const SPLITS: readonly [about: string, turns: GivenTurn[], message: GivenTurn, earlier: number, results: number][] = [
  ["one message is the one to answer", [user("a")], user("a"), 0, 0],
  ["what comes before the last answer is earlier", [user("a"), assistant("b"), user("c")], user("c"), 2, 0],
  ["several parts in a row are one message", [assistant("a"), user("b"), user(" "), user("c")], user("b\n\nc"), 1, 0],
  ["the start of an answer after it is ignored", [user("a"), assistant("b")], user("a"), 0, 0],
  ["blank messages after it are ignored", [user("a"), assistant("b"), user(" ")], user("a"), 0, 0],
  ["a picture alone is a message", [user("a"), assistant("b"), user("", PICTURE)], user("", PICTURE), 2, 0],
  ["files of all parts come along", [user("a", PICTURE), user("b", PICTURE)], user("a\n\nb", PICTURE, PICTURE), 0, 0],
  ["a tool's result beside it is no word of the person", [toolTurn("t", "21", []), user("a")], user("a"), 0, 1],
  [
    "a tool's result alone is answered too",
    [user("a"), assistant("b"), toolTurn("t", "21", [PICTURE])],
    user("", PICTURE),
    2,
    1,
  ],
];
for (const [about, turns, message, earlier, results] of SPLITS) {
  test(about, () => {
    const conversation = conversationOf(turns, []);

    assert.deepEqual(conversation, {
      instructions: "",
      message,
      earlier: turns.slice(0, earlier),
      results: turns.filter(({ tool }) => tool !== undefined).slice(0, results),
    });
  });
}

test("there is nothing to answer when no person has said anything", () => {
  assert.deepEqual(
    [[], [assistant("a")], [user(" \n")]].map((turns) => conversationOf(turns, ["Be brief."])),
    [undefined, undefined, undefined],
  );
});

test("instructions are joined, without blank ones", () => {
  assert.equal(
    conversationOf([user("a")], ["Be brief.", " ", "Use Celsius."])?.instructions,
    "Be brief.\n\nUse Celsius.",
  );
});

const URL = "https://a.example/x.png";
const CONTENTS: readonly [about: string, content: unknown, text: string, ...files: GivenFile[]][] = [
  ["nothing", undefined, ""],
  ["null", null, ""],
  ["a text", "Hello", "Hello"],
  ["no parts", [], ""],
  [
    "texts of every kind",
    ["text", "input_text", "output_text", "summary_text"].map((type) => ({ type, text: "a" })),
    "a\na\na\na",
  ],
  ["a refusal", [{ type: "refusal", refusal: "no" }], "no"],
  ["a picture of chat completions", [{ type: "image_url", image_url: { url: URL } }], "", { content: URL }],
  ["a picture of responses", [{ type: "input_image", image_url: URL }], "", { content: URL }],
  [
    "a picture in a source",
    [{ type: "input_image", source: { type: "base64", media_type: "image/png", data: "AAAA" } }],
    "",
    { content: "AAAA", mimeType: "image/png" },
  ],
  [
    "a file in an object of its own",
    [{ type: "file", file: { filename: "a.txt", file_data: "AAAA" } }],
    "",
    { content: "AAAA", fileName: "a.txt" },
  ],
  [
    "a file beside its type",
    [{ type: "input_file", filename: "a.txt", file_data: "AAAA", media_type: "text/plain" }],
    "",
    { content: "AAAA", fileName: "a.txt", mimeType: "text/plain" },
  ],
  [
    "data and an address: the data",
    [{ type: "input_file", file_data: "AAAA", file_url: URL }],
    "",
    { content: "AAAA" },
  ],
  [
    "text and a picture",
    [
      { type: "text", text: "a" },
      { type: "image_url", image_url: { url: URL } },
    ],
    "a",
    { content: URL },
  ],
];
for (const [about, content, text, ...files] of CONTENTS) {
  test(`content is read: ${about}`, () => {
    assert.deepEqual(readContent(content, "messages[0]"), { text, files });
  });
}

const NO_KIND = "m.content[0] is of a type that agents do not take; send text, pictures or text files.";
const REFUSED: readonly [about: string, content: unknown, message: string][] = [
  ["an object", { type: "text", text: "a" }, "m.content must be a string or a list of parts."],
  ["a part that is none", ["a"], "m.content[0] must be an object with a type."],
  ["a sound", [{ type: "input_audio", input_audio: {} }], NO_KIND],
  ["a text without text", [{ type: "text", text: 4 }], NO_KIND],
  ["a type that is no text", [{ type: ["text"], text: "a" }], NO_KIND],
  [
    "a file by its id",
    [{ type: "file", file: { file_id: "f" } }],
    "m.content[0] has no data; send it as base64 or a data: URL.",
  ],
  [
    "an empty file",
    [{ type: "input_file", file_data: "" }],
    "m.content[0] has no data; send it as base64 or a data: URL.",
  ],
];
for (const [about, content, message] of REFUSED) {
  test(`content is refused: ${about}`, () => {
    assert.throws(
      () => readContent(content, "m"),
      (error: { status?: number; body?: { error: { message: string } } }) => {
        assert.deepEqual([error.status, error.body?.error.message], [400, message]);
        return true;
      },
    );
  });
}

test("a tool's result bears the name of its tool, or that it is the caller's", () => {
  assert.deepEqual(
    ["look", "", undefined, 4].map((name) => toolTurn(name, "21", []).tool),
    ["look", "of the caller", "of the caller", "of the caller"],
  );
});
