// Small changes of a source, each of which a good test notices.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mutated, mutationsOf } from "../../scripts/mutate/mutations.ts";

const changesOf = async (source: string) => (await mutationsOf(source)).map((mutation) => mutated(source, mutation));

const CASES: readonly (readonly [what: string, source: string, changes: readonly string[]])[] = [
  ["a comparison", "const a = b < c;", ["const a = b <= c;"]],
  ["a connection of conditions", "const a = b && c;", ["const a = b || c;"]],
  ["a negation", "const a = !b;", ["const a = b;"]],
  ["a constant", "const a = true;", ["const a = false;"]],
  ["a number", "const a = 5;", ["const a = (5 + 1);"]],
  ["a statement", "run(a);", [";"]],
  ["a condition", "if (a) b = c;", ["if (!(a)) b = c;", "if (a) ;"]],
  ["types change nothing", "type A = 1 | true; const a: 5 = b;", []],
];
for (const [what, source, changes] of CASES)
  test(what, async () => {
    assert.deepEqual(await changesOf(source), changes);
  });
