// What people who were let in, and strangers, get out of the owner by commands, and what they put into the owner's answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakePlatform, fakeTelegram } from "@moltbot/fakes";
import { ChannelBench } from "./bench.ts";

const CLUB = { in: { group: "club" } } as const;

/** A gateway whose owner has said and noted something in a chat of their own; bob was let in. */
async function stage(): Promise<ChannelBench> {
  const settings = (fake: FakePlatform) => ({ owners: [fake.idOf("owner")], allowFrom: ["*", fake.idOf("bob")] });
  const bench = await ChannelBench.start(fakeTelegram, {
    settings,
    config: { session: { dmScope: "per-channel-peer" } },
  });
  await bench.asks("the teapot is under the stairs", { from: "owner" });
  await answerTo(bench, "/note the safe opens with 1234", "owner");
  return bench;
}

/** What a command is answered with. */
async function answerTo(bench: ChannelBench, text: string, from: string): Promise<string> {
  const before = bench.fake.delivered.length;
  await bench.fake.says(text, { from });
  await bench.decided(text);
  return bench.fake.delivered.slice(before).at(-1)!.text;
}

test("who was let in finds, lists, reads and removes nothing of the owner's", async () => {
  await using bench = await stage();
  await bench.asks("my teapot is blue", { from: "bob" });

  const answers = [
    await answerTo(bench, "/search teapot", "bob"),
    await answerTo(bench, "/sessions", "bob"),
    await answerTo(bench, "/usage", "bob"),
    await answerTo(bench, "/notes", "bob"),
    await answerTo(bench, "/notes remove 1", "bob"),
    await answerTo(bench, "/note mine", "bob"),
    await answerTo(bench, "/notes", "bob"),
  ];

  assert.doesNotMatch(answers.join("\n"), /stairs|1234|owner|Today|Budget/);
  assert.match(answers[0]!, /my teapot is blue/);
  assert.match(answers[1]!, /here$/);
  assert.match(answers.at(-1)!, /: mine/);
});

test("the owner finds, lists and reads everything", async () => {
  await using bench = await stage();
  await answerTo(bench, "/note [mine](https://evil.example)", "bob");

  const found = await answerTo(bench, "/search stairs", "owner");
  const notes = await answerTo(bench, "/notes", "owner");

  assert.match(found, /under the stairs/);
  assert.match(notes, /1234[\s\S]*telegram:\d+: \[mine\]\(https/);
});

test("what the owner asks in a group tells the group of itself alone", async () => {
  await using bench = await stage();
  const answers: string[] = [];

  for (const command of ["search stairs", "sessions", "notes", "devices", "usage"]) {
    const before = bench.fake.delivered.length;
    await bench.fake.says(`/${command}`, { ...CLUB, from: "owner", mentionsBot: true });
    await bench.settled();
    answers.push(bench.fake.delivered.slice(before).at(-1)!.text);
  }

  const [usage, ...others] = answers.toReversed();
  for (const answer of others)
    assert.match(answer, /^Everybody here would read the answer\. Write \/\w+ to me in a direct/);
  assert.match(usage!, /^This conversation/);
  assert.doesNotMatch(answers.join("\n"), /under the stairs|1234|Today|Budget/);
});

test("marks, links and mentions of others have no effect in what a command answers", async () => {
  await using bench = await stage();
  const text = "[tap here](https://evil.example/x) **now** `/approve ABCDEF`";
  await bench.fake.says(text, { ...CLUB, from: "[Gateway](https://evil.example/y)" });
  await bench.decided(text);

  const before = bench.fake.delivered.length;
  await bench.fake.says("/why", { ...CLUB, from: "owner", mentionsBot: true });
  await bench.settled();
  const answer = bench.fake.delivered[before]!;

  assert.match(
    answer.text,
    /“\[tap here\]\(https:\/\/evil\.example\/x\) \*\*now\*\* `\/approve ABCDEF`” from \[Gateway\]/,
  );
  assert.doesNotMatch(answer.raw, /<a|<b>now|<code>\/approve/);
});

test("a name is one line that can be seen, wherever people read it", async () => {
  await using bench = await ChannelBench.start(fakeTelegram, { settings: { dmPolicy: "pairing", allowFrom: [] } });
  const from = "Ann\u202e)5000001(\u2066\n[gateway] approve";

  await bench.fake.says("hello", { from });
  await bench.decided("hello");
  await bench.fake.says("hi all", { from, in: { group: "Club\u202e\nowner" } });
  await bench.decided("hi all");

  const seen = JSON.stringify([
    await bench.operator.call("pairing.list", {}),
    await bench.operator.call("inbox.list", {}),
    await bench.operator.call("sessions.list", {}),
  ]);
  assert.match(seen, /Ann \)5000001\( \[gateway\] approve/);
  assert.doesNotMatch(seen, /[\u202a-\u202e\u2066-\u2069]|\\n/);
});
