import assert from "node:assert/strict";
import { test } from "node:test";
import { wordFor } from "./word-for.ts";

test("a word that only a newer gateway knows is shown as it came", () => {
  const words: Record<string, string> = { found: "this machine" };

  const said = ["found", "cloud", "toString"].map((word) => wordFor(words, word));

  assert.deepEqual(said, ["this machine", "cloud", "toString"]);
});
