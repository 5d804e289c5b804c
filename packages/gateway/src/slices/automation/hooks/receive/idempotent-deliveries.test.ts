import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../../test/fakes/clock.ts";
import type { Answer } from "../deliveries.ts";
import { IdempotentDeliveries } from "./idempotent-deliveries.ts";
import { RateWindow } from "./rate-window.ts";
import { HookRefusal } from "./refusal.ts";

const HOOK = { name: "agent", maxPerMinute: 2 };
const ACCEPTED: Answer = { status: 202, body: { ok: true } };

/** Deliveries that are known by these keys from an earlier time. */
function stage(known: Readonly<Record<string, Answer>> = {}) {
  const clock = new FakeClock();
  const deliveries = { repeat: (keys: readonly string[]) => keys.map((key) => known[key]).find((each) => each) };
  const once = new IdempotentDeliveries({ clock }, deliveries);
  return { clock, once };
}

const named = (...keys: string[]) => ({ keys }) as Parameters<IdempotentDeliveries["do"]>[0];

test("a delivery that is sent again while its work goes on gets the answer of the first, by any of its keys", async () => {
  const { once } = stage();
  const work = Promise.withResolvers<Answer>();
  let times = 0;
  const begin = () => {
    times++;
    return work.promise;
  };

  const first = once.do(named("a", "b"), HOOK, begin);
  const again = once.do(named("x", "b"), HOOK, begin);
  work.resolve(ACCEPTED);

  assert.deepEqual([await first, await again, times], [ACCEPTED, ACCEPTED, 1]);
});

test("a delivery that is known from before is not done, and does not count", async () => {
  const { once } = stage({ a: ACCEPTED });
  const never = () => Promise.reject(new Error("it was done"));

  const answers = [];
  for (let time = 0; time < 5; time++) answers.push(await once.do(named("a"), HOOK, never));

  assert.deepEqual(answers, Array(5).fill(ACCEPTED));
});

test("work that fails is done anew when it is sent again", async () => {
  const { once } = stage();
  await assert.rejects(once.do(named("a"), HOOK, () => Promise.reject(new Error("no"))));

  assert.deepEqual(await once.do(named("a"), HOOK, async () => ACCEPTED), ACCEPTED);
});

test("a hook that is called too often is refused with when to come again, and takes calls again then; another is not held up", async () => {
  const { once, clock } = stage();
  const call = (key: string, hook = HOOK) => once.do(named(key), hook, async () => ACCEPTED);
  await call("a");
  clock.advance(20_000);
  await call("b");

  const refused = await call("c").catch((error: unknown) => error);
  const other = await call("d", { ...HOOK, name: "wake" });
  clock.advance(40_000);

  assert.ok(refused instanceof HookRefusal);
  assert.deepEqual([refused.status, refused.headers], [429, { "Retry-After": "40" }]);
  assert.deepEqual([other, await call("c")], [ACCEPTED, ACCEPTED]);
});

test("what is counted of each source is forgotten after a minute, and of the most sources when there are too many", () => {
  const clock = new FakeClock();
  const window = new RateWindow(clock);

  window.take("a");
  const at = [window.waitMs("a", 1), window.waitMs("a", 2), window.waitMs("b", 1)];
  clock.advance(59_999);
  const nearTheEnd = window.waitMs("a", 1);
  clock.advance(1);
  const after = window.waitMs("a", 1);
  window.take("a");
  for (let index = 0; index < 10_000; index++) window.take(`other ${index}`);

  assert.deepEqual([at, nearTheEnd, after], [[60_000, 0, 0], 1, 0]);
  assert.deepEqual([window.waitMs("a", 1), window.waitMs("other 9999", 1)], [0, 60_000]);
});
