import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseError } from "@moltbot/protocol";
import { isLockedOut, lostBecause, refusal } from "./refusal.ts";

/** A refusal as the gateway words it. */
function refused(message: string, code = "UNAUTHORIZED"): ResponseError {
  return new ResponseError({ code: "INVALID_REQUEST", message, details: { code } });
}

test("before a credential was given there is nothing to complain about", () => {
  assert.equal(refusal(undefined), undefined);
  assert.equal(refusal(refused("unauthorized: token missing", "AUTH_TOKEN_MISSING")), undefined);
});

test("each refusal says what to do", () => {
  assert.match(refusal(refused("device identity required")) ?? "", /only over HTTPS/);
  assert.match(refusal(refused("control ui requires HTTPS or localhost (secure context)")) ?? "", /only over HTTPS/);
  assert.match(refusal(refused("origin not allowed (x)")) ?? "", /allowedOrigins/);
  assert.match(refusal(refused("unauthorized: token mismatch", "AUTH_TOKEN_MISMATCH")) ?? "", /moltbot dashboard/);
});

test("any other refusal, and a connection that failed, are told in their own words", () => {
  assert.equal(refusal(refused("the gateway is full", "FULL")), "The gateway is full.");
  assert.equal(refusal(new Error("no route")), "No route.");
});

test("a lock-out is told apart from a wrong token", () => {
  assert.equal(isLockedOut(refused("too many attempts", "AUTH_RATE_LIMITED")), true);
  assert.equal(isLockedOut(refused("token mismatch", "AUTH_TOKEN_MISMATCH")), false);
  assert.equal(isLockedOut(new Error("AUTH_RATE_LIMITED")), false);
});

test("a connection that was lost says that messages are kept, or why the gateway ended it", () => {
  assert.match(lostBecause(new Error("1006")), /messages are kept/);
  assert.equal(lostBecause(refused("your device was removed")), "Your device was removed.");
});
