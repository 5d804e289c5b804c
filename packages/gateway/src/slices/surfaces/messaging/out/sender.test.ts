import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "../../../../../../../test/fakes/clock.ts";
import { ScriptedChannel } from "../../../../../../../test/fakes/scripted-channel.ts";
import { createLog } from "../../../../base/log.ts";
import { Secrets } from "../../../../base/privacy/secrets.ts";
import { Machine } from "../../../../base/process/machine.ts";
import { openStore } from "../../../../base/store/store.ts";
import { type ChannelContext, ChannelError } from "../../../../kit/channel.ts";
import { Account } from "../accounts/account.ts";
import type { AccountSettings } from "../accounts/account-settings.ts";
import { tables } from "../tables.ts";
import { Outbox } from "./outbox/outbox.ts";
import type { OutboxRow } from "./outbox/outbox-rows.ts";
import { composeParts } from "./render.ts";
import { Sender } from "./sender.ts";

const key = { channel: "paper", account: "default" };

/** An account over paper with an outbox; `link` connects it. */
class Desk {
  readonly clock = new FakeClock();
  readonly paper: ScriptedChannel;
  readonly outbox: Outbox;
  readonly settled: OutboxRow[] = [];
  readonly account: Account;
  readonly sender: Sender;
  /** Each message's state after each transaction of the sender. */
  readonly commits: string[][] = [];
  /** Resolves when marks are replicated. */
  replicated = Promise.resolve();
  /** Whether the sender's transactions are refused. */
  isDiskFull = () => false;

  constructor(options: { repeatSafeMs?: number } = {}) {
    this.paper = new ScriptedChannel(options);
    const { clock } = this;
    const store = openStore(":memory:", [tables]);
    this.outbox = new Outbox({ clock, store, guard: (text) => text });
    const log = createLog({ clock, level: "error", sinks: [], secrets: new Secrets() });
    const machine = new Machine({ clock, log, folder: tmpdir() });
    this.account = new Account({
      ...{ key, clock, log, machine, definition: this.paper.definition, guard: (text: string) => text },
      settings: () => ({ own: {}, replyToMode: "off" }) as unknown as AccountSettings,
      state: { get: () => undefined, entries: () => [], write: () => {} },
      context: (signal) => ({ signal }) as ChannelContext,
      changed: () => {},
      connected: (_, connection) => void this.sender.opened(connection),
    });
    this.sender = new Sender({
      ...{ account: this.account, outbox: this.outbox, clock, log, machine },
      compose: composeParts,
      atomically: (work) => this.#commit(() => store.transaction(work)),
      unsynced: (work) => this.#commit(() => store.unsynced(work)),
      replicated: () => this.replicated,
      settled: (row) => this.settled.push(row),
    });
  }

  #commit<T>(commit: () => T): T {
    if (this.isDiskFull()) throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
    const result = commit();
    this.commits.push(this.states);
    return result;
  }

  add(markdown: string, chat = "ann"): OutboxRow {
    const payload = { content: { kind: "markdown" as const, markdown } };
    const origin = `test:${markdown}`;
    this.outbox.add({ ...key, chat: { id: chat }, origin, payload, ttlMs: 3_600_000 });
    this.sender.kick();
    return this.outbox.of(origin)[0]!;
  }

  async link(): Promise<void> {
    this.account.start();
    await this.quiet();
  }

  /** Runs everything that needs no time; rendering loads a module once. */
  async quiet(): Promise<void> {
    await import("../../../../kit/text/render.ts");
    for (let turn = 0; turn < 40; turn++) await nextTurn();
  }

  /** Each message's state, with its problem. */
  get states(): string[] {
    return this.outbox.entries
      .list()
      .toReversed()
      .map(({ state, problem }) => (problem ? `${state}: ${problem}` : state));
  }

  get texts(): string[] {
    return this.paper.tried.map(({ text }) => text.plain);
  }
}

