import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuMsOf } from "../../../../../../../test/support/cpu-time.ts";
import { familyOf } from "./names.ts";

test("a program is known without folder, version and ending", () => {
  const families = ["/usr/bin/python3.12", "BASH.exe", "node-20", "42"].map(familyOf);

  assert.deepEqual(families, ["python", "bash", "node", "42"]);
});

test("a name that no file can have is not looked into", () => {
  const name = `${"1".repeat(200_000)}x`;

  const ms = cpuMsOf(() => assert.equal(familyOf(name), name));

  assert.ok(ms < 1_000, `${ms} ms`);
});
