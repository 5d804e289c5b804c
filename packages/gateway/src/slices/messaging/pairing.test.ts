import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { Bus } from "../../base/bus.ts";
import { openStore } from "../../base/store.ts";
import { Pairing } from "./pairing.ts";
import { tables } from "./tables.ts";

const key = { channel: "telegram", account: "default" };

function fresh() {
  const clock = new FakeClock();
  const store = openStore(":memory:", [tables]);
  return { clock, pairing: new Pairing({ clock, store, bus: new Bus() }) };
}

/** The code that a stranger gets. */
function codeFor(pairing: Pairing, id: string): string {
  const answer = pairing.request(key, { id });
  if (typeof answer === "string") throw new Error(answer);
  return answer.code;
}

test("a stranger gets a code of eight unmistakable characters, once", () => {
  const { pairing } = fresh();
  const code = codeFor(pairing, "1");

  assert.match(code, /^[A-HJ-NP-Z2-9]{8}$/);
  assert.equal(pairing.request(key, { id: "1" }), "known");
});

test("three strangers wait at most", () => {
  const { pairing } = fresh();
  for (const id of ["1", "2", "3"]) codeFor(pairing, id);

  assert.equal(pairing.request(key, { id: "4" }), "full");
});

test("a code lasts an hour", () => {
  const { clock, pairing } = fresh();
  const code = codeFor(pairing, "1");
  clock.advance(60 * 60_000 + 1);

  assert.throws(() => pairing.approve("telegram", code), /no pending request with that code/);
  assert.deepEqual(pairing.list().pending, []);
});

test("a code lets in whoever has it, in any case, on its channel only", () => {
  const { pairing } = fresh();
  const code = codeFor(pairing, "1");

  assert.throws(() => pairing.approve("discord", code), /no pending request/);
  assert.equal(pairing.approve("telegram", ` ${code.toLowerCase()} `).id, "1");
  assert.equal(pairing.isPaired("telegram", ["1"]), true);
  assert.throws(() => pairing.approve("telegram", code), /no pending request/);
});

test("who was let in can be shut out", () => {
  const { pairing } = fresh();
  pairing.approve("telegram", codeFor(pairing, "1"));

  assert.equal(pairing.revoke("telegram", "1"), true);
  assert.equal(pairing.isPaired("telegram", ["1"]), false);
  assert.equal(pairing.revoke("telegram", "1"), false);
});
