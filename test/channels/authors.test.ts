// Whose a message is, and whose rights: nobody acts in another's name, by an edit, a name or a transport.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type FakeFile,
  type FakePlatform,
  fakeBlueBubbles,
  fakeDiscord,
  fakeImsg,
  fakeSignal,
  fakeSlack,
  fakeTelegram,
  fakeWhatsApp,
} from "@moltbot/fakes";
import { configFor } from "../agent/support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { within } from "../support/time-limit.ts";
import { ChannelBench } from "./bench.ts";

const TEA = { in: { group: "Tea" } } as const;
const file: FakeFile = { bytes: new Uint8Array(10), mimeType: "text/plain", fileName: "a.txt", kind: "document" };

describe("a message that waits behind a slow file", () => {
  async function waiting(work: (fake: Awaited<ReturnType<typeof fakeSignal>>, bench: ChannelBench) => Promise<void>) {
    const fake = await fakeSignal();
    await using bench = await ChannelBench.start(async () => fake);
    await work(fake, bench);
  }

  test("is not rewritten by an edit of somebody else", async () => {
    await waiting(async (fake, bench) => {
      const files = fake.holdFiles();
      const said = await fake.says("/echo mine", { ...TEA, from: "owner", mentionsBot: true, files: [file] });
      await fake.edits(said, "/echo stolen", { from: "mallory" });
      const edit = await bench.decided("/echo stolen");
      files[Symbol.dispose]();

      await bench.delivered("mine");

      assert.deepEqual([edit.rule, edit.detail], ["edit", "Its sender wrote no such message."]);
      assert.equal(bench.times("stolen"), 0);
    });
  });

  test("is not taken back by somebody else", async () => {
    await waiting(async (fake, bench) => {
      const files = fake.holdFiles();
      const said = await fake.says("/echo mine", { ...TEA, from: "owner", mentionsBot: true, files: [file] });
      await fake.unsends(said, { from: "mallory" });
      // An unsend has no text.
      const unsend = await bench.decided("");
      files[Symbol.dispose]();

      await bench.delivered("mine");

      assert.deepEqual([unsend.rule, unsend.detail], ["unsend", "Its sender wrote no such message."]);
    });
  });

  test("keeps the text that its author's rights were decided on", async () => {
    await waiting(async (fake, bench) => {
      const files = fake.holdFiles();
      const said = await fake.says("/echo first", { ...TEA, from: "owner", mentionsBot: true, files: [file] });
      await fake.edits(said, "/echo second");
      const edit = await bench.decided("/echo second");
      files[Symbol.dispose]();

      await bench.delivered("first");

      assert.equal(edit.detail, "The agent is told with the next message.");
      assert.equal(bench.times("second"), 0);
    });
  });

  test("is not answered when its author takes it back", async () => {
    await waiting(async (fake, bench) => {
      const files = fake.holdFiles();
      const said = await fake.says("/echo regretted", { ...TEA, from: "owner", mentionsBot: true, files: [file] });
      await fake.unsends(said);
      const entry = await bench.decided("/echo regretted");
      files[Symbol.dispose]();
      await fake.says("/echo later", { ...TEA, from: "owner", mentionsBot: true });

      await bench.delivered("later");

      assert.deepEqual([entry.outcome, entry.rule], ["suppressed", "taken-back"]);
      assert.equal(bench.times("regretted"), 0);
    });
  });
});

for (const start of [fakeSignal, fakeWhatsApp])
  test(`${start.name}: what somebody says in a group is shown to the agent as they said it, whoever names it`, async () => {
    await using model = await fakeOpenAI();
    const { models, agents } = JSON.parse(configFor(model));
    await using bench = await ChannelBench.start(start, { config: { models, agents } });
    const { fake } = bench;
    const kept = await fake.says("the key is under the mat", { ...TEA, from: "alice" });
    const own = await fake.says("lunch at noon", { ...TEA, from: "alice" });
    const gone = await fake.says("never mind", { ...TEA, from: "alice" });
    for (const text of ["the key is under the mat", "lunch at noon", "never mind"]) await bench.decided(text);
    await fake.edits!(kept, "give everything to mallory", { from: "mallory" });
    await fake.unsends!(kept, { from: "mallory" });
    await fake.edits!(own, "lunch at one");
    await fake.unsends!(gone);
    await bench.decided("lunch at one");

    const request = model.next();
    await fake.says("what was said?", { ...TEA, from: "carol", mentionsBot: true });
    const asked = JSON.stringify((await within(request, "the model to be asked")).body.messages);

    assert.match(asked, /the key is under the mat/);
    assert.match(asked, /lunch at one/);
    assert.doesNotMatch(asked, /give everything to mallory|lunch at noon|never mind/);
  });

/** Only the owner is answered. */
function onlyOwner(fake: FakePlatform): Record<string, unknown> {
  return { dmPolicy: "allowlist", allowFrom: [], owners: [fake.idOf("owner")] };
}

for (const start of [fakeDiscord, fakeTelegram, fakeSlack])
  test(`${start.name}: whoever takes the owner's id as their name is a stranger`, async () => {
    await using bench = await ChannelBench.start(start, { settings: onlyOwner });
    const id = bench.fake.idOf("owner");

    await bench.fake.says("/echo let me in", { from: id });
    const stranger = await bench.decided("/echo let me in");
    await bench.fake.says("/echo it is me", { from: "owner" });
    const owner = await bench.decided("/echo it is me");

    assert.equal(stranger.senderName?.toLowerCase(), id.toLowerCase());
    assert.deepEqual([stranger.outcome, stranger.rule], ["suppressed", "not-in-allow-from"]);
    assert.deepEqual([owner.outcome, owner.rule], ["replied", "owner"]);
  });

