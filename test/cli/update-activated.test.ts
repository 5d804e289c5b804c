// Updates and restarts of a gateway whose supervisor keeps its port, or starts it again: who comes meanwhile is answered.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpLoad } from "../support/load.ts";
import { LIMIT_MS, within } from "../support/time-limit.ts";
import type { Home } from "./harness.ts";
import { GOOD_HERE, inPlace } from "./update-stage.ts";
import { type Noted, noted, supervised } from "./update-supervised.ts";

/** Waits until a gateway answers that is not the one before. */
async function next(home: Home, before: Noted): Promise<Noted> {
  for (const until = AbortSignal.timeout(LIMIT_MS); ; until.throwIfAborted()) {
    const now = noted(home);
    if (now !== undefined && now.startedAt !== before.startedAt) return now;
    await sleep(20);
  }
}

test("an update of a gateway with a socket of its supervisor: the new version has the socket, nobody is turned away", async (t) => {
  await using under = await supervised({ hasSocket: true });
  const { stage, port } = under;
  await stage.say("before the update");
  const load = new HttpLoad(port);

  const { code, stderr } = await stage.update("--from", stage.build("2100.1.0", GOOD_HERE));
  await within(load.goesOn(20), "the new version to answer");
  const updated = stage.version;
  const undone = await stage.update("undo");
  await within(load.goesOn(20), "the old version to answer");
  await load.end();

  t.diagnostic(`longest time without an answer ${Math.round(load.gapMs)} ms`);
  assert.equal(code, 0, stderr + stage.shown);
  assert.equal(undone.code, 0, undone.stderr + stage.shown);
  assert.deepEqual([updated, stage.version], ["2100.1.0", undefined]);
  // On trial, when it has been kept, and when the supervisor has started it once more to go back.
  assert.equal(stage.shown.match(/runs as .*2100\.1\.0/g)?.length, 3, stage.shown);
  assert.deepEqual(load.failures, []);
  assert.match(await stage.said(), /before the update/);
});

test("a version that does not take the socket of the supervisor is given up, and the old one has it again", async () => {
  await using under = await supervised({ hasSocket: true });
  const { stage, port } = under;
  await stage.say("before the update");

  const { code, stderr } = await stage.update("--from", stage.build("2100.2.0", inPlace("process.exit(4)")));
  const load = new HttpLoad(port);
  await within(load.goesOn(20), "the old version to answer");
  await load.end();

  assert.equal(code, 1);
  assert.match(stderr, /given up \(it ended by itself \(exit code 4\)\)/, stage.shown);
  assert.deepEqual(load.failures, []);
  assert.match(await stage.said(), /before the update/);
});

for (const [hasSocket, how] of [
  [true, "is one in place, for the process cannot pass its socket on"],
  [false, "is a new program in the same process"],
] as const)
  test(`a restart ${hasSocket ? "with" : "without"} a socket of the supervisor ${how}`, async (t) => {
    await using under = await supervised({ hasSocket });
    const { stage, port } = under;
    const first = noted(stage.home)!;
    const load = new HttpLoad(port);
    await load.goesOn(20);

    process.kill(first.pid, "SIGUSR1");
    const second = await next(stage.home, first);
    await within(load.goesOn(20), "the gateway to answer again");
    await load.end();

    t.diagnostic(`longest time without an answer ${Math.round(load.gapMs)} ms`);
    assert.equal(second.pid, first.pid, stage.shown);
    assert.deepEqual(load.failures, []);
  });
