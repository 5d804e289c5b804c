import assert from "node:assert/strict";
import { test } from "node:test";
import { pressedOf } from "./pressed.ts";

const KEY = `canvas-${"0123456789abcdef".repeat(2)}`;
const TOLD = "[Somebody pressed a button.]\n\n";

test("a press is read from its run's message, and from no other", () => {
  const action = JSON.stringify({ name: "apply", surfaceId: "main", context: { scene: "Dinner\nfor two", count: 2 } });

  assert.deepEqual(pressedOf(KEY, TOLD + action), { name: "apply", context: "scene: Dinner\nfor two\ncount: 2" });
  assert.deepEqual(pressedOf(KEY, `${TOLD}{"name":"x"}`), { name: "x", context: "" });
  assert.equal(pressedOf("another-key", TOLD + action), undefined);
  assert.equal(pressedOf(undefined, TOLD + action), undefined);
  assert.equal(pressedOf(KEY, "no action"), undefined);
});
