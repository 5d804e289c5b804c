import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { closeReason, refusal, sendProblem } from "./errors.ts";

/** As the library throws. */
function coded(statusCode: number, data?: unknown): Error {
  return Object.assign(new Error(`code ${statusCode}`), { output: { statusCode }, data });
}

describe("the end of a connection", () => {
  const CASES = [
    [401, "logged-out"],
    [403, "banned"],
    [405, "unavailable"],
    [408, "network"],
    [411, "logged-out"],
    [428, "network"],
    [440, "replaced"],
    [500, "network"],
    [503, "network"],
    [515, "network"],
  ] as const;
  for (const [code, kind] of CASES) {
    test(`with ${code} is ${kind}, in one sentence`, () => {
      const { kind: told, message } = closeReason(coded(code));

      assert.equal(told, kind);
      assert.match(message, /^[A-Z].*\.$/);
    });
  }

  test("by a removal on the phone is a logout, whatever the library makes of it", () => {
    const removed = { tag: "conflict", attrs: { type: "device_removed" } };

    assert.equal(closeReason(coded(440, removed)).kind, "logged-out");
  });

  test("without an error is of the network", () => {
    assert.equal(closeReason(undefined).kind, "network");
  });
});

describe("a message that cannot be sent", () => {
  test("is refused for good where the service says so", () => {
    assert.deepEqual(
      ["463", "479", "420"].map((code) => refusal(code).kind),
      ["rejected", "rejected", "rejected"],
    );
    assert.deepEqual(
      [403, 404].map((code) => sendProblem(coded(500, code)).kind),
      ["rejected", "rejected"],
    );
  });

  test("was not sent where the connection was gone", () => {
    assert.equal(sendProblem(coded(428)).kind, "not-sent");
  });
});
