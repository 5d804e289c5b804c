import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { site } from "../fakes/site.ts";
import { testGateway } from "../support/gateway.ts";
import { endOf, say } from "./support.ts";
import { ToolStage } from "./tool-stage.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

interface Stage extends AsyncDisposable {
  readonly tools: ToolStage;
  readonly model: ModelServer;
  readonly workspace: string;
}

/** A gateway whose model takes what `input` says; "fake/seer" takes pictures. */
async function stageFor(
  input: readonly string[] | undefined,
  { imageModel, allow = [] }: { imageModel?: string; allow?: readonly string[] } = {},
): Promise<Stage> {
  const model = await fakeOpenAI();
  const workspace = mkdtempSync(join(tmpdir(), "moltbot-image-"));
  const models = [
    { id: "fake-model", input },
    { id: "seer", input: ["text", "image"] },
  ];
  const fake = { api: "openai-compatible", baseUrl: model.baseUrl, apiKey: "fake-key-123456", models };
  const config = {
    agents: { defaults: { model: "fake/fake-model", imageModel, workspace } },
    models: { detectLocal: false, providers: { fake } },
    tools: { web: { allowPrivateHosts: allow } },
  };
  const gateway = await testGateway({ config: JSON.stringify(config) });
  const tools = new ToolStage(model, gateway, await gateway.connect({ scopes: ["operator.admin"] }));
  return {
    ...{ tools, model, workspace },
    async [Symbol.asyncDispose]() {
      await tools[Symbol.asyncDispose]();
      rmSync(workspace, { recursive: true, force: true });
    },
  };
}

test("a model with eyes is shown a picture of the workspace", async () => {
  await using stage = await stageFor(["text", "image"]);
  writeFileSync(join(stage.workspace, "dot.png"), Buffer.from(PNG, "base64"));

  assert.match(await stage.tools.use("image", { picture: "dot.png" }), /dot\.png \(image\/png, \d+ bytes\)/);

  assert.ok(JSON.stringify(stage.model.requests.at(-1)!.body).includes(PNG));
});

test("for a model without eyes another one looks, and its words are marked as data", async () => {
  await using stage = await stageFor(["text"], { imageModel: "fake/seer" });
  writeFileSync(join(stage.workspace, "dot.png"), Buffer.from(PNG, "base64"));
  stage.model.script({
    kind: "tool-call",
    name: "image",
    arguments: { picture: "dot.png", question: "Which colour?" },
  });
  stage.model.script({ kind: "text", text: "Red." });

  await say(stage.tools.client, "Look.");

  assert.equal(stage.tools.lastTold(), "Red.");
  const { model, messages } = stage.model.requests[1]!.body as { model: string; messages: unknown[] };
  assert.equal(model, "seer");
  assert.ok(JSON.stringify(messages).includes("Which colour?") && JSON.stringify(messages).includes(PNG));
  assert.ok(!JSON.stringify(stage.model.requests.at(-1)!.body).includes(PNG));
});

test("without a model that could look, the answer says what to set", async () => {
  await using stage = await stageFor(["text"]);
  writeFileSync(join(stage.workspace, "dot.png"), Buffer.from(PNG, "base64"));

  assert.equal(
    await stage.tools.use("image", { picture: "dot.png" }),
    "image: fake/fake-model takes no pictures; set agents.defaults.imageModel to one that does",
  );
});

test("a picture that was sent in the conversation, and one on the web, can be looked at", async () => {
  await using server = await site(({ path }, response) =>
    response.end(path === "/dot" ? Buffer.from(PNG, "base64") : "<p>no picture"),
  );
  await using stage = await stageFor(undefined, { imageModel: "fake/seer", allow: [server.host] });
  const { client } = stage.tools;
  const attachments = [{ content: PNG, fileName: "dot.png", mimeType: "image/png" }];
  await client.call("chat.send", { sessionKey: "main", message: "Here.", attachments, idempotencyKey: "r1" });
  await endOf(client, "r1");

  assert.equal(await stage.tools.use("image", { picture: "attachment:last" }), "Hello from the model.");
  assert.equal(await stage.tools.use("image", { picture: `${server.url}/dot` }), "Hello from the model.");
  assert.equal(
    await stage.tools.use("image", { picture: "attachment:00000000" }),
    "image: there is no such picture in this conversation",
  );
  assert.match(await stage.tools.use("image", { picture: `${server.url}/page` }), /^image: that is no picture/);
  assert.match(await stage.tools.use("image", { picture: "http://10.0.0.1/a.png" }), /not on the public internet$/);
  assert.match(await stage.tools.use("image", { picture: "../../etc/passwd" }), /^image: /);
});
