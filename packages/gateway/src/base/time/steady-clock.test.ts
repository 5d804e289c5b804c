import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../../../../../test/fakes/clock.ts";
import { createLog } from "../log.ts";
import { Secrets } from "../privacy/secrets.ts";
import { type SteadyClock, steadyClock } from "./steady-clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A machine whose wall time can be moved. */
class Movable extends FakeClock {
  offMs = 0;

  override now(): number {
    return super.now() + this.offMs;
  }
}

let folder: string;
let time: Movable;
let sentences: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moltbot-clock-"));
  time = new Movable();
  sentences = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(witnesses: readonly string[] = []): SteadyClock {
  const log = createLog({
    clock: time,
    level: "info",
    sinks: [({ sentence }) => void sentences.push(sentence)],
    secrets: new Secrets(),
  });
  return steadyClock(time, { log, folder, witnesses });
}

test("steady time is the wall time while the wall time behaves", () => {
  using clock = start();
  time.advance(3 * HOUR);

  assert.deepEqual([clock.steadyNow(), clock.jumpMs, sentences], [FAKE_EPOCH + 3 * HOUR, undefined, []]);
});

test("steady time is a whole number, as rows keep it", () => {
  using clock = start();
  time.monotonic = () => 0.4999;

  assert.equal(clock.steadyNow() % 1, 0);
});

test("small corrections are followed at once", () => {
  using clock = start();
  time.offMs = 4 * MINUTE;

  assert.deepEqual([clock.steadyNow(), clock.jumpMs], [FAKE_EPOCH + 4 * MINUTE, undefined]);
});

for (const [what, jump] of [
  ["ahead", YEAR],
  ["back", -30 * DAY],
] as const)
  test(`a jump ${what} while the gateway runs is noticed once and waited out for a day`, () => {
    using clock = start();
    time.offMs = jump;
    time.advance(23 * HOUR);
    const waited = [clock.steadyNow(), clock.jumpMs];
    time.advance(2 * HOUR);

    assert.deepEqual(waited, [FAKE_EPOCH + 23 * HOUR, jump]);
    assert.deepEqual([clock.steadyNow(), clock.jumpMs], [FAKE_EPOCH + jump + 25 * HOUR, undefined]);
    assert.equal(sentences.filter((sentence) => sentence.includes("has jumped")).length, 1);
  });

test("a clock that is put right again leaves no trace", () => {
  using clock = start();
  time.offMs = YEAR;
  time.advance(HOUR);
  time.offMs = 0;
  time.advance(HOUR);

  assert.deepEqual([clock.steadyNow(), clock.jumpMs], [FAKE_EPOCH + 2 * HOUR, undefined]);
});

test("one start with the clock a year ahead is known by the newest time of the start before", () => {
  start()[Symbol.dispose]();
  time.offMs = YEAR;
  const ahead = start();
  time.advance(HOUR);
  const during = ahead.steadyNow();
  ahead[Symbol.dispose]();
  time.offMs = 0;
  using after = start();

  assert.equal(during, FAKE_EPOCH + HOUR);
  assert.deepEqual([after.steadyNow(), after.jumpMs], [FAKE_EPOCH + HOUR, undefined]);
});

test("where no time was kept, what the gateway has written last tells when it ran", () => {
  const witness = join(folder, "state.db");
  writeFileSync(witness, "");
  utimesSync(witness, FAKE_EPOCH / 1_000, FAKE_EPOCH / 1_000);
  time.offMs = YEAR;
  using clock = start([witness]);

  assert.deepEqual([clock.steadyNow(), clock.jumpMs], [FAKE_EPOCH, YEAR]);
});

test("a kill right after the start does not lose the newest time", () => {
  start();
  time.offMs = YEAR;
  using clock = start();

  assert.equal(clock.jumpMs, YEAR);
});

test("a gateway that was off over a long weekend believes its clock", () => {
  start()[Symbol.dispose]();
  time.offMs = 3 * DAY;
  using clock = start();

  assert.deepEqual([clock.steadyNow(), clock.jumpMs], [FAKE_EPOCH + 3 * DAY, undefined]);
});

test("a damaged file says nothing", () => {
  writeFileSync(join(folder, "clock.json"), '{"seenAt":');
  using clock = start();

  assert.equal(clock.steadyNow(), FAKE_EPOCH);
});

const KEPT = 2 * DAY;

test("what is deleted is as old as both the wall time and the steady time say", () => {
  time.offMs = YEAR;
  using first = start();
  time.offMs = 0;
  time.advance(HOUR);

  assert.equal(first.olderThan(KEPT), FAKE_EPOCH + HOUR - KEPT);
});

test("after a start with the clock far behind, nothing of that time is deleted when the clock is right", () => {
  time.offMs = -YEAR;
  using clock = start();
  const writtenAt = clock.now();
  time.offMs = 0;
  time.advance(25 * HOUR);
  const believed = clock.steadyNow();
  const soon = clock.olderThan(KEPT);
  time.advance(KEPT);

  assert.equal(believed, FAKE_EPOCH + 25 * HOUR);
  assert.ok(soon < writtenAt, "what was written an hour ago would be deleted");
  assert.ok(clock.olderThan(KEPT) > writtenAt, "what is older than it is kept stays for ever");
});

test("what is held back from deletion is still held back after a restart", () => {
  time.offMs = -YEAR;
  const clock = start();
  const writtenAt = clock.now();
  time.offMs = 0;
  time.advance(25 * HOUR);
  clock[Symbol.dispose]();
  using again = start();

  assert.ok(again.olderThan(KEPT) < writtenAt);
});

test("a new time is believed at once when a platform's clock says the same, and those who keep stamps are told", () => {
  using clock = start();
  const moved: number[] = [];
  using _listening = clock.onBelieved((byMs) => moved.push(byMs));
  time.offMs = YEAR;
  time.advance(HOUR);

  clock.heard(time.now() - 1_000, "Telegram");

  assert.deepEqual([clock.steadyNow(), clock.jumpMs, clock.skew, moved], [time.now(), undefined, undefined, [YEAR]]);
});

for (const [what, offMs] of [
  ["ahead of", YEAR],
  ["behind", -YEAR],
] as const)
  test(`a clock that is ${what} that of a platform is known to be wrong, until it is right`, () => {
    time.offMs = offMs;
    using clock = start();
    clock.heard(FAKE_EPOCH, "Slack");
    const wrong = clock.skew;
    time.offMs = 0;
    time.advance(MINUTE);

    assert.deepEqual([wrong, clock.skew], [{ aheadMs: offMs, against: "Slack" }, undefined]);
  });

test("a jump that was waited for counts on after a restart", () => {
  const clock = start();
  time.offMs = YEAR;
  time.advance(20 * HOUR);
  clock[Symbol.dispose]();
  using again = start();
  time.advance(5 * HOUR);

  assert.equal(again.steadyNow(), time.now());
});
