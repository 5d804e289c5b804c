import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fakeTelegram, until } from "@moltbot/fakes";
import { ChannelBench } from "../channels/bench.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
import { configFor, endOf, say, transcriptOf } from "./support.ts";

/** A Telegram chat with alice, whose messages and the operator's go to one conversation with a model. */
class Stage implements AsyncDisposable {
  readonly model: ModelServer;
  readonly bench: ChannelBench;
  readonly chatId: string;
  readonly workspace: string;

  private constructor(model: ModelServer, bench: ChannelBench, chatId: string, workspace: string) {
    this.model = model;
    this.bench = bench;
    this.chatId = chatId;
    this.workspace = workspace;
  }

  static async start(): Promise<Stage> {
    const model = await fakeOpenAI();
    const workspace = mkdtempSync(join(tmpdir(), "moltbot-message-"));
    const config = JSON.parse(configFor(model, { defaults: { workspace } }));
    const bench = await ChannelBench.start(fakeTelegram, { config });
    const { said } = await bench.asks("begin");
    return new Stage(model, bench, said.chatId, workspace);
  }

  /** The operator asks, the model calls the tool; resolves with what the model was told. */
  async use(args: object): Promise<string> {
    this.model.script({ kind: "tool-call", name: "message", arguments: args });
    await say(this.bench.operator, "Do it.");
    return this.told();
  }

  told(): string {
    const { messages } = this.model.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
    return unframed(messages.findLast(({ role }) => role === "tool")!.content);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bench[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
    rmSync(this.workspace, { recursive: true, force: true });
  }
}

describe("message", () => {
  test("sends where the conversation takes place, or where it says, and names the message", async () => {
    await using stage = await Stage.start();

    const here = await stage.use({ action: "send", message: "Tea is **ready**." });
    const there = await stage.use({ action: "send", channel: "telegram", to: stage.chatId, message: "Really." });

    const { id } = await stage.bench.delivered("Tea is ready.");
    assert.equal(here, `Sent; its id is ${id}.`);
    assert.equal(there, `Sent; its id is ${(await stage.bench.delivered("Really.")).id}.`);
  });

  test("sends files of the workspace, and none from elsewhere", async () => {
    await using stage = await Stage.start();
    const { workspace } = stage;
    writeFileSync(join(workspace, "notes.txt"), "buy milk");

    assert.match(await stage.use({ action: "send", message: "my notes", media: ["notes.txt"] }), /^Sent/);
    const { files } = await stage.bench.delivered("my notes");
    assert.deepEqual(
      files.map(({ fileName, bytes }) => [fileName, Buffer.from(bytes).toString()]),
      [["notes.txt", "buy milk"]],
    );
    for (const place of [
      "../moltbot.json",
      "/etc/passwd",
      "file:///etc/passwd",
      "http://127.0.0.1/",
      "https://127.0.0.1/",
    ])
      assert.match(await stage.use({ action: "send", message: "x", media: [place] }), /^message: /, place);
  });

  test("edits, deletes and reacts; what is missing or impossible is said", async () => {
    await using stage = await Stage.start();
    const { bench } = stage;
    await stage.use({ action: "send", message: "first" });
    const { id: messageId } = await bench.delivered("first");
    const said = await bench.fake.says("/echo said");

    assert.equal(await stage.use({ action: "edit", messageId, message: "second" }), "Changed.");
    assert.equal((await bench.delivered("second")).id, messageId);
    assert.equal(await stage.use({ action: "react", messageId: said.id, emoji: "👍" }), "Reacted.");
    assert.deepEqual(bench.fake.reactions, [{ messageId: said.id, emoji: "👍" }]);
    assert.equal(await stage.use({ action: "delete", messageId }), "Deleted.");
    assert.equal(bench.times("second"), 0);
    assert.equal(await stage.use({ action: "edit", message: "x" }), "message: messageId is missing");
    assert.equal(await stage.use({ action: "react", messageId }), "message: emoji is missing");
    assert.match(await stage.use({ action: "send", to: "nobody in particular", message: "x" }), /has no target/);
    assert.match(await stage.use({ action: "send", channel: "slack", message: "x" }), /say to whom with `to`/);
  });

  test("asks a poll", async () => {
    await using stage = await Stage.start();

    const told = await stage.use({ action: "poll", question: "Tea?", options: ["yes", "no"] });

    assert.match(told, /^Asked; the poll's id is \S+\.$/);
    assert.deepEqual(stage.bench.fake.delivered.at(-1)?.poll, { question: "Tea?", options: ["yes", "no"] });
  });

  test("is honest about what waits: the model is told not to send it again", async () => {
    await using stage = await Stage.start();
    await stage.bench.operator.call("channels.stop", { channel: "telegram" });

    const told = await stage.use({ action: "send", message: "later" });

    assert.match(told, /^Do not send it again: not sent yet, and kept until /);
    await stage.bench.operator.call("channels.start", { channel: "telegram" });
    await stage.bench.delivered("later");
  });

  test("is sent once although the gateway stops while it is on its way", async () => {
    await using stage = await Stage.start();
    const { bench, model } = stage;
    await bench.operator.call("channels.stop", { channel: "telegram" });
    model.script({ kind: "turn", calls: [{ name: "message", arguments: { action: "send", message: "once only" } }] });
    const params = { sessionKey: "main", message: "Tell her.", idempotencyKey: "r1" };
    await bench.fake.trouble({ kind: "slow", ms: 3_000 });
    await bench.operator.call("channels.start", { channel: "telegram" });
    await bench.linked();
    await bench.operator.call("chat.send", params);
    await until(bench.fake, "the message to arrive", () => bench.times("once only") > 0);

    await bench.restart();
    await bench.operator.call("agent.wait", { runId: "r1", timeoutMs: 9_000 });

    assert.equal(bench.times("once only"), 1);
    assert.match(stage.told(), /^(Sent; its id is|It may have arrived)/);
  });
});

describe("a run that has spoken with the tool", () => {
  for (const [what, text] of [
    ["NO_REPLY", "NO_REPLY"],
    ["nothing", ""],
  ] as const) {
    test(`says nothing more when it ends with ${what}, and the message counts as answered`, async () => {
      await using stage = await Stage.start();
      const { bench, model } = stage;
      model.script({ kind: "tool-call", name: "message", arguments: { action: "send", message: "By tool." } });
      model.script({ kind: "turn", text });
      const before = bench.fake.delivered.length;
      const params = { sessionKey: "main", message: "Tell her.", deliver: true, idempotencyKey: "r1" };

      const { payload } = await bench.operator.request("agent", params);
      await bench.operator.call("agent.wait", { runId: "r1", timeoutMs: 9_000 });
      await bench.asks("and on");

      assert.equal(payload.status, "accepted");
      assert.deepEqual(
        bench.fake.delivered.slice(before).map((each) => each.text),
        ["By tool.", "and on"],
      );
      assert.ok(!(await transcriptOf(bench.operator)).some((line) => line.includes("NO_REPLY")));
    });
  }

  test("keeps NO_REPLY from those who watch", async () => {
    await using stage = await Stage.start();
    const { operator } = stage.bench;
    stage.model.script({ kind: "text", text: ["NO", "_RE", "PLY"] });
    await operator.call("chat.send", { sessionKey: "main", message: "Hush.", idempotencyKey: "r1" });

    const end = await endOf(operator, "r1");

    assert.deepEqual([end.state, end.message], ["final", undefined]);
    const seen = operator.frames.filter(({ payload }) => payload?.runId === "r1");
    assert.ok(!JSON.stringify(seen).includes("PLY"));
  });
});
