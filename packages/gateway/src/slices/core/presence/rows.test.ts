import assert from "node:assert/strict";
import { test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../../../../../../test/fakes/clock.ts";
import type { Caller } from "../../../kit/access.ts";
import { Rows } from "./rows.ts";

const MINUTE = 60_000;

function setUp() {
  const clock = new FakeClock();
  return { clock, presence: new Rows({ clock, self: () => ({ text: "Gateway: self", mode: "gateway" }) }) };
}

function caller(change: { connId?: string; deviceId?: string; mode?: string; instanceId?: string; scopes?: string[] }) {
  const { connId = "c1", deviceId, mode = "ui", instanceId, scopes = ["operator.read"] } = change;
  const client = { id: "test", mode, version: "1", platform: "linux", ...(instanceId && { instanceId }) };
  return { connId, deviceId, role: "operator", scopes: new Set(scopes), client } as unknown as Caller;
}

/** The rows that are not the gateway's own. */
const others = (presence: Rows) => presence.list().slice(1);

test("the gateway's own row is always first, and always fresh", () => {
  const { clock, presence } = setUp();
  clock.advance(10 * MINUTE);

  assert.deepEqual(presence.list(), [{ text: "Gateway: self", mode: "gateway", ts: FAKE_EPOCH + 10 * MINUTE }]);
});

test("rows are newest first", () => {
  const { clock, presence } = setUp();
  for (const instanceId of ["a", "b", "c"]) {
    presence.beacon({ text: "x", instanceId });
    clock.advance(1);
  }

  assert.deepEqual(
    others(presence).map(({ instanceId }) => instanceId),
    ["c", "b", "a"],
  );
});

test("command lines are not tracked", () => {
  const { presence } = setUp();

  assert.equal(presence.connected(caller({ mode: "cli" }), undefined), false);
  assert.equal(presence.disconnected("c1"), false);
  assert.deepEqual(others(presence), []);
});

test("two connections of a device share a row; it has left when the last of them has", () => {
  const { presence } = setUp();
  presence.connected(caller({ connId: "c1", deviceId: "D" }), undefined);
  presence.connected(caller({ connId: "c2", deviceId: "D", scopes: ["operator.write"] }), undefined);

  presence.disconnected("c1");
  const between = others(presence);
  presence.disconnected("c2");

  assert.equal(between.length, 1);
  assert.equal(between[0]?.reason, "connect");
  assert.deepEqual(between[0]?.scopes, ["operator.read", "operator.write"]);
  assert.equal(others(presence)[0]?.reason, "disconnect");
});

test("connections without device and instance have a row each", () => {
  const { presence } = setUp();

  presence.connected(caller({ connId: "c1" }), undefined);
  presence.connected(caller({ connId: "c2" }), undefined);

  assert.equal(others(presence).length, 2);
});

test("a row without connection goes after five minutes, one with a connection stays", () => {
  const { clock, presence } = setUp();
  presence.connected(caller({ instanceId: "stays" }), undefined);
  presence.beacon({ text: "x", instanceId: "goes" });

  clock.advance(5 * MINUTE);
  const inTime = others(presence).length;
  clock.advance(1);

  assert.equal(inTime, 2);
  assert.deepEqual(
    others(presence).map(({ instanceId }) => instanceId),
    ["stays"],
  );
});

test("a beacon's text fills in what its fields leave out", () => {
  const { presence } = setUp();

  presence.beacon({
    text: "Node: Desk (192.168.1.2) · app 2026.1 · last input 12s ago · mode ui · reason periodic",
    mode: "remote",
  });

  assert.deepEqual(others(presence), [
    {
      host: "Desk",
      ip: "192.168.1.2",
      version: "2026.1",
      lastInputSeconds: 12,
      mode: "remote",
      reason: "periodic",
      text: "Node: Desk (192.168.1.2) · app 2026.1 · last input 12s ago · mode ui · reason periodic",
      ts: FAKE_EPOCH,
    },
  ]);
});

const KEYS: readonly [what: string, first: object, second: object, rows: number][] = [
  ["the device before the instance", { deviceId: "D", instanceId: "1" }, { deviceId: "d", instanceId: "2" }, 1],
  ["the instance before the host", { instanceId: "I", host: "a" }, { instanceId: "i", host: "b" }, 1],
  ["the host before the address", { host: "H", ip: "1" }, { host: "h", ip: "2" }, 1],
  ["the address before the text", { ip: "1", text: "a" }, { ip: "1", text: "b" }, 1],
  ["the text alone", { text: "a" }, { text: "b" }, 2],
];
for (const [what, first, second, rows] of KEYS) {
  test(`a row is known by ${what}, in any case`, () => {
    const { presence } = setUp();

    presence.beacon({ text: "x", ...first });
    presence.beacon({ text: "x", ...second });

    assert.equal(others(presence).length, rows);
  });
}

test("a beacon tells what was known before and what is known now", () => {
  const { presence } = setUp();
  presence.beacon({ text: "x", host: "Desk", version: "1" });

  const { before, after } = presence.beacon({ text: "y", host: "desk", version: "2" });

  assert.deepEqual([before?.version, after.version], ["1", "2"]);
});

test("200 rows are kept; the oldest go", () => {
  const { clock, presence } = setUp();
  for (let i = 0; i < 205; i++) {
    presence.beacon({ text: "x", instanceId: `i${i}` });
    clock.advance(1);
  }

  const rows = others(presence);

  assert.equal(rows.length, 200);
  assert.equal(rows.at(-1)?.instanceId, "i5");
});
