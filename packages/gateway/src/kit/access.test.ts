import assert from "node:assert/strict";
import { test } from "node:test";
import { hasScope } from "./access.ts";

const cases: readonly [held: string[], wanted: string, allowed: boolean][] = [
  [["operator.read"], "operator.read", true],
  [["operator.write"], "operator.read", true],
  [["operator.read"], "operator.write", false],
  [["operator.admin"], "operator.pairing", true],
  [["operator.admin"], "operator.admin", true],
  [["operator.pairing", "operator.approvals"], "operator.read", false],
  [["operator.read", "operator.write", "operator.pairing", "operator.approvals"], "operator.admin", false],
  [[], "operator.read", false],
];

for (const [held, wanted, allowed] of cases) {
  test(`${held.join(" and ") || "nothing"} ${allowed ? "allows" : "does not allow"} ${wanted}`, () => {
    assert.equal(hasScope(new Set(held), wanted), allowed);
  });
}
