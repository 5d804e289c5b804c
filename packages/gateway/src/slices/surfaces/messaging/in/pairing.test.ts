import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../../test/fakes/clock.ts";
import { Bus } from "../../../../base/bus.ts";
import { openStore } from "../../../../base/store/store.ts";
import { accountId } from "../../../../kit/party.ts";
import { tables } from "../tables.ts";
import { Pairing } from "./pairing.ts";

const key = { channel: "telegram", account: "default" };

function fresh() {
  const clock = new FakeClock();
  const store = openStore(":memory:", [tables]);
  return { clock, pairing: new Pairing({ clock, store, bus: new Bus() }) };
}

/** The code that a stranger gets. */
function codeFor(pairing: Pairing, id: string, account = key): string {
  const answer = pairing.request(account, { id: accountId(id) });
  if (typeof answer === "string") throw new Error(answer);
  return answer.code;
}

test("a stranger gets a code of eight unmistakable characters, once", () => {
  const { pairing } = fresh();
  const code = codeFor(pairing, "1");

  assert.match(code, /^[A-HJ-NP-Z2-9]{8}$/);
  assert.equal(pairing.request(key, { id: accountId("1") }), "known");
});

test("however many wait, the next stranger gets a code, and the oldest of the account makes room", () => {
  const { clock, pairing } = fresh();
  const other = codeFor(pairing, "other", { channel: "telegram", account: "work" });
  const codes = Array.from({ length: 101 }, (_, index) => {
    clock.advance(1);
    return codeFor(pairing, String(index));
  });

  const pending = pairing.list("telegram").pending.map(({ code }) => code);

  assert.deepEqual(pending, [...codes.slice(1).reverse(), other]);
});

test("a person is let in and shut out under every id that the platform proves", () => {
  const { pairing } = fresh();
  pairing.request(key, { id: accountId("900001@lid") });
  pairing.approve("telegram", pairing.list().pending[0]!.code);

  const isKnown = pairing.isPaired("telegram", ["+1555", "900001@lid"]);
  const isKnownByNumber = pairing.isPaired("telegram", ["+1555"]);
  const isRemoved = pairing.revoke("telegram", "+1555");

  assert.deepEqual([isKnown, isKnownByNumber, isRemoved], [true, true, true]);
  assert.equal(pairing.isPaired("telegram", ["+1555", "900001@lid"]), false);
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
