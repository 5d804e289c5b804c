import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Type } from "@sinclair/typebox";
import { defineSettings } from "../settings.ts";
import { checkKeysAndAddresses } from "./keys-and-addresses.ts";
import { Address, Secret, SecretLine, SecretText } from "./schema.ts";

const schema = Type.Object({
  key: Type.Optional(Secret),
  keys: Type.Optional(Type.Array(Secret)),
  line: Type.Optional(SecretLine),
  env: Type.Optional(Type.Record(Type.String(), SecretText)),
  url: Type.Optional(Address),
  words: Type.Optional(Type.Array(Type.String({ format: "pattern" }))),
});

describe("a setting", () => {
  const CASES: readonly [what: string, given: object, value: object, problems: readonly string[]][] = [
    ["that is a key loses white space around it", { key: " abc\n" }, { key: "abc" }, []],
    ["that is a password keeps its blanks", { line: "a b " }, { line: "a b " }, []],
    ["that is an environment's value may be anything", { env: { A: "a\nb" } }, { env: { A: "a\nb" } }, []],
    ["that holds NUL is named, whatever it is", { env: { A: "a\0" } }, { env: { A: "a\0" } }, ["x.env.A"]],
    ["with a line break is named", { key: "a\nb" }, { key: "a\nb" }, ["x.key"]],
    ["with blanks is named, in a list too", { keys: ["a", "b c"] }, { keys: ["a", "b c"] }, ["x.keys.1"]],
    ["of other letters is named", { key: "schlüssel" }, { key: "schlüssel" }, ["x.key"]],
    ["that is no address is named", { url: "localhost:80" }, { url: "localhost:80" }, ["x.url"]],
    ["that is an address of another kind is named", { url: "ftp://a/" }, { url: "ftp://a/" }, ["x.url"]],
    ["that is an address with a password is named", { url: "http://a:b@c/" }, { url: "http://a:b@c/" }, ["x.url"]],
    [
      "that looks ahead is named",
      { words: ["a", "(?=a)b", "[(?=]", "(a)\\1"] },
      { words: ["a", "(?=a)b", "[(?=]", "(a)\\1"] },
      ["x.words.1", "x.words.3"],
    ],
  ];
  for (const [what, given, value, problems] of CASES)
    test(what, () => {
      const sound = checkKeysAndAddresses(schema, given, "x");

      assert.deepEqual(sound.value, value);
      assert.deepEqual(
        sound.problems.map(({ path }) => path),
        problems,
      );
      for (const { message } of sound.problems) assert.doesNotMatch(message, /schlüssel|localhost|ftp:|a:b/);
    });

  test("that cannot be used is a warning: the file stays valid and the gateway starts", () => {
    const section = defineSettings({ path: "x", summary: "x", reload: "live", schema });

    const { issues, warnings } = section.parse({ key: "a\nb" });

    assert.deepEqual(issues, []);
    assert.deepEqual(warnings, [
      { path: "x.key", message: "holds a line break, which no key does; copy the key again, on one line" },
    ]);
  });
});