test("messages wait for the link, and leave in order within a chat", async () => {
  const desk = new Desk();
  for (const text of ["one", "two", "three"]) desk.add(text);
  await desk.quiet();
  assert.deepEqual(desk.texts, []);
  await desk.link();

  assert.deepEqual(desk.texts, ["one", "two", "three"]);
  assert.deepEqual(desk.states, ["sent", "sent", "sent"]);
});

test("a reply is marked as sending in the transaction that renders it", async () => {
  const desk = new Desk();
  desk.add("one");
  await desk.link();

  assert.deepEqual(desk.commits, [["sending"], ["sent"]]);
});

test("a reply whose link ends while it is rendered waits unmarked, and is sent over the next link", async () => {
  const desk = new Desk();
  await desk.link();
  desk.add("one");
  desk.paper.end(new ChannelError("network", "the link broke"));
  await desk.quiet();
  const waiting = desk.states;
  desk.clock.advance(60_000);
  await desk.quiet();

  assert.deepEqual(waiting, ["queued"]);
  assert.deepEqual(desk.texts, ["one"]);
});

test("a rate limit holds its chat as long as the server says, and no other", async () => {
  const desk = new Desk();
  await desk.link();
  desk.paper.sends.push(new ChannelError("rate-limited", "Slow down.", { retryAfterMs: 7_000 }));
  desk.add("slow", "ann");
  await desk.quiet();
  desk.add("other", "bob");
  await desk.quiet();
  assert.deepEqual(desk.texts, ["slow", "other"]);
  desk.clock.advance(6_900);
  await desk.quiet();
  assert.equal(desk.texts.length, 2);
  desk.clock.advance(200);
  await desk.quiet();

  assert.deepEqual(desk.texts, ["slow", "other", "slow"]);
  assert.deepEqual(desk.states, ["sent", "sent"]);
});

test("what was taken while the disk was full is written down when there is room, and is not in doubt", async () => {
  const desk = new Desk();
  await desk.link();
  desk.isDiskFull = () => desk.texts.length > 0;
  desk.add("taken");
  await desk.quiet();
  const during = desk.states;
  desk.isDiskFull = () => false;
  desk.clock.advance(1_000);
  await desk.quiet();

  assert.deepEqual(during, ["sending"]);
  assert.deepEqual([desk.states, desk.texts], [["sent"], ["taken"]]);
});

test("what may have been taken is not repeated where a repeat is not harmless", async () => {
  const desk = new Desk();
  await desk.link();
  desk.paper.sends.push(new ChannelError("unknown", "The connection was cut."));
  desk.add("perhaps");
  await desk.quiet();
  desk.clock.advance(3_600_000);
  await desk.quiet();

  assert.deepEqual(desk.texts, ["perhaps"]);
  assert.deepEqual(desk.states, ["unknown: The connection was cut."]);
});

test("where a repeat is harmless it is repeated under the same id", async () => {
  const desk = new Desk({ repeatSafeMs: 60_000 });
  await desk.link();
  desk.paper.sends.push(new ChannelError("unknown", "The connection was cut."));
  desk.add("surely");
  await desk.quiet();
  desk.clock.advance(1_000);
  await desk.quiet();

  assert.equal(desk.paper.tried.length, 2);
  assert.equal(desk.paper.tried[0]?.clientId, desk.paper.tried[1]?.clientId);
  assert.deepEqual(desk.states, ["sent"]);
});

const answers = [
  ["has it", { id: "7" }, ["sent"], 1],
  ["certainly does not have it", "absent", ["sent"], 2],
  ["cannot say", "unknown", ["unknown: The connection was cut."], 1],
] as const;

for (const [what, found, states, times] of answers) {
  test(`in doubt the platform is asked: it ${what}`, async () => {
    const desk = new Desk();
    desk.paper.found = found;
    await desk.link();
    desk.paper.sends.push(new ChannelError("unknown", "The connection was cut."));
    desk.add("perhaps");
    await desk.quiet();
    desk.clock.advance(1_000);
    await desk.quiet();

    assert.deepEqual(desk.states, states);
    assert.equal(desk.texts.length, times);
  });
}

