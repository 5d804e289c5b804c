import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, configFor, gatewayWithoutModel, say, transcriptOf } from "./support.ts";

const INTRO = "I am the gateway's built-in command agent, not a language model.";

test("without a model, whatever is said, the first line says what answers and how to connect a model", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const answers = [await say(client, "Tell me a joke"), await say(client, "help"), await say(client, "/etc/passwd ?")];

  for (const answer of answers) {
    const [first] = answer.split("\n");
    assert.equal(
      first,
      `${INTRO} To connect one, open the page *Models* in WebChat, run \`moltbot models auth anthropic\` (or openai, google, …) where the gateway runs, ` +
        "or start a local server such as Ollama and type `/model`.",
    );
  }
});

test("commands work with a slash, without one, in any case and with punctuation", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const answers = [];
  for (const message of ["/version", "version", "VERSION?", " /Version "]) answers.push(await say(client, message));

  assert.equal(new Set(answers).size, 1);
  assert.match(answers[0] ?? "", /^moltbot \d/);
});

test("help lists what its reader may use, and only that", async () => {
  await using gateway = await gatewayWithoutModel();
  const owner = await admin(gateway);
  const guest = await gateway.connect({ scopes: ["operator.write"] });

  const [forOwner, forGuest] = [await say(owner, "/help"), await say(guest, "/help")];

  assert.match(forOwner, /`\/approve CODE/);
  assert.doesNotMatch(forGuest, /approve|devices/);
  assert.match(forGuest, /`\/note TEXT`/);
});

test("notes are kept, listed, searched and removed", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const answers = [];
  for (const message of [
    "/note buy milk",
    "note the key is with Ada",
    "/notes search 100%",
    "/notes search ada",
    "/notes remove 1",
    "/notes remove 1",
    "notes",
  ]) {
    answers.push((await say(client, message)).replace(/_\(\d{4}-\d\d-\d\d\)_/g, "(day)"));
  }

  assert.deepEqual(answers, [
    "Noted as number 1.",
    "Noted as number 2.",
    "No note contains “100%”.",
    "2. the key is with Ada (day)",
    "Removed note 1: buy milk",
    "There is no note 1; `/notes` shows them.",
    "2. the key is with Ada (day)",
  ]);
});

test("search finds what was said in other conversations, not the question itself", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);
  await say(client, "/note the blue teapot", "kitchen");

  const found = await say(client, "/search teapot");
  const nothing = await say(client, "/search submarine");

  assert.match(found, /^- \*\*agent:main:kitchen\*\*, \d{4}-\d\d-\d\d, user: \/note the blue teapot$/);
  assert.equal(nothing, "Nothing said so far matches “submarine”.");
});

test("a new conversation begins empty, and the old one is still found", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);
  await say(client, "/note teapot");

  const answer = await say(client, "/new");

  assert.equal(answer, "A new conversation. The old one can still be searched.");
  assert.deepEqual(await transcriptOf(client), []);
  assert.equal((await client.call("sessions.search", { query: "teapot" })).matches.length, 1);
});

test("a waiting device is shown, and let in by whoever may", async () => {
  await using gateway = await gatewayWithoutModel();
  const owner = await admin(gateway);
  const device = newDeviceKey();
  await gateway.refused(
    { role: "node", device, client: { id: "node-host", mode: "node", displayName: "Phone" } },
    { headers: { "x-forwarded-for": "203.0.113.9" } },
  );
  const { pending } = await owner.call("device.pair.list");
  const { requestId } = pending[0];

  const shown = await say(owner, "/devices");
  const approved = await say(owner, `/approve ${requestId}`);
  const again = await say(owner, `/approve ${requestId}`);

  assert.match(shown, /^Waiting for approval:\n- \*\*Phone\*\* on linux asks to connect as node: `\/approve /);
  assert.equal(approved, "Phone may connect now.");
  assert.match(again, /^Nothing waits under that code/);
  assert.equal((await owner.call("device.pair.list")).paired[0].deviceId, device.id);
});

const FORBIDDEN = [
  { command: "/devices", answer: "/devices needs the operator.pairing scope, and this connection does not have it." },
  {
    command: "/approve x",
    answer: "/approve needs the operator.approvals or operator.pairing scope, and this connection does not have it.",
  },
  {
    command: "/reject x",
    answer: "/reject needs the operator.approvals or operator.pairing scope, and this connection does not have it.",
  },
  {
    command: "/model fake/fake-model",
    answer:
      "Choosing the model changes the config, which needs the operator.admin scope; this connection does not have it.",
  },
];

