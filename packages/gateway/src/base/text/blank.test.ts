import assert from "node:assert/strict";
import { test } from "node:test";
import { isBlank } from "./blank.ts";

test("a text is blank exactly where nothing is left of it without white space", () => {
  for (const text of ["", " ", "\n\t \u00a0\u3000\ufeff", "a", " a ", "\u200b", "\u2028"])
    assert.equal(isBlank(text), text.trim() === "", JSON.stringify(text));
});
