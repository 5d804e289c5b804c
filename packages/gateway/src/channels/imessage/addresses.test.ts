import assert from "node:assert/strict";
import { test } from "node:test";
import { chatIdOf, partsOf, senderOf, servedHandle } from "./addresses.ts";

test("a sender is proven only when everything that is told of the service is iMessage", () => {
  assert.deepEqual(senderOf("+1 555", ["iMessage", undefined, ""]), { id: "+1555" });
  assert.deepEqual(senderOf("+1 555", ["iMessage", "any"]), { id: "+1555" });
  for (const [services, id] of [
    [["SMS"], "sms:+1555"],
    [["iMessage", "SMS"], "sms:+1555"],
    [["RCS", "iMessage"], "rcs:+1555"],
    [["any"], "unknown:+1555"],
    [[], "unknown:+1555"],
    [[7, undefined], "unknown:+1555"],
  ] as const)
    assert.deepEqual(senderOf("+1 555", services), { id, isUnproven: true });
});

test("a conversation has the id of its person, with the service where that proves nobody; a group keeps its guid", () => {
  assert.deepEqual(
    ["iMessage;-;+1 555", "any;-;Ann@Example.com", "SMS;-;+1555", "iMessage;+;chat4", "odd"].map(chatIdOf),
    ["+1555", "ann@example.com", "sms:+1555", "iMessage;+;chat4", "odd"],
  );
  assert.deepEqual(partsOf("SMS;+;chat4"), { service: "SMS", isGroup: true, rest: "chat4" });
  assert.deepEqual([partsOf("SMS;x;chat4"), partsOf(";-;+1"), partsOf("SMS;-;")], [undefined, undefined, undefined]);
});

test("a handle names its service, or is one of iMessage", () => {
  assert.deepEqual(servedHandle("SMS:+1555"), { service: "sms", handle: "+1555" });
  assert.deepEqual(servedHandle("tel:+1555"), { service: "imessage", handle: "tel:+1555" });
  assert.deepEqual(servedHandle(" +1555"), { service: "imessage", handle: " +1555" });
});
