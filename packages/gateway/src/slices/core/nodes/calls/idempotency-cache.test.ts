import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../../test/fakes/clock.ts";
import { GatewayError, invalidRequest } from "../../../../base/errors.ts";
import { IdempotencyCache } from "./idempotency-cache.ts";

const MIB = 1024 * 1024;

/** Repeats whose answers have the size that they say; `works` counts the work that was done. */
function stage() {
  const clock = new FakeClock();
  const repeats = new IdempotencyCache<number>(clock, (answer) => answer);
  let works = 0;
  const once = (key: string, answer: number | Error) =>
    repeats.once(key, async () => {
      works++;
      if (answer instanceof Error) throw answer;
      return answer;
    });
  return { clock, once, works: () => works };
}

test("a key does its work once, for five minutes after the end", async () => {
  const { clock, once, works } = stage();

  await Promise.all([once("k", 1), once("k", 2)]);
  clock.advance(4 * 60_000);
  const joined = await once("k", 3);
  clock.advance(60_000);
  const anew = await once("k", 4);

  assert.deepEqual([joined, anew, works()], [1, 4, 2]);
});

test("a failure of begun work is kept, a refusal before anything began is not", async () => {
  const { once, works } = stage();
  const failed = new GatewayError("UNAVAILABLE", "node invoke timed out");
  const away = new GatewayError("UNAVAILABLE", "node not connected", { details: { code: "NOT_CONNECTED" } });

  for (const [key, error] of [
    ["begun", failed],
    ["away", away],
    ["refused", invalidRequest("no")],
  ] as const)
    for (let times = 0; times < 2; times++) await assert.rejects(once(key, error), error);

  assert.equal(works(), 5);
});

test("large answers push the oldest out", async () => {
  const { once, works } = stage();

  for (const key of ["a", "b", "c"]) await once(key, 25 * MIB);
  await once("a", 25 * MIB);
  await once("c", 25 * MIB);

  assert.equal(works(), 4);
});