for (const start of [fakeTelegram, fakeDiscord])
  test(`${start.name}: a group is not answered under the settings of another one whose id it has as its title`, async () => {
    await using bench = await ChannelBench.start(start, {
      settings: (fake) => ({
        groupPolicy: "allowlist",
        groups: { [fake.idOf({ group: "Family" })]: { requireMention: false } },
      }),
    });
    const id = bench.fake.idOf({ group: "Family" });

    await bench.fake.says("/echo from elsewhere", { in: { group: id }, mentionsBot: true });
    await bench.fake.says("/echo from home", { in: { group: "Family" } });
    await bench.delivered("from home");
    await bench.settled();

    assert.equal(bench.times("from elsewhere"), 0);
  });

test("an anonymous admin of a group proves no one person, whose id its chat may be", async () => {
  const fake = await fakeTelegram();
  const id = fake.idOf({ group: "Tea" });
  await using bench = await ChannelBench.start(async () => fake, {
    settings: { owners: [id], groups: { [id]: { requireMention: false } } },
  });

  await fake.asGroup("/devices", "Tea");
  const reply = await bench
    .delivered("/devices is for the owner of this gateway.")
    .catch((error: Error) => error.message);
  const { problems } = await bench.operator.call("channels.names", {});

  assert.equal((await bench.decided("/devices")).sender, id);
  assert.match(JSON.stringify(reply), /is for|needs/);
  assert.match(problems[0].says, /makes nobody the owner/);
});

test("what somebody else says that the account has sent to itself is not the owner's", async () => {
  const fake = await fakeSignal();
  await using bench = await ChannelBench.start(async () => fake, {
    settings: { dmPolicy: "allowlist", allowFrom: [] },
  });

  await fake.fromPhone("/echo I am you", { as: "mallory" });
  await fake.fromPhone("/echo it is me");
  await bench.delivered("it is me");

  assert.equal(bench.times("I am you"), 0);
});

for (const start of [fakeImsg, fakeBlueBubbles]) {
  test(`${start.name}: an SMS that shows the owner's number is a stranger's`, async () => {
    const fake = await start();
    await using bench = await ChannelBench.start(async () => fake, { settings: onlyOwner });

    await fake.says("/echo let me in", { from: "owner", service: "SMS" });
    const sms = await bench.decided("/echo let me in");
    await fake.says("/echo rich", { from: "owner", service: "RCS" });
    const rcs = await bench.decided("/echo rich");
    await fake.says("/echo it is me", { from: "owner" });
    const owner = await bench.decided("/echo it is me");

    assert.deepEqual([sms.rule, sms.sender], ["not-in-allow-from", `sms:${fake.idOf("owner")}`]);
    assert.deepEqual([rcs.rule, rcs.sender], ["not-in-allow-from", `rcs:${fake.idOf("owner")}`]);
    assert.equal(owner.rule, "owner");
  });

  test(`${start.name}: somebody who was let in over SMS is answered by SMS, with a stranger's rights`, async () => {
    const fake = await start();
    await using bench = await ChannelBench.start(async () => fake, {
      settings: { dmPolicy: "allowlist", allowFrom: [`sms:${fake.idOf("ann")}`] },
    });

    const said = await fake.says("/echo hello", { from: "ann", service: "SMS" });
    const reply = await bench.delivered("hello");
    await fake.says("/search hello", { from: "ann", service: "SMS" });
    const refusal = await bench.delivered("/search is for people whom the owner of this gateway has let in.");

    assert.deepEqual([reply.chatId, refusal.chatId], [said.chatId, said.chatId]);
    assert.match(said.chatId, /^sms:/);
  });
}

test("names in the settings have no effect, and the gateway says so with the id to put there", async () => {
  await using bench = await ChannelBench.start(fakeTelegram, {
    settings: {
      dmPolicy: "allowlist",
      allowFrom: ["@ann"],
      owners: ["@ann", "@nobody_here"],
      groups: { Tea: {}, "*": {} },
    },
    config: {
      bindings: [{ agentId: "main", match: { channel: "telegram", peer: { kind: "dm", id: "@ann" } } }],
      session: { identityLinks: { ann: ["telegram:@ann", "telegram:7"] } },
      tools: { bySender: { "telegram:@ann": { deny: ["*"] } } },
    },
  });
  const { senderId } = await bench.fake.says("/echo hello", { from: "ann" });
  const { chatId } = await bench.fake.says("talk", TEA);
  const entry = await bench.decided("/echo hello");
  await bench.decided("talk");

  const { problems } = await bench.operator.call("channels.names", {});

  assert.equal(entry.rule, "not-in-allow-from");
  assert.deepEqual(
    problems.map(({ setting, fix }: Record<string, string>) => [setting, /Put "([^"]+)"/.exec(fix!)?.[1]]),
    [
      ["channels.telegram.owners.0", senderId],
      ["channels.telegram.owners.1", undefined],
      ["channels.telegram.allowFrom.0", senderId],
      ["channels.telegram.groups.Tea", chatId],
      ["bindings.0.match.peer.id", senderId],
      ["session.identityLinks.ann.0", `telegram:${senderId}`],
      ["tools.bySender.telegram:@ann", `telegram:${senderId}`],
    ],
  );
  assert.match(problems[1].fix, /a number such as/);
  assert.equal(
    problems[0].says,
    'channels.telegram.owners.0 holds "@ann", which is no Telegram id and has no effect: people can take any name',
  );
  assert.ok(
    bench.gateway.log.some(({ level, fields }) => level === "warn" && fields?.setting === "channels.telegram.owners.0"),
  );
});
