import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { Refusal } from "../../../kit/http.ts";
import { refusalOf, refused } from "./exchange.ts";

const body = (message: string, type: string) => ({ error: { message, type, param: null, code: null } });

const CASES: readonly [about: string, error: unknown, status: number, body: unknown, headers: object][] = [
  [
    "a bad request is the caller's fault",
    invalidRequest("no such agent"),
    400,
    body("no such agent", "invalid_request_error"),
    {},
  ],
  [
    "a failure is not",
    new GatewayError("UNAVAILABLE", "the model is away"),
    503,
    body("the model is away", "api_error"),
    {},
  ],
  [
    "a failure that may pass says when to try again",
    new GatewayError("UNAVAILABLE", "busy", { retryable: true }),
    503,
    body("busy", "api_error"),
    { "Retry-After": "1" },
  ],
  [
    "the time to wait is whole seconds, rounded up",
    new GatewayError("UNAVAILABLE", "busy", { retryable: true, retryAfterMs: 2_001 }),
    503,
    body("busy", "api_error"),
    { "Retry-After": "3" },
  ],
  [
    "a failure that will not pass does not invite a retry",
    new GatewayError("UNAVAILABLE", "spent", { retryable: false, retryAfterMs: 2_001 }),
    503,
    body("spent", "api_error"),
    {},
  ],
  ["a refusal stays as it is", new Refusal(404, { ok: false }, { A: "b" }), 404, { ok: false }, { A: "b" }],
];
for (const [about, error, ...expected] of CASES) {
  test(about, () => {
    const refusal = refusalOf(error);

    assert.deepEqual([refusal?.status, refusal?.body, refusal?.headers], expected);
  });
}

test("an error that nobody expected is no refusal: its text stays inside", () => {
  assert.deepEqual([new TypeError("x is undefined"), "text", undefined].map(refusalOf), [
    undefined,
    undefined,
    undefined,
  ]);
});

test("a refusal of any status has its kind, and its own words where it has them", () => {
  const refusals = [refused(499, "a"), refused(500, "b"), refused(401, "c", { type: "auth", param: "p", code: "d" })];

  assert.deepEqual(
    refusals.map(({ body }) => body),
    [
      body("a", "invalid_request_error"),
      body("b", "api_error"),
      { error: { message: "c", type: "auth", param: "p", code: "d" } },
    ],
  );
});
