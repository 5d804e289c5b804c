import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../test/fakes/clock.ts";
import { openStore } from "../../../base/store/store.ts";
import { Notices } from "./notices.ts";
import { tables } from "./tables.ts";

const MAIN = "agent:main:main";
const event = (text: string) => ({ text, from: { kind: "event" as const, id: "a test" } });

function stage() {
  const store = openStore(":memory:", [tables]);
  const notices = new Notices({ store, clock: new FakeClock(), upkeep: { add() {} } });
  return { notices, store, [Symbol.dispose]: () => store[Symbol.dispose]() };
}

test("what waits is taken by one run, which may take it again, and each session has its own", () => {
  using staged = stage();
  const { notices } = staged;
  notices.add(MAIN, event("The kettle is on"));
  notices.add("agent:main:other", event("Elsewhere"));

  const taken = [notices.take(MAIN, "one"), notices.take(MAIN, "two"), notices.take(MAIN, "one")];

  assert.deepEqual(taken, [[event("The kettle is on")], [], [event("The kettle is on")]]);
  assert.deepEqual(notices.waiting("agent:main:other").length, 1);
});

test("of more than twenty remarks the newest wait, and none twice in a row", () => {
  using staged = stage();
  const lines = Array.from({ length: 25 }, (_, index) => event(`line ${index}`));

  for (const line of lines.flatMap((line) => [line, line])) staged.notices.add(MAIN, line);

  assert.deepEqual(staged.notices.take(MAIN, "run"), lines.slice(5));
});

test("of more than twenty system events none is lost: a run takes twenty, the next one the rest", () => {
  using staged = stage();
  const { notices } = staged;
  const lines = Array.from({ length: 25 }, (_, index) => event(`line ${index}`));

  for (const line of lines) notices.add(MAIN, line, { isNews: true });

  assert.deepEqual([...notices.take(MAIN, "one"), ...notices.take(MAIN, "two")], lines);
});

test("of the news of one subject so many wait as it says, and they push nothing else out", () => {
  using staged = stage();
  const { notices } = staged;
  notices.add(MAIN, event("The mail is here"), { isNews: true });

  for (let second = 0; second < 3_000; second++)
    notices.add(MAIN, event(`tick ${second}`), { about: "cron:tick", most: 3, key: `tick:${second}`, isNews: true });

  assert.deepEqual(notices.take(MAIN, "one"), ["The mail is here", "tick 2997", "tick 2998", "tick 2999"].map(event));
});

test("a key adds once, also when its news has been taken", () => {
  using staged = stage();
  const { notices } = staged;

  notices.add(MAIN, event("Paid"), { key: "bill-1", isNews: true });
  notices.take(MAIN, "run");
  notices.add(MAIN, event("Paid"), { key: "bill-1", isNews: true });

  assert.deepEqual(notices.sessionsWithNews(), []);
});

test("what a failed run had taken waits again", () => {
  using staged = stage();
  const { notices } = staged;
  notices.add(MAIN, event("Paid"), { isNews: true });
  notices.take(MAIN, "failed");

  notices.release("failed");

  assert.deepEqual(
    [...notices.sessionsWithNews()].map((row) => ({ ...row })),
    [{ sessionKey: MAIN, count: 1 }],
  );
  assert.deepEqual(notices.take(MAIN, "next"), [event("Paid")]);
});

test("a transaction that is taken back takes its news with it", () => {
  using staged = stage();
  const { notices, store } = staged;

  assert.throws(() =>
    store.transaction(() => {
      notices.add(MAIN, event("Paid"));
      throw new Error("no");
    }),
  );

  assert.deepEqual(notices.waiting(MAIN), []);
});