test("what was being sent when the gateway ended is in doubt at its next start", async () => {
  const desk = new Desk();
  const row = desk.add("interrupted");
  desk.outbox.compose(row, await composeParts(row, desk.account));
  desk.outbox.sending(desk.outbox.of(row.origin)[0]!.id);
  await desk.link();

  assert.deepEqual(desk.texts, []);
  assert.match(desk.states[0]!, /^unknown: the gateway was interrupted/);
});

test("a doubtful message can be sent again in one step", async () => {
  const desk = new Desk();
  await desk.link();
  desk.paper.sends.push(new ChannelError("unknown", "The connection was cut."));
  desk.add("perhaps");
  await desk.quiet();
  desk.outbox.requeue(desk.outbox.entries.list()[0]!.id, 60_000);
  desk.sender.kick();
  await desk.quiet();

  assert.deepEqual(desk.states, ["sent"]);
  assert.notEqual(desk.paper.tried[0]?.clientId, desk.paper.tried[1]?.clientId);
});

test("nothing is sent after its time to live", async () => {
  const desk = new Desk();
  desk.add("late");
  desk.clock.advance(3_600_001);
  await desk.link();

  assert.deepEqual(desk.texts, []);
  assert.deepEqual(desk.states, ["failed: it could not be sent in time"]);
  assert.equal(desk.settled.length, 1);
});

test("a message that is refused fails, and the next one is sent", async () => {
  const desk = new Desk();
  await desk.link();
  desk.paper.sends.push(new ChannelError("rejected", "Ann has left."));
  desk.add("first");
  desk.add("second");
  await desk.quiet();

  assert.deepEqual(desk.states, ["failed: Ann has left.", "sent"]);
});

test("a platform that does not answer is given up after a minute, in doubt", async () => {
  const desk = new Desk();
  await desk.link();
  desk.paper.sends.push("hang");
  desk.add("silence");
  await desk.quiet();
  desk.clock.advance(60_000);
  await desk.quiet();

  assert.deepEqual(desk.states, ["unknown: Paper did not answer in time."]);
});

test("a message that certainly was not taken is sent again, with pauses", async () => {
  const desk = new Desk();
  await desk.link();
  desk.paper.sends.push(new ChannelError("not-sent", "Refused."), new ChannelError("not-sent", "Refused."));
  desk.add("stubborn");
  for (let n = 0; n < 3; n++) {
    await desk.quiet();
    desk.clock.advance(2_000);
  }
  await desk.quiet();

  assert.deepEqual(desk.texts, ["stubborn", "stubborn", "stubborn"]);
  assert.deepEqual(desk.states, ["sent"]);
});

test("a disk that refuses is tried again after a while, not in circles", async () => {
  const desk = new Desk();
  await desk.link();
  const { sending } = desk.outbox;
  let refusals = 0;
  desk.outbox.sending = () => {
    refusals++;
    throw new Error("database or disk is full");
  };
  desk.add("patient");
  await desk.quiet();
  assert.equal(refusals, 1);
  desk.outbox.sending = sending;
  desk.clock.advance(5_100);
  await desk.quiet();

  assert.deepEqual(desk.texts, ["patient"]);
  assert.deepEqual(desk.states, ["sent"]);
});

test("what waits for an account that does not come back expires all the same", async () => {
  const desk = new Desk();
  desk.add("for nobody");
  desk.clock.advance(3_600_001);
  const expired = desk.outbox.ages.expire();

  assert.equal(expired.length, 1);
  assert.deepEqual(desk.states, ["failed: it could not be sent in time"]);
  assert.deepEqual(desk.outbox.ages.expire(), []);
});

test("a message that is marked leaves when its mark is replicated", async () => {
  const desk = new Desk();
  const gate = Promise.withResolvers<void>();
  desk.replicated = gate.promise;
  desk.add("one");
  await desk.link();
  const during = [desk.states, desk.texts];
  gate.resolve();
  await desk.quiet();

  assert.deepEqual(during, [["sending"], []]);
  assert.deepEqual([desk.states, desk.texts], [["sent"], ["one"]]);
});
