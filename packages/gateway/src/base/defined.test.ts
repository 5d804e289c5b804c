import assert from "node:assert/strict";
import { test } from "node:test";
import { defined } from "./defined.ts";

test("only what is undefined is left out, and the order stays", () => {
  const values = defined({ a: 0, b: undefined, c: "", d: null, e: false });

  assert.deepEqual(Object.entries(values), [
    ["a", 0],
    ["c", ""],
    ["d", null],
    ["e", false],
  ]);
});

test("what may be undefined is optional, and what may not stays required", () => {
  const title = (): string | undefined => "a title";
  const values: { readonly id: string; readonly title?: string } = defined({ id: "1", title: title() });

  // @ts-expect-error -- a title may be missing
  const required: { readonly title: string } = defined({ title: title() });

  assert.deepEqual([values, required], [{ id: "1", title: "a title" }, { title: "a title" }]);
});
