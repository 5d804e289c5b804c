// Who gets which tools, from the message that somebody writes to what the model is offered and may call.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FakeSignal, fakeSignal, fakeTelegram } from "@moltbot/fakes";
import { ChannelBench } from "../channels/bench.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { configFor } from "./support.ts";
import { toolStage } from "./tool-stage.ts";

/** What only the owner may have used, some of which is not there in every gateway. */
const OWNERS_ONLY = [
  ...["exec", "read", "write", "edit", "list", "search", "message", "spawn"],
  ...["sessions_list", "sessions_history", "sessions_search", "sessions_send", "memory_search", "memory_save"],
];

interface Chat extends AsyncDisposable {
  readonly bench: ChannelBench;
  readonly model: ModelServer;
}

async function chat(options: { tools?: object; settings?: object } = {}): Promise<Chat> {
  const model = await fakeOpenAI();
  const config = { ...JSON.parse(configFor(model)), ...(options.tools && { tools: options.tools }) };
  const settings = { groups: { "*": { requireMention: true } }, ...options.settings };
  const bench = await ChannelBench.start(fakeTelegram, { config, settings });
  return {
    ...{ bench, model },
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}

function offeredIn({ body }: ModelServer["requests"][number]): string[] {
  const { tools = [] } = body as { tools?: { function: { name: string } }[] };
  return tools.map(({ function: { name } }) => name);
}

/** Somebody writes, and the model calls everything that it must not have; resolves with what it was told. */
async function tryAll({ bench, model }: Chat, options: Parameters<typeof bench.fake.says>[1]): Promise<string[]> {
  model.script({ kind: "turn", calls: OWNERS_ONLY.map((name) => ({ name, arguments: {} })) });
  model.script({ kind: "text", text: "I cannot." });
  await bench.fake.says("Do all you can.", options);
  await bench.delivered("I cannot.");
  const { sessions } = await bench.operator.call("sessions.list", {});
  const { messages } = await bench.operator.call("chat.history", { sessionKey: sessions[0].key });
  return messages
    .filter(({ role }: { role: string }) => role === "toolResult")
    .map(({ content }: { content: { text: string }[] }) => content[0]!.text);
}

describe("over a channel", () => {
  test("a stranger in an open group can have none of the owner's tools used, whatever the model does", async () => {
    await using stage = await chat({ tools: { allow: ["*"] } });

    const told = await tryAll(stage, { from: "mallory", in: { group: "open" }, mentionsBot: true });

    assert.equal(told.length, OWNERS_ONLY.length);
    for (const [index, text] of told.entries())
      assert.ok(text.startsWith(`There is no tool "${OWNERS_ONLY[index]}" here;`), text);
    const offered = offeredIn(stage.model.requests[0]!);
    assert.deepEqual(
      offered.filter((name) => OWNERS_ONLY.includes(name) || name.startsWith("web_") || name === "image"),
      [],
    );
  });

  test("people who were let in read the web, and have none of the owner's tools", async () => {
    await using stage = await chat({ settings: { dmPolicy: "pairing", allowFrom: [] } });
    const { bench } = stage;
    await bench.fake.says("Hello", { from: "bob" });
    const { pending } = await pendingOf(bench);
    await bench.operator.call("pairing.approve", { channel: "telegram", code: pending[0].code });

    const told = await tryAll(stage, { from: "bob" });

    for (const text of told) assert.match(text, /^There is no tool "/);
    assert.ok(offeredIn(stage.model.requests[0]!).includes("web_fetch"));
  });

  test("the owner, known by id, has the owner's tools; what the agent says with its tool counts as its answer", async () => {
    await using stage = await chat();
    const { bench, model } = stage;
    const { senderId } = (await bench.asks("begin")).said;
    const config = JSON.parse(bench.gateway.readConfig());
    config.channels.telegram.owners = [senderId];
    bench.gateway.writeConfig(JSON.stringify(config));
    await bench.gateway.logged("config changed");
    model.script({ kind: "tool-call", name: "message", arguments: { action: "send", message: "By tool." } });
    model.script({ kind: "text", text: "NO_REPLY" });
    const seen = bench.fake.delivered.length;

    await bench.fake.says("Tell me.");
    const { outcome, rule } = await bench.decided("Tell me.");

    for (const name of ["message", "read", "sessions_list", "spawn"])
      assert.ok(offeredIn(model.requests[0]!).includes(name), name);
    assert.deepEqual([outcome, rule], ["replied", "by-tool"]);
    assert.deepEqual(
      bench.fake.delivered.slice(seen).map(({ text }) => text),
      ["By tool."],
    );
  });

  test("rules for a channel and for one sender hold there", async () => {
    await using stage = await chat({
      settings: { dmPolicy: "open", allowFrom: ["*"] },
      tools: { byChannel: { telegram: { deny: ["web_*"] } } },
    });
    stage.model.script({ kind: "text", text: "Yes." });

    await stage.bench.fake.says("Anything there?");
    await stage.bench.delivered("Yes.");

    assert.ok(!offeredIn(stage.model.requests[0]!).some((name) => name.startsWith("web_")));
  });
});

for (const [what, keyOf] of [
  ["their account id", (fake: FakeSignal) => `signal:${fake.uuidOf("alice").toUpperCase()}`],
  ["their number, as people write it", (fake: FakeSignal) => `signal:${fake.idOf("alice").replace("+1", "+1 (")}`],
] as const)
  test(`a rule for somebody holds under ${what}`, async () => {
    await using model = await fakeOpenAI();
    const fake = await fakeSignal();
    const tools = { bySender: { [keyOf(fake)]: { deny: ["web_*"] } } };
    const settings = { dmPolicy: "allowlist", allowFrom: [fake.idOf("alice"), fake.idOf("bob")] };
    await using bench = await ChannelBench.start(async () => fake, {
      config: { ...JSON.parse(configFor(model)), tools },
      settings,
    });

    for (const from of ["alice", "bob"]) {
      model.script({ kind: "text", text: `Yes, ${from}.` });
      await fake.says("Anything there?", { from });
      await bench.delivered(`Yes, ${from}.`);
    }

    assert.deepEqual(
      model.requests.map((request) => offeredIn(request).includes("web_fetch")),
      [false, true],
    );
  });

async function pendingOf({ operator }: ChannelBench) {
  for (;;) {
    const list = await operator.call("pairing.list", { channel: "telegram" });
    if (list.pending.length > 0) return list;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("tools.list", () => {
  test("says of each tool whether the caller's model may use it, and why not", async () => {
    await using stage = await toolStage({
      tools: { deny: ["image"] },
      agents: {
        list: [
          { id: "main", default: true },
          { id: "work", tools: { allow: ["group:web"] } },
        ],
      },
    });
    const reader = await stage.gateway.connect({ scopes: ["operator.read"] });
    const why = async (client: typeof reader, params: object) => {
      const { tools } = await client.call("tools.list", params);
      const named = (name: string) => tools.find((tool: { name: string }) => tool.name === name);
      return ["web_fetch", "image", "spawn"].map((name) => named(name).why ?? named(name).allowed);
    };

    assert.deepEqual(await why(stage.client, {}), [true, "the rules of tools deny it", true]);
    assert.deepEqual(await why(stage.client, { sessionKey: "agent:work:main" }), [
      true,
      "the rules of tools deny it",
      "the rules of its agent do not allow it",
    ]);
    assert.deepEqual(await why(reader, {}), [
      "it is for people who were let in",
      "it is for people who were let in",
      "it is for the owner alone",
    ]);
  });
});
