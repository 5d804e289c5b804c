import assert from "node:assert/strict";
import { test } from "node:test";
import { isEmptyList } from "./checklist.ts";

const LISTS: readonly (readonly [text: string, expected: boolean])[] = [
  ["", true],
  ["# Tasks\n\n- [ ]\n", true],
  ["## Tasks\r\n* \r\n-", true],
  ["#TODO buy milk", false],
  ["- [ ] buy milk", false],
  ["buy milk", false],
];
for (const [text, expected] of LISTS)
  test(`${JSON.stringify(text)} ${expected ? "asks for nothing" : "asks for something"}`, () => {
    assert.equal(isEmptyList(text), expected);
  });
