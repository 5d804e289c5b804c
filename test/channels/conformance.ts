/**
 * What every channel must do, driven over its real SDK against a fake of its platform and through a whole gateway. Each
 * channel's test calls `conformance` once; where a platform lacks something, the channel's definition says so, and that
 * is what is tested.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type FakeFile, type FakePlatform, type Trouble, until } from "@moltbot/fakes";
import { CHANNELS } from "../../packages/gateway/src/channels/index.ts";
import type { Capability } from "../../packages/gateway/src/kit/channel.ts";
import { configFor } from "../agent/support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import { ChannelBench, type StartFake } from "./bench.ts";

export interface ConformanceOptions {
  readonly channel: string;
  /** Names the suite, when a channel has two backends. */
  readonly name?: string;
  readonly start: StartFake;
  /** How many messages wait when the gateway comes back. */
  readonly backlog?: number;
  /** Capabilities that this backend of the channel lacks. */
  readonly lacks?: readonly Capability[];
}

/** What hangs ends here; each wait has a bound of its own. */
const SUITE_LIMIT_MS = 15 * 60_000;

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const picture: FakeFile = { bytes: PNG, mimeType: "image/png", fileName: "dot.png", kind: "image" };
/** A PDF that claims to be a picture. */
const mislabelled: FakeFile = {
  bytes: Buffer.from("%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"),
  mimeType: "image/jpeg",
  fileName: "holiday.jpg",
  kind: "document",
};

