import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOfPage, addressOfSession, placeOf } from "./address.ts";

const PAGES = ["logs", "channels"];

for (const [hash, place] of [
  ["", { view: "chat" }],
  ["#", { view: "chat" }],
  ["#nowhere", { view: "chat" }],
  ["#chat/agent:main:main", { view: "chat", sessionKey: "agent:main:main" }],
  ["#chat/", { view: "chat", sessionKey: undefined }],
  ["#chat/%E0%A4%A", { view: "chat", sessionKey: undefined }],
  ["#logs", { view: "logs", rest: undefined }],
  ["#channels/telegram/a%20b", { view: "channels", rest: "telegram/a b" }],
] as const)
  test(`the address “${hash}” is ${JSON.stringify(place)}`, () => assert.deepEqual(placeOf(hash, PAGES), place));

test("an address leads back to the place that it was made of, whatever stands in a name", () => {
  const keys = ["agent:main:main", "agent:main:a b/c", "agent:main:ü@host#?%"];

  assert.deepEqual(
    keys.map((key) => placeOf(addressOfSession(key), PAGES).sessionKey),
    keys,
  );
  assert.deepEqual(
    keys.map((key) => placeOf(addressOfPage("logs", key), PAGES).rest),
    keys,
  );
  assert.deepEqual(
    [addressOfPage("logs", ""), addressOfSession("agent:main:a b")],
    ["#logs", "#chat/agent:main:a%20b"],
  );
});
