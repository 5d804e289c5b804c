import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyedQueue } from "./queue.ts";

test("tasks of one key run one after the other", async () => {
  const queue = new KeyedQueue();
  const first = Promise.withResolvers<void>();
  const order: string[] = [];

  const one = queue.run("a", async () => {
    order.push("one begins");
    await first.promise;
    order.push("one ends");
  });
  const two = queue.run("a", async () => void order.push("two"));
  first.resolve();
  await Promise.all([one, two]);

  assert.deepEqual(order, ["one begins", "one ends", "two"]);
});

test("tasks of different keys run side by side", async () => {
  const queue = new KeyedQueue();
  const never = Promise.withResolvers<void>();

  const stuck = queue.run("a", () => never.promise);
  const free = await queue.run("b", async () => "done");

  assert.equal(free, "done");
  never.resolve();
  await stuck;
});

test("a failed task rejects for its caller and does not hold up the next", async () => {
  const queue = new KeyedQueue();

  const failed = queue.run("a", async () => {
    throw new Error("broken");
  });
  const next = queue.run("a", async () => "runs all the same");

  await assert.rejects(failed, /broken/);
  assert.equal(await next, "runs all the same");
});

test("a key is busy until its last task has ended", async () => {
  const queue = new KeyedQueue();
  const first = Promise.withResolvers<void>();

  const one = queue.run("a", () => first.promise);
  const two = queue.run("a", async () => queue.isBusy("a"));

  assert.equal(queue.isBusy("a"), true);
  assert.equal(queue.isBusy("b"), false);
  first.resolve();
  await one;
  assert.equal(await two, true);
  await queue.run("b", async () => undefined);
  assert.equal(queue.isBusy("a"), false);
});