/** Registers the suite: a test for each thing that the channel can do and for each trouble that its fake can make. */
export async function conformance({
  channel,
  name = channel,
  start,
  backlog = 60,
  lacks = [],
}: ConformanceOptions): Promise<void> {
  const definition = CHANNELS.find(({ id }) => id === channel)!;
  const offers = await offersOf(start);
  const can = (capability: Capability) => definition.capabilities.includes(capability) && !lacks.includes(capability);

  describe(`${name}: a conversation`, { timeout: SUITE_LIMIT_MS }, () => {
    let bench: ChannelBench;
    before(async () => {
      bench = await ChannelBench.start(start);
    });
    after(async () => await bench?.[Symbol.asyncDispose]());

    test("a direct message is answered in its chat, once", async () => {
      const { said, reply } = await bench.asks("one two");

      assert.equal(reply.chatId, said.chatId);
      assert.deepEqual(await outcomeOf(bench, "/echo one two"), { outcome: "replied", rule: "open" });
      assert.equal(bench.times("one two"), 1);
    });

    test("messages of one chat are answered in their order", async () => {
      const texts = ["first", "second", "third", "fourth"];
      for (const text of texts) await bench.fake.says(`echo ${text}`, { from: "orderly" });
      await bench.delivered("fourth");

      assert.deepEqual(
        bench.fake.delivered.map(({ text }) => text).filter((text) => texts.includes(text)),
        texts,
      );
    });

    test("markup arrives as the platform writes it", async () => {
      const { reply } = await bench.asks("markup", { from: "marker" });
      await bench.operator.call("send", {
        channel,
        to: reply.chatId,
        message: "**bold** and `code` in [a link](https://example.com/x)",
        idempotencyKey: "markup-1",
      });
      const found = bench.fake.delivered.at(-1)!;

      assert.match(found.text, /^bold and code in /);
      assert.match(found.raw, /example\.com\/x/);
      assert.doesNotMatch(found.text, /\*\*/);
    });

    test("emphasis beside a script without spaces leaves no marks", async () => {
      const { said } = await bench.asks("emphasis", { from: "marker" });
      const message = "**「重要」**の\n\nこれは**強調**です\n\n한국어**강조**입니다 un**believ**able";
      await bench.operator.call("send", { channel, to: said.chatId, message, idempotencyKey: "emphasis-1" });

      await bench.delivered("「重要」の\n\nこれは強調です\n\n한국어강조입니다 unbelievable");
    });

    test("a long text arrives whole, in order, in messages that the platform takes", async () => {
      const words = Array.from({ length: 1_600 }, (_, n) => `word${n}`).join(" ");
      const message = `${words}\n\n\`\`\`js\nconst last = 1;\n\`\`\``;
      const { said } = await bench.asks("long", { from: "reader" });
      const seen = bench.fake.delivered.length;
      await bench.operator.call("send", { channel, to: said.chatId, message, idempotencyKey: "long-1" });
      const parts = bench.fake.delivered.slice(seen).map(({ text }) => text);

      assert.ok(parts.length > 1, `${parts.length} parts`);
      assert.deepEqual(parts.join(" ").match(/word\d+/g), words.split(" "));
      assert.match(parts.at(-1)!, /const last = 1;/);
    });

    test("a send with the same key is sent once, and answers the same again", async () => {
      const { said } = await bench.asks("key", { from: "keyed" });
      const params = { channel, to: said.chatId, message: "only once", idempotencyKey: "once-1" };
      const first = await bench.operator.call("send", params);
      const again = await (await bench.gateway.connect({ scopes: ["operator.admin"] })).call("send", params);

      assert.deepEqual(again, first);
      assert.equal(bench.times("only once"), 1);
    });

    if (offers.trouble("redeliver"))
      test("a redelivered message is answered once", async () => {
        await bench.asks("again", { from: "repeater" });
        await bench.fake.trouble({ kind: "redeliver" });
        await bench.asks("after it", { from: "repeater" });

        assert.equal(bench.times("again"), 1);
      });

    if (offers.trouble("malformed"))
      test("what cannot be read does not stand in the way", async () => {
        await bench.fake.trouble({ kind: "malformed" });
        await bench.asks("still here", { from: "steady" });

        assert.equal((await bench.account()).state, "connected");
      });

    if (can("group"))
      test("in a group only what addresses us is answered, there", async () => {
        const group = { group: "family" };
        await bench.fake.says("echo not for the bot", { from: "bob", in: group });
        const { said, reply } = await bench.asks("for the bot", { from: "bob", in: group, mentionsBot: true });

        assert.equal(reply.chatId, said.chatId);
        assert.deepEqual(await outcomeOf(bench, "echo not for the bot"), {
          outcome: "suppressed",
          rule: "not-addressed",
        });
        assert.equal(bench.times("not for the bot"), 0);
      });

    if (can("thread"))
      test("a thread is answered in the thread", async () => {
        const { reply } = await bench.asks("in the thread", {
          from: "carol",
          in: { group: "threads" },
          thread: "plans",
          mentionsBot: true,
        });

        assert.notEqual(reply.thread, undefined);
      });

    if (can("reply") && can("group"))
      test("an answer quotes the message it answers in a group", async () => {
        const { said, reply } = await bench.asks("quote me", {
          from: "dora",
          in: { group: "quotes" },
          mentionsBot: true,
        });

        assert.equal(reply.replyTo ?? reply.thread, said.id);
      });

    if (can("mediaIn"))
      test("a picture is taken in, and a file that lies about itself is named for what it is", async () => {
        await bench.fake.says("look at this", { from: "painter", files: [picture] });
        await bench.fake.says("and this", { from: "painter", files: [mislabelled] });
        await bench.decided("look at this");
        await bench.decided("and this");
        const { messages } = await bench.operator.call("chat.history", { sessionKey: "main", limit: 20 });
        const parts = messages.flatMap(
          ({ content }: { content: { type: string; text?: string; mimeType?: string }[] }) => content,
        );

        assert.ok(
          parts.some(
            ({ type, mimeType }: { type: string; mimeType?: string }) => type === "image" && mimeType === "image/png",
          ),
        );
        assert.ok(
          parts.some(({ text }: { text?: string }) => text?.includes("application/pdf")),
          JSON.stringify(parts).slice(-600),
        );
      });

    if (can("mediaOut"))
      test("a file is sent as it is", async () => {
        const { said } = await bench.asks("file please", { from: "collector" });
        await bench.operator.call("send", {
          channel,
          to: said.chatId,
          message: "here it is",
          mediaUrl: `data:image/png;name=dot.png;base64,${PNG.toString("base64")}`,
          idempotencyKey: "file-1",
        });
        const found = await until(bench.fake, "the file", () =>
          bench.fake.delivered.find(({ files }) => files.length > 0),
        );

        assert.deepEqual(Buffer.from(found.files[0]!.bytes), PNG);
        await until(bench.fake, "its text", () => bench.fake.delivered.some(({ text }) => text.includes("here it is")));
      });

    test("a reaction can be given and is noticed", async () => {
      const { said, reply } = await bench.asks("react", { from: "eva" });
      if (can("reactionOut")) {
        await bench.operator.call("message.react", {
          channel,
          to: said.chatId,
          messageId: said.id,
          emoji: "👍",
          idempotencyKey: "react-1",
        });
        await until(bench.fake, "the reaction", () =>
          bench.fake.reactions.some(({ messageId }) => messageId === said.id),
        );
      }
      if (can("reactionIn")) {
        await bench.fake.reacts?.(reply.id, "❤️", { from: "eva" });
        assert.equal((await kindDecided(bench, "reaction")).outcome, "noted");
      }
    });

    test("a message of ours can be changed and taken back", async () => {
      const { said } = await bench.asks("change", { from: "fred" });
      const send = (message: string, idempotencyKey: string) =>
        bench.operator.call("send", { channel, to: said.chatId, message, idempotencyKey });
      if (can("editOut")) {
        const { messageId } = await send("before", "edit-1");
        await bench.operator.call("message.edit", {
          ...{ channel, to: said.chatId, messageId, message: "after" },
          idempotencyKey: "edit-2",
        });
        assert.equal((await bench.delivered("after")).edits, 1);
      }
      if (can("unsendOut")) {
        const { messageId } = await send("a slip", "unsend-1");
        await bench.operator.call("message.delete", {
          ...{ channel, to: said.chatId, messageId },
          idempotencyKey: "unsend-2",
        });
        await until(bench.fake, "it to be gone", () => bench.times("a slip") === 0);
      }
    });

    if (can("editIn") && offers.edits)
      test("a change by the author is noticed", async () => {
        const { said } = await bench.asks("typo", { from: "gina" });
        await bench.fake.edits?.(said, "echo no typo");

        assert.equal((await kindDecided(bench, "edit")).outcome, "noted");
        assert.equal(bench.times("no typo"), 0);
      });

    if (can("unsendIn") && offers.unsends)
      test("a message taken back by its author is noticed", async () => {
        const { said } = await bench.asks("oops", { from: "hugo" });
        await bench.fake.unsends?.(said);

        assert.equal((await kindDecided(bench, "unsend")).outcome, "noted");
      });

    if (can("polls"))
      test("a poll is asked", async () => {
        const { said } = await bench.asks("poll", { from: "ida" });
        await bench.operator.call("poll", {
          ...{ channel, to: said.chatId, question: "Tea?", options: ["yes", "no"] },
          idempotencyKey: "poll-1",
        });
        const { poll } = await until(bench.fake, "the poll", () => bench.fake.delivered.find((each) => each.poll));

        assert.deepEqual([poll?.question, poll?.options], ["Tea?", ["yes", "no"]]);
      });

    if (can("commands") && offers.commands)
      test("the platform's own menu has the commands, and they work", async () => {
        if (bench.fake.menu) assert.ok(bench.fake.menu.includes("help"), JSON.stringify(bench.fake.menu));
        await bench.fake.commands?.("echo", "from the menu", { from: "jana" });

        await bench.delivered("from the menu");
      });

    test("every capability that the account lacks is named with its reason", async () => {
      const { capabilities, absent = {} } = await bench.account();
      const missing = definition.capabilities.filter((each) => !capabilities.includes(each));

      assert.deepEqual(
        missing.toSorted(),
        Object.keys(absent)
          .filter((each) => missing.includes(each as Capability))
          .toSorted(),
      );
      assert.deepEqual(
        lacks.filter((each) => capabilities.includes(each)),
        [],
      );
    });
  });

  describe(`${name}: trouble`, { timeout: SUITE_LIMIT_MS }, () => {
    let bench: ChannelBench;
    before(async () => {
      bench = await ChannelBench.start(start);
      // The platform knows the chat before trouble begins.
      await bench.asks("hello", { from: "alice" });
    });
    after(async () => await bench?.[Symbol.asyncDispose]());

    if (offers.trouble("rate-limit"))
      test("a rate limit is waited out as long as the server says", async () => {
        await bench.fake.trouble({ kind: "rate-limit", retryAfterMs: 1_000 });
        const before = performance.now();
        await bench.asks("patient");

        assert.ok(performance.now() - before >= 990, `${performance.now() - before} ms`);
        assert.equal(bench.times("patient"), 1);
      });

    if (offers.trouble("accept-then-fail"))
      test("a message that was taken although the answer said otherwise is not doubled", async () => {
        await bench.fake.trouble({ kind: "accept-then-fail" });
        await bench.fake.says("/echo perhaps");
        await bench.delivered("perhaps");
        const { outcome, rule } = await bench.decided("/echo perhaps");

        assert.equal(bench.times("perhaps"), 1);
        assert.ok(outcome === "replied" || rule === "delivery-unknown", `${outcome} ${rule}`);
        await bench.linked();
      });

    test("a doubtful message is shown and can be sent again in one step", async () => {
      const { entries } = await bench.operator.call("outbox.list", { state: "unknown" });
      for (const { id } of entries) await bench.operator.call("outbox.resend", { id });
      const { entries: left } = await bench.operator.call("outbox.list", { state: "unknown" });
      if (entries.length > 0) await until(bench.fake, "the repeat", () => bench.times("perhaps") === 2);

      assert.deepEqual(left, []);
    });

    if (offers.trouble("refuse"))
      test("a refused message is a recorded failure, and the next one is answered", async () => {
        await bench.fake.trouble({ kind: "refuse" });
        await bench.fake.says("/echo refused");
        const { outcome, rule, detail } = await bench.decided("/echo refused");
        await bench.asks("next");

        assert.deepEqual([outcome, rule], ["failed", "delivery-failed"]);
        assert.match(detail, /\w+ \w+ \w+/);
        assert.equal(bench.times("refused"), 0);
      });

    if (offers.trouble("refuse-markup"))
      test("refused markup is sent as plain text", async () => {
        await bench.fake.trouble({ kind: "refuse-markup" });
        await bench.fake.says("/echo **plain** words");
        await bench.delivered("plain words");

        assert.equal(bench.times("plain words"), 1);
      });

    if (offers.trouble("slow"))
      test("a slow platform is waited for", async () => {
        await bench.fake.trouble({ kind: "slow", ms: 1_500 });
        await bench.asks("slowly");
        await bench.decided("/echo slowly");

        assert.equal(bench.times("slowly"), 1);
      });

    if (offers.trouble("cut"))
      test("a cut link is opened again and nothing said meanwhile is lost or doubled", async () => {
        await bench.fake.trouble({ kind: "cut" });
        await bench.fake.says("/echo during the cut");
        await bench.delivered("during the cut");
        await bench.linked();
        await bench.asks("after the cut");

        assert.equal(bench.times("during the cut"), 1);
      });

    if (offers.trouble("down"))
      test("a platform that is down is a visible state, and both sides catch up afterwards", async () => {
        await bench.fake.trouble({ kind: "down" });
        const { problem } = await bench.accountIs("waiting");
        await bench.fake.says("/echo while it was down");
        await bench.fake.trouble({ kind: "up" });
        await bench.operator.call("channels.stop", { channel });
        await bench.operator.call("channels.start", { channel });
        await bench.delivered("while it was down");

        assert.match(problem.message, /\w+ \w+/);
        assert.equal(bench.times("while it was down"), 1);
      });

    test("what was said while the gateway was stopped is answered after its start, once", async () => {
      const texts = Array.from({ length: backlog }, (_, n) => `missed ${n}`);
      await bench.restart(async () => {
        for (const text of texts) await bench.fake.says(`/echo ${text}`);
      });
      await bench.delivered(texts.at(-1)!);
      for (const text of texts) await bench.delivered(text);

      assert.deepEqual(
        texts.map((text) => bench.times(text)),
        texts.map(() => 1),
      );
    });

    test("nothing has been left without an outcome", async () => {
      const entries = await bench.settled();

      assert.deepEqual(
        entries.filter(({ outcome }) => outcome === undefined),
        [],
      );
    });
  });

  describe(`${name}: strangers and ends`, { timeout: SUITE_LIMIT_MS }, () => {
    test("a stranger gets one code, and is answered once they were let in", async () => {
      await using bench = await ChannelBench.start(start, { settings: { dmPolicy: "pairing", allowFrom: [] } });
      await bench.fake.says("/echo hello?", { from: "stranger" });
      const { text } = await until(bench.fake, "a code", () =>
        bench.fake.delivered.find((message) => message.text.includes("Pairing code")),
      );
      await bench.fake.says("/echo hello??", { from: "stranger" });
      assert.equal((await bench.decided("/echo hello??")).rule, "pairing-known");
      const code = /Pairing code: (\w{8})/.exec(text)?.[1];
      await bench.operator.call("pairing.approve", { channel, code: code?.toLowerCase() });
      await bench.asks("thanks", { from: "stranger" });

      assert.equal((await bench.decided("/echo hello?")).rule, "pairing");
      assert.equal(bench.fake.delivered.length, 2);
    });

    if (offers.trouble("revoke"))
      test("an account whose credentials were revoked stops and says what to do", async () => {
        await using bench = await ChannelBench.start(start);
        await bench.fake.trouble({ kind: "revoke" });
        const { problem } = await bench.accountIs("failed");

        assert.match(problem.kind, /^(bad-credentials|logged-out)$/);
        assert.match(problem.message, /\w+ \w+ \w+/);
      });

    if (offers.trouble("replace"))
      test("an account whose session another instance took does not fight", async () => {
        await using bench = await ChannelBench.start(start);
        await bench.fake.trouble({ kind: "replace" });

        assert.equal((await bench.accountIs("failed")).problem.kind, "replaced");
      });

    if (offers.trouble("ban"))
      test("a blocked account says so", async () => {
        await using bench = await ChannelBench.start(start);
        await bench.fake.trouble({ kind: "ban" });

        assert.equal((await bench.accountIs("failed")).problem.kind, "banned");
      });

    if (can("group") && offers.trouble("remove-from-group"))
      test("a group that the account was removed from is noted", async () => {
        await using bench = await ChannelBench.start(start);
        await bench.asks("in", { in: { group: "club" }, mentionsBot: true });
        await bench.fake.trouble({ kind: "remove-from-group", group: "club" });

        assert.equal((await kindDecided(bench, "membership")).rule, "removed");
      });

    test("typing is shown while the agent works and always ended, and a reply that grows is edited", async () => {
      await using model = await fakeOpenAI();
      const pieces = Array.from({ length: 40 }, (_, n) => `piece${n} `);
      model.usual = { kind: "text", text: pieces, gapMs: 110 };
      await using bench = await ChannelBench.start(start, { config: JSON.parse(configFor(model)) });
      await bench.fake.says("tell me a story");
      if (can("typing")) await until(bench.fake, "typing", () => bench.fake.typingCount > 0);
      const reply = await bench.delivered(pieces.join("").trim());
      await bench.decided("tell me a story");
      if (can("typing")) await until(bench.fake, "typing to end", () => bench.fake.typingIn.length === 0);

      assert.equal(bench.fake.delivered.length, 1);
      assert.equal(reply.edits > 0, can("streaming"));
    });
  });
}

/** What a fake can do, asked before the tests are registered. */
async function offersOf(start: StartFake) {
  await using fake: FakePlatform = await start();
  const { troubles } = fake;
  const [edits, unsends, commands] = [fake.edits, fake.unsends, fake.commands].map((each) => each !== undefined);
  return { trouble: (kind: Trouble["kind"]) => troubles.includes(kind), edits, unsends, commands };
}

async function outcomeOf(bench: ChannelBench, text: string): Promise<{ outcome: string; rule: string }> {
  const { outcome, rule } = await bench.decided(text);
  return { outcome, rule };
}

/** The newest event of a kind that was decided. */
async function kindDecided(bench: ChannelBench, kind: string): Promise<{ outcome: string; rule: string }> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  for (;;) {
    const { entries } = await bench.operator.call("inbox.list", { limit: 200 });
    const entry = entries.find((each: { kind: string; state: string }) => each.kind === kind && each.state === "done");
    if (entry) return entry;
    if (limit.aborted) assert.fail(`no ${kind} was decided; log: ${bench.logTail()}`);
    await sleep(20);
  }
}
