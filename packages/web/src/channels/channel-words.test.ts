import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccountSnapshot } from "@moltbot/protocol";
import { accountLabel, factsOf, labelOf, outcomeOf, stateOf } from "./channel-words.ts";

function account(more: Partial<AccountSnapshot>): AccountSnapshot {
  return { accountId: "default", enabled: true, state: "connected", queued: 0, unknown: 0, ...more } as AccountSnapshot;
}

for (const [given, tone, words] of [
  [{ state: "connected" }, "good", "Connected"],
  [{ state: "starting" }, "busy", "Connecting"],
  [{ state: "waiting", nextAttemptAt: 0 }, "busy", "Trying again"],
  [{ state: "failed" }, "bad", "Failed"],
  [{ state: "unconfigured" }, "bad", "Not ready"],
  [{ state: "unconfigured", linked: false }, "busy", "Not linked"],
  [{ state: "stopped" }, "off", "Stopped"],
  [{ state: "disabled" }, "off", "Switched off"],
] as const)
  test(`an account that is ${JSON.stringify(given)} is shown as ${words}`, () => {
    assert.deepEqual(stateOf(account(given)), { tone, words });
  });

test("an account that waits says when it tries next", () => {
  const { words } = stateOf(account({ state: "waiting", nextAttemptAt: Date.now() + 30_000 }));

  assert.match(words, /^Next try in (29|30) s$/);
});

for (const [given, tone, words] of [
  [{ outcome: "replied" }, "good", "Answered"],
  [{ outcome: "noted" }, "off", "Noted"],
  [{ outcome: "suppressed" }, "busy", "Not answered"],
  [{ outcome: "unread" }, "off", "Not readable here"],
  [{ outcome: "failed" }, "bad", "Failed"],
  [{ outcome: "expired" }, "bad", "Too late"],
  [{ state: "running" }, "busy", "Being answered"],
  [{ state: "received" }, "busy", "Waiting"],
] as const)
  test(`a message with ${JSON.stringify(given)} is shown as ${words}`, () => {
    assert.deepEqual(outcomeOf({ state: "done", ...given }), { tone, words });
  });

test("an account tells who it is, when something came and went, and what waits; nothing of what is not known", () => {
  const now = Date.now();
  const busy = account({ self: { id: "7", name: "Molty" }, lastInboundAt: now, lastOutboundAt: now, queued: 2 });

  assert.equal(factsOf(busy), "Molty · last in just now · last out just now · 2 waiting to be sent");
  assert.equal(factsOf(account({ self: { id: "7" } })), "7");
  assert.equal(factsOf(account({})), "");
});

test("an account and a channel have the names that people gave them, and those of their ids otherwise", () => {
  const known = [{ id: "whatsapp", label: "WhatsApp" }];

  const labels = [{}, { accountId: "work" }, { accountId: "work", name: "Shop" }].map((each) =>
    accountLabel(account(each)),
  );

  assert.deepEqual(labels, ["", "work", "Shop"]);
  assert.deepEqual([labelOf(known, "whatsapp"), labelOf(known, "matrix")], ["WhatsApp", "Matrix"]);
});
