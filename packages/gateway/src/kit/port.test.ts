import assert from "node:assert/strict";
import { test } from "node:test";
import { ManyPort, Port } from "./port.ts";

test("a port answers harmlessly until it is filled, and then as it was filled", () => {
  const port = new Port<{ count(): number }>({ count: () => 0 });
  const before = port.now.count();

  port.fill({ count: () => 7 });

  assert.deepEqual([before, port.now.count()], [0, 7]);
});

test("a port is filled once: a second slice that answers the same question is a mistake", () => {
  const port = new Port<{ count(): number }>({ count: () => 0 });
  port.fill({ count: () => 1 });

  assert.throws(() => port.fill({ count: () => 2 }), { message: "a port of a slice is filled twice" });
  assert.equal(port.now.count(), 1);
});

test("a port of many holds all that were added, in their order, without those that left", () => {
  const port = new ManyPort<{ readonly name: string }>();
  port.add({ name: "first" });
  const leaves = port.add({ name: "leaves" });
  port.add({ name: "last" });

  leaves[Symbol.dispose]();

  assert.deepEqual(
    [...port].map(({ name }) => name),
    ["first", "last"],
  );
});
