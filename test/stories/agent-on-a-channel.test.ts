// One message on Telegram that needs many tools, told from all sides; and the same message from people who may do less.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { configFor, say } from "../agent/support.ts";
import { ChannelBench } from "../channels/bench.ts";
import type { ModelServer, SeenRequest } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { type Site, site } from "../fakes/site.ts";
import { unframed } from "../support/frames.ts";
import { brokenRules } from "./provider-rules.ts";
import { patch } from "./story.ts";

const QUESTION = "How is the tea brewed, and what do you know of me?";
const SECRET = "Ada's safe opens with 1815.";

class Household implements AsyncDisposable {
  readonly bench: ChannelBench;
  readonly model: ModelServer;
  readonly home: Site;

  constructor(bench: ChannelBench, model: ModelServer, home: Site) {
    this.bench = bench;
    this.model = model;
    this.home = home;
  }

  static async start(settings: object = {}): Promise<Household> {
    const model = await fakeOpenAI();
    const home = await site((_request, response) =>
      response.writeHead(200, { "content-type": "text/plain" }).end("Two minutes, no more."),
    );
    const config = { ...JSON.parse(configFor(model)), tools: { web: { allowPrivateHosts: [home.host] } } };
    const bench = await ChannelBench.start(fakeTelegram, { config, settings: { ...settings } });
    const { senderId } = await bench.fake.says("/whoami");
    await bench.decided("/whoami");
    await patch(bench.operator, { channels: { telegram: { owners: [senderId] } } });
    mkdirSync(join(bench.gateway.stateDir, "workspace"), { recursive: true });
    for (const page of ["MEMORY.md", "USER.md"])
      writeFileSync(Household.pathIn(bench, page), `# ${page}\n\n${SECRET}\n`);
    return new Household(bench, model, home);
  }

  static pathIn({ gateway }: ChannelBench, page: string): string {
    return join(gateway.stateDir, "workspace", page);
  }

