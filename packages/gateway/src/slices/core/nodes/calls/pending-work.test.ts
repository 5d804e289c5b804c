import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../../test/fakes/clock.ts";
import { PendingWork } from "./pending-work.ts";

const HOUR_MS = 3_600_000;

test("of each type one waits, urgent questions come first, and each node has its own", () => {
  const work = new PendingWork(new FakeClock());
  work.enqueue("phone", { type: "status.request" });
  work.enqueue("phone", { type: "location.request" });
  work.enqueue("tablet", { type: "status.request" });

  const { revision, queued } = work.enqueue("phone", { type: "location.request", priority: "high" });
  const { items, hasMore } = work.pull("phone", 1);

  assert.equal(revision, 3);
  assert.deepEqual([items, hasMore], [[queued], true]);
  assert.deepEqual(
    work.pull("phone").items.map(({ type }) => type),
    ["location.request", "status.request"],
  );
});

test("a pull takes nothing away, an acknowledgement what it names, a drain what it returns", () => {
  const work = new PendingWork(new FakeClock());
  const { queued: first } = work.enqueue("phone", { type: "status.request" });
  const { queued: second } = work.enqueue("phone", { type: "location.request" });

  const acked = work.ack("phone", [first.id, "made up"]);
  const drained = work.drain("phone");
  const after = work.drain("phone");

  assert.deepEqual(acked, { revision: 3, acked: [first.id] });
  assert.deepEqual([drained.items, drained.revision], [[second], 4]);
  assert.deepEqual([after.items, after.revision], [[], 4]);
});

test("a question expires, after a day at the latest", () => {
  const clock = new FakeClock();
  const work = new PendingWork(clock);
  work.enqueue("phone", { type: "status.request", expiresInMs: HOUR_MS });
  work.enqueue("phone", { type: "location.request", expiresInMs: 1_000 * HOUR_MS });
  const left = () => work.pull("phone").items.map(({ type }) => type);

  clock.advance(HOUR_MS);
  const afterAnHour = left();
  clock.advance(23 * HOUR_MS);

  assert.deepEqual([afterAnHour, left()], [["location.request"], []]);
});
