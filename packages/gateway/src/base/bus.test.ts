import assert from "node:assert/strict";
import { test } from "node:test";
import { Bus, type Topic } from "./bus.ts";

const rain: Topic<{ mm: number }> = { name: "rain" };
const wind: Topic<{ knots: number }> = { name: "wind" };

test("listeners hear their topic, in the order in which they came, with whom it is meant for", () => {
  const bus = new Bus();
  const heard: unknown[] = [];
  bus.on(rain, ({ mm }, { connId }) => heard.push(["first", mm, connId]));
  bus.on(rain, ({ mm }) => heard.push(["second", mm]));

  bus.publish(rain, { mm: 3 }, { connId: "c1" });
  bus.publish(wind, { knots: 9 });

  assert.deepEqual(heard, [
    ["first", 3, "c1"],
    ["second", 3],
  ]);
});

test("one who hears all topics hears each in its turn, until disposed", () => {
  const bus = new Bus();
  const heard: unknown[] = [];
  bus.on(rain, () => heard.push("first"));
  const listening = bus.onAll((payload, { connId }, { name }) => heard.push([name, payload, connId]));
  bus.on(rain, () => heard.push("last"));

  bus.publish(rain, { mm: 3 }, { connId: "c1" });
  bus.publish(wind, { knots: 9 });
  listening[Symbol.dispose]();
  bus.publish(rain, { mm: 4 });
  bus.publish(wind, { knots: 8 });

  assert.deepEqual(heard, [
    "first",
    ["rain", { mm: 3 }, "c1"],
    "last",
    ["wind", { knots: 9 }, undefined],
    "first",
    "last",
  ]);
});

test("a disposed listener hears no more", () => {
  const bus = new Bus();
  const heard: number[] = [];
  const listening = bus.on(rain, ({ mm }) => heard.push(mm));

  bus.publish(rain, { mm: 1 });
  listening[Symbol.dispose]();
  bus.publish(rain, { mm: 2 });

  assert.deepEqual(heard, [1]);
});

test("what a listener throws reaches who published", () => {
  const bus = new Bus();
  bus.on(rain, () => {
    throw new Error("leaky");
  });

  assert.throws(() => bus.publish(rain, { mm: 1 }), /leaky/);
});
