// Senders whom nobody knows: codes, and who may let them in.
import "../support/replayed.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakePlatform, fakeDiscord, fakeSignal, fakeSlack, fakeTelegram, until } from "@moltbot/fakes";
import { ChannelBench, type StartFake } from "./bench.ts";
import { refusal } from "./stage.ts";

const PAIRING = { settings: { dmPolicy: "pairing", allowFrom: [] } } as const;

async function benchOf(startFake: StartFake = fakeTelegram): Promise<ChannelBench> {
  return await ChannelBench.start(startFake, PAIRING);
}

/** A stranger writes; their id and the code that they are answered with. */
async function knocks(fake: FakePlatform, from: string): Promise<{ id: string; code: string }> {
  const seen = fake.delivered.length;
  const { senderId } = await fake.says("let me in", { from });
  const { text } = await until(fake, "a code", () => fake.delivered[seen]);
  return { id: senderId, code: /Pairing code: (\w+)/.exec(text)![1]! };
}

test("a stranger is told their id, a code, and how the owner lets them in", async () => {
  await using bench = await benchOf();

  const { id, code } = await knocks(bench.fake, "stranger");

  assert.match(code, /^[A-HJ-NP-Z2-9]{8}$/);
  assert.equal(
    bench.fake.delivered[0]?.text,
    [
      "Moltbot: access not configured.",
      "",
      `Your Telegram id: ${id}`,
      "",
      `Pairing code: ${code}`,
      "",
      "Ask the bot owner to approve with:",
      `moltbot pairing approve telegram ${code}`,
    ].join("\n"),
  );
});

test("requests and codes are only for those who may let people in", async () => {
  await using bench = await benchOf();
  const approver = await bench.gateway.connect({ scopes: ["operator.pairing"] });
  const reader = await bench.gateway.connect({ scopes: ["operator.read", "operator.write"] });

  const { id, code } = await knocks(bench.fake, "stranger");
  const { payload: requested } = await approver.nextOf("pairing.requested");
  await approver.call("pairing.approve", { channel: "telegram", code });
  const { payload: resolved } = await approver.nextOf("pairing.resolved");
  const list = await approver.call("pairing.list", {});
  const forbidden = [];
  for (const [method, params] of [
    ["pairing.list", {}],
    ["pairing.approve", { channel: "telegram", code }],
    ["pairing.revoke", { channel: "telegram", id }],
  ] as const)
    forbidden.push((await refusal(reader.request(method, params))).message);
  await reader.flushed();

  assert.deepEqual(
    { ...requested, createdAt: 0, lastSeenAt: 0, expiresAt: requested.expiresAt - requested.createdAt },
    {
      ...{ channel: "telegram", accountId: "default", id, name: "stranger", code },
      ...{ createdAt: 0, lastSeenAt: 0, expiresAt: 3_600_000 },
    },
  );
  assert.deepEqual(resolved, { channel: "telegram", id, decision: "approved" });
  assert.deepEqual(list.pending, []);
  assert.deepEqual(
    list.approved.map(({ approvedAt, ...rest }: { approvedAt: number }) => rest),
    [{ channel: "telegram", id, name: "stranger" }],
  );
  assert.deepEqual(forbidden, Array(3).fill("missing scope: operator.pairing"));
  assert.deepEqual(
    reader.frames.filter(({ event }) => event?.startsWith("pairing.")),
    [],
  );
});

test("whoever may read the inbox does not read codes there", async () => {
  await using bench = await benchOf();
  const reader = await bench.gateway.connect({ scopes: ["operator.read"] });

  const { code } = await knocks(bench.fake, "stranger");
  await bench.decided("let me in");
  const seen = [
    await reader.call("inbox.list", {}),
    await reader.call("inbox.why", {}),
    await reader.call("outbox.list", {}),
    await reader.call("logs.tail", {}),
    await reader.call("health", {}),
  ];

  assert.ok(!JSON.stringify(seen).includes(code), JSON.stringify(seen).slice(0, 3_000));
});

test("a code is taken in any case, once, and on its own channel only", async () => {
  await using bench = await benchOf();
  const { code, id } = await knocks(bench.fake, "stranger");

  const elsewhere = await refusal(bench.operator.request("pairing.approve", { channel: "signal", code }));
  const wrong = await refusal(bench.operator.request("pairing.approve", { channel: "telegram", code: "AAAAAAAA" }));
  const approved = await bench.operator.call("pairing.approve", {
    channel: "Telegram",
    code: ` ${code.toLowerCase()} `,
  });
  const again = await refusal(bench.operator.request("pairing.approve", { channel: "telegram", code }));
  const nowhere = await refusal(bench.operator.request("pairing.approve", { channel: "telegraph", code }));

  assert.deepEqual(approved, { channel: "telegram", id, name: "stranger" });
  assert.match(elsewhere.message, /^no pending request with that code on signal; codes last an hour/);
  assert.match(wrong.message, /^no pending request with that code on telegram/);
  assert.match(again.message, /^no pending request with that code on telegram/);
  assert.equal(nowhere.message, "unsupported channel: telegraph");
});

for (const start of [fakeTelegram, fakeDiscord, fakeSlack, fakeSignal])
  test(`${start.name}: whoever is let in is told so when asked for, and is answered from then on`, async () => {
    await using bench = await benchOf(start);
    const { channel } = bench.fake;
    const { code } = await knocks(bench.fake, "stranger");

    await bench.operator.call("pairing.approve", { channel, code, notify: true });
    const told = await bench.delivered("You have been let in. Say hello.");
    const { reply } = await bench.asks("hello", { from: "stranger" });

    assert.equal(told.chatId, reply.chatId);
    assert.equal((await bench.decided("/echo hello")).rule, "paired");
  });

test("strangers who wait keep nobody else from getting a code", async () => {
  await using bench = await benchOf();
  const others = ["one", "two", "three", "four", "five", "six"];
  for (const other of others) await knocks(bench.fake, other);

  const { id, code } = await knocks(bench.fake, "friend");
  const approved = await bench.operator.call("pairing.approve", { channel: "telegram", code });

  assert.equal(approved.id, id);
});

test("whoever is shut out again is a stranger again", async () => {
  await using bench = await benchOf();
  const { code, id } = await knocks(bench.fake, "stranger");
  await bench.operator.call("pairing.approve", { channel: "telegram", code });
  await bench.asks("hello", { from: "stranger" });

  const revoked = await bench.operator.call("pairing.revoke", { channel: "telegram", id });
  const again = await bench.operator.call("pairing.revoke", { channel: "telegram", id });
  const next = await knocks(bench.fake, "stranger");

  assert.deepEqual(revoked, { channel: "telegram", id, removed: true });
  assert.equal(again.removed, false);
  assert.notEqual(next.code, code);
});

test("a pairing outlives a restart", async () => {
  await using bench = await benchOf();
  const { code } = await knocks(bench.fake, "stranger");
  await bench.restart();
  await bench.operator.call("pairing.approve", { channel: "telegram", code });
  await bench.restart();

  await bench.asks("still in", { from: "stranger" });

  assert.equal((await bench.decided("/echo still in")).rule, "paired");
});