for (const { command, answer } of FORBIDDEN) {
  test(`${command} is refused to a connection that may only write`, async () => {
    await using gateway = await gatewayWithoutModel();
    const guest = await gateway.connect({ scopes: ["operator.write"] });

    assert.equal(await say(guest, command), answer);
  });
}

test("no one approves more than they hold", async () => {
  await using gateway = await gatewayWithoutModel();
  const owner = await admin(gateway);
  const helper = await gateway.connect({ scopes: ["operator.write", "operator.pairing"] });
  const device = newDeviceKey();
  await gateway.refused({ device, scopes: ["operator.admin"] }, { headers: { "x-forwarded-for": "203.0.113.9" } });
  const { requestId } = (await owner.call("device.pair.list")).pending[0];

  const answer = await say(helper, `/approve ${requestId}`);

  assert.match(answer, /^missing scope: operator\.admin/);
  assert.deepEqual(
    (await owner.call("device.pair.list")).paired.filter(
      ({ deviceId }: { deviceId: string }) => deviceId === device.id,
    ),
    [],
  );
});

test("choosing a model connects it: it answers from then on, also after a restart", async () => {
  await using model = await fakeOpenAI();
  const { models } = JSON.parse(configFor(model));
  await using gateway = await testGateway({ config: `{\n  // mine\n  models: ${JSON.stringify(models)}\n}` });
  const client = await admin(gateway);

  const unknown = await say(client, "/model nowhere/x");
  const chosen = await say(client, "/model fake/fake-model");
  const reply = await say(client, "Hi");
  await gateway.stop();
  await gateway.start();
  const later = await say(await admin(gateway), "Hi again");

  assert.equal(
    unknown,
    'No model provider is called "nowhere" (there are fake); add one with `moltbot models auth NAME --base-url URL`.',
  );
  assert.equal(chosen, "fake/fake-model answers from now on. `/model test` tries it.");
  assert.deepEqual([reply, later], ["Hello from the model.", "Hello from the model."]);
});

test("a model server found on this machine is offered, never used unasked, and connected by choosing it", async () => {
  await using model = await fakeOpenAI();
  model.models = ["qwen3", "nomic-embed-text"];
  await using gateway = await testGateway({ config: "{}", env: { OLLAMA_HOST: model.baseUrl.replace("/v1", "") } });
  const client = await admin(gateway);

  const listed = await client.call("models.list");
  const answer = await say(client, "Hi");
  const asked = model.requests.length;
  await say(client, "/model ollama/qwen3");
  const reply = await say(client, "Hi");

  assert.deepEqual(listed, { models: [{ id: "qwen3", name: "qwen3", provider: "ollama" }] });
  assert.equal(answer.split("\n").at(-1), `${INTRO} Ollama runs on this machine: \`/model ollama/qwen3\` connects it.`);
  assert.deepEqual([asked, reply], [0, "Hello from the model."]);
});

test("slash commands answer beside a connected model, which never sees them", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  const status = await say(client, "/status");
  await say(client, "/etc/hosts is what?");
  await say(client, "version");

  assert.match(status, /\*\*Model\*\* fake\/fake-model/);
  assert.deepEqual(
    model.requests.map(({ body }) => (body.messages as { content: string }[]).slice(1).map(({ content }) => content)),
    [["/etc/hosts is what?"], ["/etc/hosts is what?", "Hello from the model.", "version"]],
  );
});

test("/model test asks the model and says how long it took", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "text", text: "ready" });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  assert.match(await say(client, "/model test"), /^fake\/fake-model answered “ready” in \d+\.\d s\.$/);
});

test("/whoami and /status tell where one is", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await gateway.connect({ scopes: ["operator.write"], client: { displayName: "My laptop" } });

  const who = await say(client, "whoami");
  const status = await say(client, "status");

  assert.equal(
    who,
    [
      "**Client** My laptop",
      "**Device** none; signed in with the shared secret",
      "**Scopes** operator.write",
      "**Session** agent:main:main",
    ].join("  \n"),
  );
  assert.match(status, /\*\*Model\*\* none; the built-in commands answer/);
});
