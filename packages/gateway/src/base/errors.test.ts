import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { detailOf, GatewayError, messageOf, onUnexpected, TellableError } from "./errors.ts";

const SECRET = "sk-live-1234567890";

describe("people are told", () => {
  const CASES: readonly [what: string, error: unknown, told: string | RegExp][] = [
    ["our own sentence", new TellableError("it is full"), "it is full"],
    ["that of an answer of ours", new GatewayError("UNAVAILABLE", "try again"), "try again"],
    [
      "ours behind a library's",
      new Error(SECRET, { cause: new TellableError("it took too long") }),
      "it took too long",
    ],
    ["a known failure", Object.assign(new Error(SECRET), { code: "ECONNREFUSED" }), "nobody answers at that address"],
    [
      "a known failure behind another",
      new TypeError("fetch failed", { cause: Object.assign(new Error(SECRET), { code: "ENOTFOUND" }) }),
      "there is no host of that name",
    ],
    ["that time was up", new DOMException(SECRET, "TimeoutError"), "it took too long"],
    [
      "a reference for anything else",
      new TypeError(`Headers.append: "${SECRET}" is invalid`),
      /^an unexpected error happened; the log says more under e-[0-9a-f]{8}$/,
    ],
    ["a reference for what is no error", SECRET, /under e-[0-9a-f]{8}$/],
    [
      "a reference for a code of somebody's own",
      Object.assign(new Error(SECRET), { code: SECRET }),
      /under e-[0-9a-f]{8}$/,
    ],
  ];
  for (const [what, error, told] of CASES)
    test(what, () => {
      const message = messageOf(error);

      if (typeof told === "string") assert.equal(message, told);
      else assert.match(message, told);
      assert.ok(!message.includes(SECRET));
    });
});

test("the log has an error under the reference that people were given, once, the same for the same failure", () => {
  const seen: [unknown, string][] = [];
  using _watching = onUnexpected((error, reference) => seen.push([error, reference]));
  const error = new Error("odd");

  const [first, again, other] = [messageOf(error), messageOf(error), messageOf(new Error("odd"))];

  assert.deepEqual([first, first], [again, other]);
  assert.equal(seen.length, 2);
  assert.equal(seen[0]?.[0], error);
  assert.ok(first.endsWith(seen[0]![1]));
  assert.equal(detailOf(error), "odd");
});
