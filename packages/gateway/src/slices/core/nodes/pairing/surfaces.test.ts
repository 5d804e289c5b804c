import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../../test/fakes/clock.ts";
import { openStore } from "../../../../base/store/store.ts";
import type { Base } from "../../../../kit/base.ts";
import type { LiveNode } from "../registry.ts";
import { tables } from "../tables.ts";
import { Surfaces } from "./surfaces.ts";

function stage() {
  const store = openStore(":memory:", [tables]);
  const clock = new FakeClock() as unknown as Base["clock"];
  return { surfaces: new Surfaces({ store, clock }), [Symbol.dispose]: () => store[Symbol.dispose]() };
}

function node(protocol: 3 | 4, ...commands: string[]): LiveNode {
  return { caller: { deviceId: "box", protocol, caps: ["system"], declared: { commands } } } as unknown as LiveNode;
}

test("a node of protocol 3 needs no approval until it has spoken protocol 4", () => {
  using stageOf = stage();
  const { surfaces } = stageOf;

  const before = [surfaces.declared(node(3, "system.run")), surfaces.approved("box")];
  surfaces.declared(node(4, "system.run"));
  surfaces.gone("box");
  const after = [surfaces.declared(node(3, "system.run"))?.commands, surfaces.approved("box")];

  assert.deepEqual(before, [undefined, "all"]);
  assert.deepEqual(after, [["system.run"], undefined]);
});

test("a declaration that is repeated keeps its request, a wider one makes a new one and keeps what was approved", () => {
  using stageOf = stage();
  const { surfaces } = stageOf;

  const first = surfaces.declared(node(4, "system.which"))!;
  const again = surfaces.declared(node(4, "system.which"));
  surfaces.approve(surfaces.find(first.requestId)!);
  const narrower = surfaces.declared(node(4));
  const wider = surfaces.declared(node(4, "system.which", "system.run"))!;

  assert.deepEqual([again, narrower], [undefined, undefined]);
  assert.deepEqual([wider.isRepair, surfaces.state("box")], [true, "pending-reapproval"]);
  assert.deepEqual(surfaces.approved("box"), ["system.which"]);
  assert.notEqual(wider.requestId, first.requestId);
});

test("what was rejected is asked again only when it is something else", () => {
  using stageOf = stage();
  const { surfaces } = stageOf;

  surfaces.reject(surfaces.declared(node(4, "system.run"))!);
  const repeated = surfaces.declared(node(4, "system.run"));
  const state = surfaces.state("box");
  const other = surfaces.declared(node(4, "system.which"));

  assert.deepEqual([repeated, state, other?.commands], [undefined, "unapproved", ["system.which"]]);
});

test("a node that was removed is new again", () => {
  using stageOf = stage();
  const { surfaces } = stageOf;
  surfaces.approve(surfaces.declared(node(4, "system.run"))!);

  surfaces.forget("box");

  assert.equal(surfaces.approved("box"), "all");
  assert.equal(surfaces.declared(node(4, "system.run"))?.isRepair, false);
});
