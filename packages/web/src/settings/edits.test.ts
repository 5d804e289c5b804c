import assert from "node:assert/strict";
import { test } from "node:test";
import { type Edits, isConflict, kept, shownIn, withEdit, without } from "./edits.ts";
import type { Field } from "./fields.ts";

/** A setting with what the file says of it. */
function field(inFile: unknown, more: object = {}): Field {
  return { path: "a.b", keys: ["a", "b"], inFile, value: 7, kind: { kind: "number" }, ...more } as unknown as Field;
}

const NONE: Edits = new Map();

test("a change waits until it is one no more: back to what the file says, or taken out", () => {
  const changed = withEdit(NONE, field(1), 2);

  assert.deepEqual([...changed], [["a.b", { keys: ["a", "b"], value: 2, base: "1" }]]);
  assert.deepEqual([...withEdit(changed, field(1), 1)], []);
  assert.deepEqual([...without(changed, "a.b")], []);
  assert.deepEqual([...without(changed, "a.c")], [...changed]);
  assert.deepEqual([...NONE], []);
});

test("a new secret always counts: what is set is not known here", () => {
  const secret = field("__REDACTED__", { kind: { kind: "secret" } });

  assert.equal(withEdit(NONE, secret, "__REDACTED__").size, 1);
});

test("it is a conflict when somebody else has changed the place to something else meanwhile", () => {
  const edit = withEdit(NONE, field(1), 2).get("a.b");

  assert.deepEqual(
    [
      isConflict(field(1), edit),
      isConflict(field(3), edit),
      isConflict(field(2), edit),
      isConflict(field(3), undefined),
    ],
    [false, true, false, false],
  );
});

test("a change that is kept counts against what the file says now", () => {
  const edits = withEdit(NONE, field(1), 2);

  assert.equal(kept(edits, field(3)).get("a.b")?.base, "3");
  assert.equal(kept(edits, field(2)).size, 0);
  assert.equal(kept(NONE, field(3)), NONE);
});

test("a field shows the change that waits, else what the file says, else what counts", () => {
  const edit = withEdit(NONE, field(1), 2).get("a.b");

  assert.deepEqual(
    [shownIn(field(1), edit), shownIn(field(1), undefined), shownIn(field(undefined), undefined)],
    ["2", "1", "7"],
  );
});
