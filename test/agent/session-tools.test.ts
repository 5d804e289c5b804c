import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endOf, say, transcriptOf } from "./support.ts";
import { toolStage } from "./tool-stage.ts";

const TWO_AGENTS = { agents: { list: [{ id: "main", default: true }, { id: "work" }] } };

describe("looking at other conversations", () => {
  test("sessions_list finds by name and lists sub-agents of one conversation", async () => {
    await using stage = await toolStage();
    await say(stage.client, "/echo hello", "agent:main:garden");
    await stage.client.call("sessions.patch", { key: "agent:main:subagent:1", spawnedBy: "agent:main:garden" });

    assert.equal(await stage.use("sessions_list", { search: "gard" }), "agent:main:garden, 0 min");
    assert.equal(await stage.use("sessions_list", { spawnedBy: "agent:main:garden" }), "agent:main:subagent:1, 0 min");
    assert.equal(await stage.use("sessions_list", { search: "nothing" }), "There is no such conversation.");
  });

  test("sessions_history shows the newest messages, what tools did only when asked, and no more than fits", async () => {
    await using stage = await toolStage();
    await stage.use("sessions_list", {}, "agent:main:garden");
    for (let n = 0; n < 9; n++) await say(stage.client, `${n} ${"tulip ".repeat(1_000)}`, "agent:main:garden");

    const short = await stage.use("sessions_history", { sessionKey: "garden", limit: 2 });
    const long = await stage.use("sessions_history", { sessionKey: "garden", limit: 100, includeTools: true });

    assert.match(
      short,
      /^\d{4}-\d\d-\d\d \d\d:\d\d user:\n> 8 tulip [\s\S]+ …\n\S+ \S+ assistant:\n> Hello from the model\.$/,
    );
    assert.ok(long.length < 27_000);
    assert.match(long, /^\(\d+ earlier messages left out\)\n/);
    const tools = await stage.use("sessions_history", { sessionKey: "garden", limit: 200, includeTools: true });
    assert.ok(!tools.includes("undefined"));
    assert.equal(
      await stage.use("sessions_history", { sessionKey: "nowhere" }),
      "sessions_history: No session found: nowhere",
    );
  });

  test("sessions_search finds words anywhere but in the run that asks", async () => {
    await using stage = await toolStage();
    await say(stage.client, "/echo the teapot is blue", "agent:main:kitchen");

    const found = await stage.use("sessions_search", { query: "teapot" });

    assert.match(found, /^agent:main:kitchen, \S+, (user|assistant): .*teapot is blue/);
    assert.equal(await stage.use("sessions_search", { query: "unheardof" }), "Nothing said so far matches.");
  });
});

describe("sessions_send", () => {
  test("starts a run in the other conversation in the starter's name, and returns its answer", async () => {
    await using stage = await toolStage(TWO_AGENTS);
    stage.model.script({
      kind: "tool-call",
      name: "sessions_send",
      arguments: { sessionKey: "agent:work:main", message: "What is due?" },
    });
    stage.model.script({ kind: "text", text: "The report." }, { kind: "text", text: "It is the report." });

    const reply = await say(stage.client, "Ask work.");

    assert.equal(reply, "It is the report.");
    assert.equal(stage.lastTold(), "The report.");
    assert.deepEqual(await transcriptOf(stage.client, "agent:work:main"), [
      "user: What is due?",
      "assistant: The report.",
    ]);
  });

  test("is told that the answer takes longer, and then gets it in its own conversation, once", async () => {
    await using stage = await toolStage(TWO_AGENTS);
    const { promise: hold, resolve: letGo } = Promise.withResolvers<void>();
    stage.model.script({
      kind: "tool-call",
      name: "sessions_send",
      arguments: { sessionKey: "agent:work:main", message: "Think.", waitSeconds: 1 },
    });
    stage.model.script({ kind: "text", text: ["Forty", "-two."], hold }, { kind: "text", text: "I asked." });

    assert.equal(await say(stage.client, "Ask work."), "I asked.");
    assert.match(stage.lastTold(), /^agent:work:main has not answered within 1 s and goes on;/);
    stage.model.script({ kind: "text", text: "It says 42." });
    letGo();
    for (;;) {
      const { payload } = await stage.client.nextOf("chat");
      if (payload.state === "final" && payload.message?.content[0].text === "It says 42.") break;
    }

    const lines = await transcriptOf(stage.client);
    assert.equal(lines.filter((line) => line.includes("Forty-two.")).length, 1);
    assert.match(lines.at(-2)!, /^user: \[agent:work:main has answered\./);
  });

  test("sends neither to itself, nor where nothing may be said, nor to what is not there", async () => {
    await using stage = await toolStage(TWO_AGENTS);
    await stage.client.call("sessions.patch", { key: "agent:work:main", sendPolicy: "deny" });
    const send = async (to: object) => await stage.use("sessions_send", { ...to, message: "Hi." });

    assert.equal(await send({ sessionKey: "main" }), "sessions_send: that is this conversation; just answer");
    assert.equal(await send({ sessionKey: "agent:work:main" }), "sessions_send: send blocked by session policy");
    assert.equal(await send({ sessionKey: "agent:none:main" }), "sessions_send: No session found: agent:none:main");
    assert.equal(await send({ label: "none" }), "sessions_send: No session found with label: none");
  });

  test("agents do not write to each other without end", async () => {
    await using stage = await toolStage({ ...TWO_AGENTS, session: { agentToAgent: { maxPingPongTurns: 2 } } });
    const to = (sessionKey: string) =>
      ({
        kind: "tool-call",
        name: "sessions_send",
        arguments: { sessionKey, message: "And you?", waitSeconds: 1 },
      }) as const;
    await say(stage.client, "/echo", "agent:main:other");
    stage.model.script(to("agent:work:main"), to("agent:main:other"), to("agent:work:main"));

    await say(stage.client, "Begin.");

    assert.match(
      JSON.stringify(stage.model.requests.map(({ body }) => body)),
      /the agents have written to each other 2 times \(session\.agentToAgent\.maxPingPongTurns\)/,
    );
    const { messages } = await stage.client.call("chat.history", { sessionKey: "agent:work:main" });
    assert.equal(messages.filter(({ role }: { role: string }) => role === "user").length, 1);
  });

  test("a run that is stopped leaves the other conversation to its answer", async () => {
    await using stage = await toolStage(TWO_AGENTS);
    stage.model.script({
      kind: "tool-call",
      name: "sessions_send",
      arguments: { sessionKey: "agent:work:main", message: "Think." },
    });
    const { promise: hold, resolve: letGo } = Promise.withResolvers<void>();
    stage.model.script({ kind: "text", text: ["All ", "done."], hold });
    await stage.client.call("chat.send", { sessionKey: "main", message: "Ask work.", idempotencyKey: "r1" });
    await stage.model.next();
    await stage.model.next();

    await stage.client.call("chat.abort", { sessionKey: "main" });
    assert.equal((await endOf(stage.client, "r1")).state, "aborted");
    letGo();

    for (;;) if ((await stage.client.nextOf("chat")).payload.message?.content[0].text === "All done.") break;
  });
});