  /** The model tries everything that the question may need. */
  scriptTools(): void {
    this.model.script(
      {
        kind: "turn",
        text: "Let me see.",
        calls: [
          { name: "read", arguments: { path: "MEMORY.md" } },
          { name: "web_fetch", arguments: { url: `${this.home.url}/tea` } },
        ],
      },
      {
        kind: "turn",
        calls: [
          { name: "memory_save", arguments: { text: "Asked how tea is brewed." } },
          { name: "memory_search", arguments: { query: "safe" } },
          { name: "message", arguments: { action: "send", message: "One moment." } },
        ],
      },
      { kind: "text", text: "Two minutes." },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bench[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
    await this.home[Symbol.asyncDispose]();
  }
}

function answersIn({ body }: SeenRequest): string[] {
  return (body.messages as { role: string; content: string }[])
    .filter(({ role }) => role === "tool")
    .map(({ content }) => unframed(content));
}

describe("a message that needs tools", () => {
  test("from the owner: used, answered once, and told alike by why, transcript, usage and runs", async () => {
    await using house = await Household.start();
    const { bench, model } = house;
    house.scriptTools();
    const seen = bench.fake.delivered.length;

    await bench.fake.says(QUESTION);
    const entry = await bench.decided(QUESTION);

    const delivered = bench.fake.delivered.slice(seen).map(({ text }) => text);
    assert.deepEqual(delivered, ["One moment.", "Let me see.\n\nTwo minutes."]);
    const answers = answersIn(model.requests.at(-1)!);
    assert.ok(answers[0]!.includes(SECRET) && answers[1]!.includes("Two minutes, no more."), answers.join("\n"));
    assert.match(answers[2]!, /^Saved in memory\/.*\.md\.$/);
    assert.deepEqual(brokenRules(model.requests), []);

    const { entry: why, parts } = await bench.operator.call("inbox.why", { message: String(entry.id) });
    const { runs } = await bench.operator.call("runs.list", {});
    const run = runs.find(({ model: by }: { model?: string }) => by === "fake/fake-model");
    const { messages } = await bench.operator.call("chat.history", { sessionKey: run.sessionKey });
    const { rows } = await bench.operator.call("usage.breakdown", { by: "run" });
    const { today } = await bench.operator.call("usage.status", {});
    assert.deepEqual([why.outcome, why.runId, parts.length], ["replied", run.runId, 1]);
    assert.deepEqual([run.status, run.source], ["ok", "channel"]);
    const roles = "user assistant toolResult toolResult assistant toolResult toolResult toolResult assistant";
    assert.deepEqual(
      messages.slice(-9).map(({ role, runId }: { role: string; runId: string }) => [role, runId === run.runId]),
      roles.split(" ").map((role) => [role, true]),
    );
    const taken = rows.find(({ key, name }: { key?: string; name?: string }) => (key ?? name) === run.runId);
    assert.deepEqual([taken?.totalTokens, today.totalTokens], [run.totalTokens, run.totalTokens], JSON.stringify(rows));
  });

  test("from a stranger in an open group: nothing private is used, read or in the prompt", async () => {
    await using house = await Household.start();
    const { bench, model } = house;
    house.scriptTools();
    const note = readFileSync(Household.pathIn(bench, "MEMORY.md"), "utf8");

    await bench.fake.says(QUESTION, { from: "mallory", in: { group: "open" }, mentionsBot: true });
    const { outcome } = await bench.decided(QUESTION);

    assert.equal(outcome, "replied");
    assert.ok(!JSON.stringify(model.requests.map(({ body }) => body)).includes("1815"));
    for (const answer of answersIn(model.requests.at(-1)!)) assert.match(answer, /^There is no tool "/);
    assert.deepEqual(house.home.asked, []);
    assert.equal(readFileSync(Household.pathIn(bench, "MEMORY.md"), "utf8"), note);
  });

  test("from the owner in that group: the tools work, and what is private stays out of it", async () => {
    await using house = await Household.start();
    const { bench, model } = house;
    house.scriptTools();

    await bench.fake.says(QUESTION, { in: { group: "open" }, mentionsBot: true });
    const { outcome } = await bench.decided(QUESTION);

    assert.equal(outcome, "replied");
    const answers = answersIn(model.requests.at(-1)!);
    assert.ok(!JSON.stringify(model.requests.map(({ body }) => body)).includes("1815"), answers.join("\n"));
    assert.match(answers[1]!, /Two minutes, no more\./);
  });

  test("from somebody who was let in: the web is read, nothing of the owner's is", async () => {
    await using house = await Household.start({ dmPolicy: "pairing", allowFrom: [] });
    const { bench, model } = house;
    await bench.fake.says("Hello", { from: "bob" });
    await bench.decided("Hello");
    const { pending } = await bench.operator.call("pairing.list", { channel: "telegram" });
    await bench.operator.call("pairing.approve", { channel: "telegram", code: pending[0].code });
    house.scriptTools();

    await bench.fake.says(QUESTION, { from: "bob" });
    const { outcome } = await bench.decided(QUESTION);

    assert.equal(outcome, "replied");
    const answers = answersIn(model.requests.at(-1)!);
    assert.match(answers[0]!, /^There is no tool "read"/);
    assert.match(answers[1]!, /Two minutes, no more\./);
    assert.ok(!JSON.stringify(model.requests.map(({ body }) => body)).includes("1815"));
  });

  test("what tools told the owner is not shown to others who speak in the same conversation", async () => {
    await using house = await Household.start();
    const { bench, model } = house;
    house.scriptTools();
    await bench.fake.says(QUESTION);
    await bench.decided(QUESTION);
    const before = model.requests.length;
    model.script({ kind: "turn", calls: [{ name: "sessions_list" }] }, { kind: "text", text: "Nothing." });

    await bench.fake.says("What did you just read?", { from: "mallory" });
    await bench.decided("What did you just read?");
    await bench.fake.says("And what now?");
    await bench.decided("And what now?");

    const [first, second, owners] = model.requests.slice(before).map(({ body }) => JSON.stringify(body.messages));
    assert.ok(first!.includes("Two minutes.") && !first!.includes("1815") && !second!.includes("1815"), first);
    assert.ok(owners!.includes("1815"));
    assert.deepEqual(brokenRules(model.requests), []);
  });

  test("a summary of what the owner heard is for the owner", async () => {
    await using house = await Household.start();
    const { bench, model } = house;
    house.scriptTools();
    await bench.fake.says(QUESTION);
    await bench.decided(QUESTION);
    const long = `And this? ${"tea ".repeat(5_000)}`;
    for (const text of [long, long]) await say(bench.operator, text);
    model.script({ kind: "text", text: `In short: ${SECRET}` });
    await bench.operator.call("sessions.compaction.run", { key: "main" });
    const before = model.requests.length;

    await bench.fake.says("What was that about?", { from: "mallory" });
    await bench.decided("What was that about?");
    await bench.fake.says("And for me?");
    await bench.decided("And for me?");

    const [theirs, owners] = model.requests.slice(before).map(({ body }) => JSON.stringify(body.messages));
    assert.ok(theirs!.includes("is not shown here") && !theirs!.includes("1815"), theirs);
    assert.ok(owners!.includes("In short: Ada"));
  });
});
