import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";
import { KillableGateway } from "./killable-gateway.ts";
import { configFor, say } from "./support.ts";

/** Kills a gateway while its model's calls are under way, and starts it again; resolves when the run has ended. */
async function killedWithin(
  calls: readonly { readonly name: string; readonly arguments: object }[],
  check: (found: { client: WireClient; model: ModelServer; called: string[]; told: string[] }) => Promise<void>,
): Promise<void> {
  await using model = await fakeOpenAI();
  await using gateway = new KillableGateway(configFor(model), "tool-process.ts");
  const before = await gateway.start();
  model.script({ kind: "turn", text: "Let me see.", calls });
  await before.call("chat.send", { sessionKey: "main", message: "Do it.", idempotencyKey: "r1" });
  const called = () => readFileSync(join(gateway.folder, "calls.txt"), "utf8").trim().split("\n");
  await begun(called);

  await gateway.kill();
  const client = await gateway.start();
  assert.equal((await client.call("agent.wait", { runId: "r1", timeoutMs: 15_000 })).status, "ok");

  const { messages } = model.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
  const told = messages.filter(({ role }) => role === "tool").map(({ content }) => unframed(content));
  await check({ client, model, called: called(), told });
}

/** Resolves when a tool has noted its first call. */
async function begun(called: () => string[]): Promise<void> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  for (;;) {
    try {
      return void called();
    } catch (error) {
      if (limit.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

test("a changing call that kill -9 cut off is not repeated; model and person are told, and all goes on", async () => {
  await killedWithin([{ name: "plant", arguments: {} }], async ({ client, called, told }) => {
    assert.deepEqual(called, ["plant"]);
    assert.match(told[0]!, /^The gateway stopped while this call was under way\. Whether it took effect is not known/);
    const { messages } = await client.call("chat.history", { sessionKey: "main" });
    assert.deepEqual(
      messages.map(({ role, isError }: { role: string; isError?: boolean }) => (isError ? `${role}: failed` : role)),
      ["user", "assistant", "toolResult: failed", "assistant"],
    );
    assert.equal(await say(client, "And now?"), "Hello from the model.");
  });
});

test("a harmless call that kill -9 cut off is simply made again", async () => {
  await killedWithin([{ name: "look", arguments: {} }], async ({ client, called, told }) => {
    assert.deepEqual([called, told], [["look", "look"], ["looked"]]);
    assert.equal(await say(client, "And now?"), "Hello from the model.");
  });
});

test("of several calls those behind the one that was cut off are made once", async () => {
  const calls = ["plant", "sessions_list", "sessions_list"].map((name) => ({ name, arguments: {} }));
  await killedWithin(calls, async ({ called, told }) => {
    assert.deepEqual(called, ["plant"]);
    assert.match(told[0]!, /^The gateway stopped while/);
    assert.deepEqual(
      told.slice(1).map((text) => text.split(",")[0]),
      ["agent:main:main", "agent:main:main"],
    );
  });
});
