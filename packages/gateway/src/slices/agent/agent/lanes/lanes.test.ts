import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as settled } from "node:timers/promises";
import { Bus } from "../../../../base/bus.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { Run } from "../run/run.ts";
import type { RunRecord, RunRequest } from "../run/run-store.ts";
import { type LaneName, Lanes } from "./lanes.ts";
import { mayShareTurn, nextBatch } from "./queue.ts";

const request: RunRequest = { message: "Hi", timeoutMs: 1, starter: { scopes: ["operator.write"], name: "Ada" } };

function record(id: string, more: Partial<RunRecord> = {}): RunRecord {
  const times = { acceptedAt: 0, startedAt: undefined, endedAt: undefined };
  return {
    ...{
      id,
      source: "chat.send",
      principal: "ada",
      sessionKey: "agent:main:main",
      sessionId: "s",
      request,
      attempts: 0,
    },
    ...{ ...times, partial: "", outcome: undefined, ...more },
  } as RunRecord;
}

/** Lanes whose runs end when the test says so; `order` is in which they began. */
function stage({ main = 4, subagent = 8 }: Partial<Record<LaneName, number>> = {}) {
  const order: string[] = [];
  const working = new Map<string, () => void>();
  const clock = { now: () => 0, monotonic: () => 0, after: () => ({ [Symbol.dispose]() {} }) } as unknown as Clock;
  const limits = { main, subagent, cron: main };
  const lanes = new Lanes({
    clock,
    limit: (lane) => limits[lane],
    batch: (waiting) => waiting.slice(0, 1),
    async start(batch) {
      const { promise, resolve } = Promise.withResolvers<void>();
      order.push(...batch.map(({ id }) => id));
      working.set(batch[0]!.id, resolve);
      await promise;
    },
  });
  const add = (id: string, sessionKey: string) =>
    lanes.add(
      new Run(record(id, { sessionKey }), {
        bus: new Bus(),
        clock,
        isQuiet: true,
        isVerbose: () => false,
        settled: (text) => text,
      }),
    );
  const end = async (id: string) => {
    working.get(id)?.();
    await settled();
  };
  const raise = async (lane: LaneName, limit: number) => {
    limits[lane] = limit;
    lanes.limitsChanged();
    await settled();
  };
  return { order, add, end, raise };
}

test("a conversation that says much does not keep the others waiting", async () => {
  const { order, add, end } = stage({ main: 1 });
  for (const id of ["a1", "a2", "a3"]) add(id, "agent:main:a");
  add("b1", "agent:main:b");
  add("c1", "agent:main:c");
  await settled();

  for (const id of ["a1", "b1", "c1", "a2", "a3"]) await end(id);

  assert.deepEqual(order, ["a1", "b1", "c1", "a2", "a3"]);
});

test("a limit that is raised counts at once for those who wait", async () => {
  const { order, add, raise } = stage({ main: 1 });
  for (const id of ["a", "b", "c"]) add(id, `agent:main:${id}`);
  await settled();
  const before = [...order];

  await raise("main", 2);

  assert.deepEqual([before, order], [["a"], ["a", "b"]]);
});

test("agents that other agents have started do not wait for those of people, nor people for them", async () => {
  const { order, add, end } = stage({ main: 1, subagent: 1 });
  add("a", "agent:main:main");
  add("b", "agent:main:b");
  add("s", "agent:main:subagent:1");
  add("t", "agent:main:subagent:2");
  await settled();
  const atOnce = [...order];

  await end("s");

  assert.deepEqual(atOnce, ["a", "s"]);
  assert.deepEqual(order, ["a", "s", "t"]);
});

test("a conversation has one run at a time, however many places are free", async () => {
  const { order, add, end } = stage();
  add("a1", "agent:main:a");
  add("a2", "agent:main:a");
  await settled();
  const atOnce = [...order];

  await end("a1");

  assert.deepEqual([atOnce, order], [["a1"], ["a1", "a2"]]);
});

describe("messages of one turn", () => {
  const deliver = { channel: "telegram", account: "default", chat: { id: "1" } };
  const cases: [string, Partial<RunRecord>, Partial<RunRecord>, boolean][] = [
    ["two of one person", {}, {}, true],
    ["another conversation after a reset", {}, { sessionId: "t" }, false],
    ["another place for the answer", {}, { request: { ...request, deliver } }, false],
    ["other rights", {}, { request: { ...request, starter: { scopes: [], name: "Ada" } } }, false],
    ["another level of thinking", {}, { request: { ...request, thinking: "high" } }, false],
    ["another person with the same rights", {}, { principal: "channel:telegram:2" }, true],
    ["somebody whose tools are restricted", {}, { principal: "channel:telegram:mallory" }, false],
    ["another text and time limit", {}, { request: { ...request, message: "Ho", timeoutMs: 2 } }, true],
  ];
  for (const [what, a, b, expected] of cases)
    test(`${what}: ${expected ? "together" : "apart"}`, () => {
      const together = mayShareTurn(record("a", a), record("b", b), ({ principal }) => principal.endsWith("mallory"));

      assert.equal(together, expected);
    });

  test("are neighbours: nothing is answered before what came earlier", () => {
    const waiting = ["a1", "a2", "b1", "a3"];
    const batch = nextBatch(waiting, { collects: () => true, together: (head, other) => head[0] === other[0] });

    assert.deepEqual(batch, ["a1", "a2"]);
  });
});
