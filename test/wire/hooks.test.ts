// Hooks: other programs wake the agent or have it work over HTTP (protocol section 9; automation: inbound hooks).
import "../support/replayed.ts";
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { transcriptOf } from "../agent/support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { askedBy, askedInMain, callHook, HOOK_TOKEN, hooksGateway, withToken } from "./hooks-stage.ts";

const model = await fakeOpenAI();
after(() => model[Symbol.asyncDispose]());
const gateway = await hooksGateway(model, {
  presets: ["gmail"],
  allowRequestSessionKey: true,
  allowedSessionKeyPrefixes: ["hook:", "build:"],
  allowedAgentIds: ["main"],
  tools: { deny: ["sessions_*"] },
  mappings: [
    {
      match: { path: "issues", source: "tracker" },
      name: "Issue {{payload.issue.number}}",
      sessionKey: "hook:issue:{{issue.number}}",
      instructions: "Say whether it is urgent.",
      messageTemplate:
        "{{issue.title}} by {{payload.issue.tags[1]}} over {{headers.x-from}} ({{query.team}}, {{path}}){{gone}}",
    },
    { match: { path: "issues" }, action: "wake", textTemplate: "Something: {{payload}}" },
    { id: "split", match: { path: "many" }, forEach: "items", messageTemplate: "item {{item.name}}" },
    { id: "picky", match: { path: "picky" }, transform: { module: "picky.mjs" } },
    { id: "named", match: { path: "named" }, transform: { module: "picky.mjs", export: "loud" } },
    { id: "broken", match: { path: "broken" } },
  ],
});
after(() => gateway[Symbol.asyncDispose]());
const client = await gateway.connect({ scopes: ["operator.admin"] });
// What hooks tell the agent would have it ask the model too.
await client.call("set-heartbeats", { enabled: false });
const transforms = join(gateway.stateDir, "hooks", "transforms");
mkdirSync(transforms, { recursive: true });
writeFileSync(
  join(transforms, "picky.mjs"),
  `export default ({ payload, headers }) => payload.ok ? { message: "chosen " + payload.ok + (headers.authorization ?? "") } : null;
   export const loud = async ({ payload }) => ({ message: payload.text.toUpperCase(), name: "Loud" });`,
);

const call = (path: string, options: Parameters<typeof callHook>[2] = {}) => callHook(gateway.httpUrl, path, options);
const ended = (runId: string) => client.call("agent.wait", { runId, timeoutMs: 20_000 });
const rowOf = async (runId: string) => {
  const { deliveries } = await client.call("hooks.deliveries", {});
  return deliveries.find((each: { runId?: string }) => each.runId === runId);
};

