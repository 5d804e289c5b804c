// The examples of docs/hooks.md work as they are written.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseJson5 } from "../../packages/gateway/src/base/config/json5.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { askedBy, callHook, hooksGateway } from "./hooks-stage.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/hooks.md"), "utf8");
const examples = [...page.matchAll(/```json5 hooks\n([\s\S]*?)```/g)].map(([, text = ""]) => parseJson5(text));
const [transform = ""] = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, text = ""]) => text);

const model = await fakeOpenAI();
after(() => model[Symbol.asyncDispose]());
const urgent = { match: { path: "urgent" }, transform: { module: "urgent.mjs" } };
const gateway = await hooksGateway(model, { presets: ["gmail"], mappings: [...examples, urgent] });
after(() => gateway[Symbol.asyncDispose]());
const client = await gateway.connect({ scopes: ["operator.admin"] });
mkdirSync(join(gateway.stateDir, "hooks", "transforms"), { recursive: true });
writeFileSync(join(gateway.stateDir, "hooks", "transforms", "urgent.mjs"), transform);

const sign = (secret: string, text: string) => createHmac("sha256", secret).update(text).digest("hex");
const now = Math.floor(Date.now() / 1_000);

test("none of the examples has a problem", async () => {
  const { hooks } = await client.call("hooks.list", {});

  assert.deepEqual(
    hooks.map(({ id, proof, problem }: Record<string, string>) => [id, proof, problem]),
    [
      ["wake", "token", undefined],
      ["agent", "token", undefined],
      ["github", "github", undefined],
      ["stripe", "stripe", undefined],
      ["shop", "hmac", undefined],
      ["pubsub", "google", undefined],
      ["urgent", "token", undefined],
      ["gmail", "token", undefined],
    ],
  );
});

const issue = JSON.stringify({
  action: "opened",
  repository: { full_name: "ada/engine" },
  sender: { login: "bob" },
  issue: { title: "It burns" },
});
const charge = JSON.stringify({
  id: "evt_9",
  type: "charge.failed",
  data: { object: { id: "ch_1", amount: 5, currency: "eur" } },
});
const order = JSON.stringify({ event_id: "e1", order: { id: 7, customer: "Cy" } });
const CALLS: readonly [path: string, body: string, headers: Record<string, string> | undefined, told: string][] = [
  [
    "github",
    issue,
    { "x-hub-signature-256": `sha256=${sign("the same secret", issue)}`, "x-github-event": "issues" },
    "| issues opened by bob: It burns",
  ],
  [
    "stripe",
    charge,
    { "stripe-signature": `t=${now},v1=${sign("whsec_the_secret_of_the_endpoint", `${now}.${charge}`)}` },
    "| charge.failed: 5 eur (ch_1)",
  ],
  [
    "shop",
    order,
    { "x-timestamp": String(now), "x-signature": `v0=${sign("the shared secret", `v0:${now}:${order}`)}` },
    "| Order 7 from Cy",
  ],
  ["urgent", '{"level":"urgent","title":"Disk"}', undefined, "| Urgent: Disk"],
];
for (const [path, body, headers, told] of CALLS)
  test(`the example of ${path} tells the agent what came`, async () => {
    const answer = await callHook(gateway.httpUrl, `/hooks/${path}`, { body, ...(headers && { headers }) });

    assert.equal(answer.status, 202);
    assert.ok((await askedBy(answer.body.runId, { client, model })).told.includes(told));
  });

test("the example of Pub/Sub tells the main conversation what was published", async () => {
  const data = Buffer.from('{"emailAddress":"ada@example.com","historyId":7}').toString("base64");
  const tried = await client.call("hooks.test", { path: "pubsub", payload: { message: { data, messageId: "1" } } });

  assert.deepEqual(tried, { hook: "pubsub", outcome: "woken", text: "New mail for ada@example.com (history 7)" });
});
