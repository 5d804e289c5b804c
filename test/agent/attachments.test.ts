// Files that come with `chat.send` and `agent`: whatever they are called, a model gets the text in them, or a sentence that
// names what cannot be read.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { longestTurnMs } from "../support/cpu-time.ts";
import { FILES } from "../support/files.ts";
import { testGateway } from "../support/gateway.ts";
import { configFor } from "./support.ts";

for (const method of ["chat.send", "agent"] as const) {
  describe(`files over ${method}`, () => {
    for (const [what, { data, shown, ...about }] of Object.entries(FILES)) {
      test(`${what}`, async () => {
        await using model = await fakeOpenAI();
        await using gateway = await testGateway({ config: configFor(model) });
        const client = await gateway.connect({ scopes: ["operator.admin"] });
        const attachments = [{ ...about, content: data.toString("base64") }];

        await client.call(method, { sessionKey: "main", message: "Read this.", attachments, idempotencyKey: "r1" });
        const { status } = await client.call("agent.wait", { runId: "r1", timeoutMs: 30_000 });

        const asked = JSON.stringify(model.requests[0]?.body.messages);
        assert.equal(status, "ok");
        assert.match(asked, new RegExp(`file “${about.fileName}”`));
        assert.match(asked, shown);
      });
    }
  });
}

test("a long text is cut, and says so", async () => {
  await using model = await fakeOpenAI();
  const config = JSON.parse(configFor(model)) as { models: { providers: { fake: object } } };
  config.models.providers.fake = {
    ...config.models.providers.fake,
    models: [{ id: "fake-model", contextWindow: 1e6 }],
  };
  await using gateway = await testGateway({ config: JSON.stringify(config) });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const attachments = [{ fileName: "log.txt", content: Buffer.from("x".repeat(200_010)).toString("base64") }];

  await client.call("chat.send", { sessionKey: "main", message: "Read.", attachments, idempotencyKey: "r1" });
  await client.call("agent.wait", { runId: "r1", timeoutMs: 30_000 });

  assert.match(JSON.stringify(model.requests[0]?.body.messages), /x… \(10 more characters were left out\)/);
});

describe("combining marks in the wrong order do not hold up the gateway", () => {
  const marks = (count: number) => `a${"\u0315".repeat(count)}${"\u0316".repeat(count)}`;

  for (const [where, params] of [
    ["in a message", { message: marks(25_000) }],
    [
      "in a file",
      {
        message: "Read.",
        attachments: [{ fileName: "a.txt", content: Buffer.from(marks(50_000)).toString("base64") }],
      },
    ],
  ] as const)
    test(where, async () => {
      await using model = await fakeOpenAI();
      await using gateway = await testGateway({ config: configFor(model) });
      const client = await gateway.connect({ scopes: ["operator.admin"] });

      let status = "";
      const ms = await longestTurnMs(async () => {
        await client.call("chat.send", { sessionKey: "main", idempotencyKey: "r1", ...params });
        status = (await client.call("agent.wait", { runId: "r1", timeoutMs: 30_000 })).status;
      });

      assert.equal(status, "ok");
      assert.ok(ms < 1_500, `${ms} ms`);
    });
});