describe("POST /hooks/agent", () => {
  test("has an agent work in a conversation of its own, and the main one is told of it", async () => {
    const { status, body } = await call("/hooks/agent", { body: { message: "Look at the build", name: "CI" } });

    const { runId, ...rest } = body;
    assert.deepEqual([status, rest, (await ended(runId)).status], [202, { ok: true }, "ok"]);
    const row = await rowOf(runId);
    assert.match(row.sessionKey, /^agent:main:hook:[0-9a-f-]{36}$/);
    assert.deepEqual([row.hook, row.outcome, row.status, row.runEnd, row.repeats], ["agent", "accepted", 202, "ok", 0]);
    const { told } = await askedInMain("News?", { client, model });
    assert.match(told, /Hook CI: Hello from the model\./);
  });

  test("the words of the caller come to the model as those of a stranger, without the owner's tools", async () => {
    const { body } = await call("/hooks/agent", { body: { message: "/status\nnow do it", name: "Bot" } });

    const { told, tools } = await askedBy(body.runId, { client, model });
    assert.match(told, /message from hook:agent “Bot” \(a stranger to your owner\)\]\\n\| \/status\\n\| now do it/);
    assert.deepEqual(tools ?? [], []);
  });

  test("is answered after the end of the run for those who wait", async () => {
    const { status, body } = await call("/hooks/agent", { body: { message: "Hi", waitForCompletion: true } });

    assert.deepEqual(
      [status, { ...body, runId: typeof body.runId }],
      [200, { ok: true, runId: "string", completion: { status: "ok", text: "Hello from the model." } }],
    );
  });

  test("a retry with the same key gets the first answer, at the same time or later, whatever it says", async () => {
    const headers = withToken({ "idempotency-key": "build-17" });
    const before = model.requests.length;

    const [first, second] = await Promise.all([
      call("/hooks/agent", { body: { message: "One" }, headers }),
      call("/hooks/agent", { body: { message: "One" }, headers }),
    ]);
    const third = await call("/hooks/agent", { body: { message: "Two", idempotencyKey: "other" }, headers });
    const inBody = await call("/hooks/agent", { body: { message: "Three", idempotencyKey: "build-17" } });

    assert.deepEqual([second?.body, third.body, inBody.body], [first?.body, first?.body, first?.body]);
    await ended(first?.body.runId);
    assert.equal(model.requests.length, before + 1);
    assert.equal((await rowOf(first?.body.runId)).repeats, 3);
  });

  test("a conversation that the caller names goes on, when its name begins as it may", async () => {
    for (const message of ["first", "second"])
      await ended((await call("/hooks/agent", { body: { message, sessionKey: "build:7" } })).body.runId);

    const said = await transcriptOf(client, "agent:main:build:7");
    assert.equal(said.length, 4);
  });

  for (const [what, body, status, error] of [
    ["no message", {}, 400, "message required"],
    ["a blank message", { message: " \n" }, 400, "message required"],
    ["a message that is no text", { message: 7 }, 400, "message must be a string"],
    ["a blank model", { message: "x", model: " " }, 400, "model required"],
    ["a channel that is not there", { message: "x", channel: "pigeon" }, 400, /^channel must be last\|/],
    ["a channel without an address", { message: "x", channel: "telegram" }, 400, /^to required/],
    ["an agent that is not there", { message: "x", agentId: "nobody" }, 400, /unknown agent id "nobody"/],
    ["a strange thinking level", { message: "x", thinking: "deep" }, 400, /^thinking must be one of/],
    ["a strange wake mode", { message: "x", wakeMode: "never" }, 400, /^wakeMode must be/],
    ["a time limit of nothing", { message: "x", timeoutSeconds: 0 }, 400, /^timeoutSeconds must be/],
    ["a list", [], 400, "the body must be a JSON object"],
    ["text that is not JSON", "{", 400, "the body is not JSON"],
  ] as const)
    test(`${what} is refused with what to do`, async () => {
      const answer = await call("/hooks/agent", { body });

      assert.deepEqual([answer.status, answer.body.ok], [status, false]);
      if (typeof error === "string") assert.equal(answer.body.error, error);
      else assert.match(answer.body.error, error);
    });
});

describe("POST /hooks/wake", () => {
  test("tells the main conversation, as news", async () => {
    const { status, body } = await call("/hooks/wake", { body: { text: "The door is open", mode: "next-heartbeat" } });

    assert.deepEqual([status, body], [200, { ok: true, mode: "next-heartbeat" }]);
    const { told } = await askedInMain("What is up?", { client, model });
    assert.match(told, /news from hook:wake[^\]]*\]\\n\| The door is open/);
  });

  test("wants a text", async () => {
    const { status, body } = await call("/hooks/wake", { body: { mode: "now" } });

    assert.deepEqual([status, body], [400, { ok: false, error: "text required" }]);
  });
});

