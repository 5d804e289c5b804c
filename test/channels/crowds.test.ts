// Many messages of somebody else while a reply is under way: nobody's own message is lost to them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { configFor } from "../agent/support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { within } from "../support/time-limit.ts";
import { ChannelBench } from "./bench.ts";

const CAP = 20;

/** The owner has asked something, and the answer is on its way until `release`. */
async function busy(queue: object) {
  const stack = new AsyncDisposableStack();
  const model = stack.use(await fakeOpenAI());
  const { models, agents } = JSON.parse(configFor(model));
  const bench = stack.use(
    await ChannelBench.start(fakeTelegram, {
      config: { models, agents, messages: { queue: { debounceMs: 0, ...queue } } },
      settings: (fake) => ({ owners: [fake.idOf("owner")] }),
    }),
  );
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  stack.defer(release);
  model.script({ kind: "text", text: ["The first ", "answer."], hold });
  const asked = model.next();
  await bench.fake.says("first", { from: "owner" });
  await within(asked, "the model to be asked");
  return { model, bench, release, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Somebody writes as many messages as may wait, and some more; resolves when as many have been left out. */
async function flood(bench: ChannelBench, from: string, more: number): Promise<void> {
  for (let n = 1; n <= CAP + more; n++) await bench.fake.says(`flood ${n}`, { from });
  for (let n = 1; n <= more; n++) assert.equal((await bench.decided(`flood ${n}`)).rule, "queue-full");
}

test("a stranger's flood leaves out the stranger's own messages, and the owner's is answered", async () => {
  await using story = await busy({ mode: "followup" });
  const { model, bench, release } = story;
  await bench.fake.says("second", { from: "owner" });
  await bench.fake.says("other", { from: "bob" });
  await flood(bench, "mallory", 2);
  const asked = model.next();

  release();
  const next = JSON.stringify((await within(asked, "the next turn")).body);
  const [second, other] = [await bench.decided("second"), await bench.decided("other")];

  assert.match(next, /second/);
  assert.doesNotMatch(next, /flood [12]\b|left out/);
  assert.deepEqual([second.outcome, other.outcome], ["replied", "replied"]);
});

test("new: the owner's message is taken when strangers fill the queue, and the stranger's newest is left out", async () => {
  await using story = await busy({ mode: "followup", drop: "new" });
  const { bench, release } = story;
  for (let n = 1; n <= CAP; n++) await bench.fake.says(`flood ${n}`, { from: "mallory" });
  await bench.fake.says("mine", { from: "owner" });
  const left = await bench.decided(`flood ${CAP}`);

  release();

  assert.equal(left.rule, "queue-full");
  assert.equal((await bench.decided("mine")).outcome, "replied");
});

test("a stranger's newest message does not end the owner's reply", async () => {
  await using story = await busy({ mode: "interrupt" });
  const { bench, release } = story;
  await bench.fake.says("stop that", { from: "mallory" });
  await bench.fake.says("and that", { from: "mallory" });
  const entry = await bench.decided("stop that");

  release();

  assert.equal(entry.rule, "interrupted");
  await bench.delivered("The first answer.");
});