describe("POST /hooks/<mapping>", () => {
  test("the first mapping that fits says what the agent is told, and where", async () => {
    const payload = { source: "tracker", issue: { number: 42, title: "It\nburns", tags: ["a", "Ada"] } };
    const { status, body } = await call("/hooks/issues?team=red", {
      body: payload,
      headers: withToken({ "x-from": "mail" }),
    });

    assert.equal(status, 202);
    const { told, delivery } = await askedBy(body.runId, { client, model });
    assert.match(told, /note of the gateway\]\\n\| Say whether it is urgent\./);
    assert.match(told, /news from hook:issues “Issue 42”\]\\n\| It\\n\| burns by Ada over mail \(red, issues\)/);
    assert.equal(delivery.sessionKey, "agent:main:hook:issue:42");
  });

  test("another source falls through to the next mapping; an object is its JSON", async () => {
    const { status, body } = await call("/hooks/issues", { body: { source: "else", n: [1] } });

    assert.deepEqual([status, body], [200, { ok: true, mode: "now" }]);
    const { told } = await askedInMain("And?", { client, model });
    assert.ok(told.includes(JSON.stringify('Something: {"source":"else","n":[1]}').slice(1, -1)));
  });

  test("the mail preset reads what mail programs post", async () => {
    const messages = [
      { id: "m1", from: "Ada <ada@example.com>", subject: "Lunch", snippet: "At one?", body: "At one? A." },
    ];
    const { body } = await call("/hooks/gmail", { body: { messages } });

    const { told, delivery } = await askedBy(body.runId, { client, model });
    assert.match(told, /\| New email from Ada <ada@example\.com>\\n\| Subject: Lunch\\n\| At one\?\\n\| At one\? A\./);
    assert.equal(delivery.sessionKey, "agent:main:hook:gmail:m1");
  });

  test("a list is split into one run for each item, and once only", async () => {
    const headers = withToken({ "idempotency-key": "list-1" });
    const payload = { items: [{ name: "a" }, { name: "b" }] };

    const first = await call("/hooks/many", { body: payload, headers });
    const second = await call("/hooks/many", { body: payload, headers });

    assert.equal(first.body.runIds.length, 2);
    assert.deepEqual(second.body, first.body);
  });

  test("a transform chooses what is told, or that nothing is; it never sees the token", async () => {
    const taken = await call("/hooks/picky", { body: { ok: "one" } });
    const left = await call("/hooks/picky", { body: {} });

    assert.deepEqual([taken.status, left.status, left.body], [202, 204, ""]);
    assert.match((await askedBy(taken.body.runId, { client, model })).told, /\| chosen one"/);
  });

  test("a transform may be an export of another name, and may wait", async () => {
    const { body } = await call("/hooks/named", { body: { text: "quiet" } });

    assert.match((await askedBy(body.runId, { client, model })).told, /news from hook:named “Loud”\]\\n\| QUIET/);
  });

  test("one that nobody has set up, or that is not finished, says so", async () => {
    const unknown = await call("/hooks/nothing", { body: {} });
    const broken = await call("/hooks/broken", { body: {} });

    assert.deepEqual([unknown.status, broken.status], [404, 503]);
    const { hooks } = await client.call("hooks.list", {});
    const row = hooks.find(({ id }: { id: string }) => id === "broken");
    assert.equal(row.problem, "messageTemplate or transform is missing");
  });
});

describe("what operators are shown", () => {
  test("the hooks, without secrets", async () => {
    const list = await client.call("hooks.list", {});

    assert.deepEqual(
      list.hooks.map(({ id, path, action, proof }: Record<string, string>) => [id, path, action, proof]),
      [
        ["wake", "/hooks/wake", "wake", "token"],
        ["agent", "/hooks/agent", "agent", "token"],
        ["issues", "/hooks/issues", "agent", "token"],
        ["issues-2", "/hooks/issues", "wake", "token"],
        ["split", "/hooks/many", "agent", "token"],
        ["picky", "/hooks/picky", "agent", "token"],
        ["named", "/hooks/named", "agent", "token"],
        ["broken", "/hooks/broken", "agent", "token"],
        ["gmail", "/hooks/gmail", "agent", "token"],
      ],
    );
    assert.ok(!JSON.stringify(list).includes(HOOK_TOKEN));
  });

  test("a delivery can be tried: nothing is stored and no model is asked", async () => {
    const before = model.requests.length;
    const tried = await client.call("hooks.test", {
      path: "gmail",
      payload: { messages: [{ id: "m9", from: "Bob" }] },
    });

    assert.deepEqual(
      { ...tried, text: tried.text.split("\n")[0], reason: typeof tried.reason },
      {
        hook: "gmail",
        outcome: "accepted",
        text: "New email from Bob",
        agentId: "main",
        sessionKey: "agent:main:hook:gmail:m9",
        reason: "string",
      },
    );
    assert.equal(model.requests.length, before);
  });

  test("what came after a delivery, oldest first", async () => {
    const [newest] = (await client.call("hooks.deliveries", { limit: 1 })).deliveries;
    for (const text of ["a", "b"]) await call("/hooks/wake", { body: { text } });

    const { deliveries } = await client.call("hooks.deliveries", { after: newest.id });
    assert.deepEqual(
      deliveries.map(({ id, outcome }: { id: number; outcome: string }) => [id - newest.id, outcome]),
      [
        [1, "woken"],
        [2, "woken"],
      ],
    );
  });
});
