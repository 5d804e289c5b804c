// Commands and kill -9: nothing runs again by itself, and what was asked for is asked for anew.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { isAlive } from "../support/is-alive.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import { killableOver } from "./killable-gateway.ts";
import { say } from "./support.ts";

test("a command that waited for approval when the gateway was killed is neither run nor waiting afterwards", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "tool-call", name: "exec", arguments: { command: "echo ran >> log" } });
  await using gateway = killableOver(model);
  const before = await gateway.start();
  await before.call("chat.send", { sessionKey: "main", message: "Do it.", idempotencyKey: "r1" });
  const { payload } = await before.nextOf("exec.approval.requested");

  await gateway.kill();
  const after = await gateway.start();
  const late = await after.request("exec.approval.resolve", { id: payload.id, decision: "allow-once" });
  await after.call("agent.wait", { runId: "r1", timeoutMs: 9_000 });

  assert.equal(late.error?.message, "unknown approval id");
  assert.deepEqual((await after.call("exec.approval.list", {})).pending, []);
  assert.throws(() => readFileSync(join(gateway.folder, "state", "workspace", "log")));
  const { messages } = model.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
  assert.match(messages.findLast(({ role }) => role === "tool")!.content, /was not repeated/);
});

test("a command that ran when the gateway was killed ends with it, and is not run again", async () => {
  await using model = await fakeOpenAI();
  const detached = "env -i /usr/bin/setsid -f /bin/sh -c 'echo $$ > detached; exec /bin/sleep 60' > /dev/null 2>&1";
  const command = `${detached}; while [ ! -s detached ]; do sleep 0.05; done; echo $$ >> log; sleep 60`;
  model.script({ kind: "tool-call", name: "exec", arguments: { command } });
  await using gateway = killableOver(model, { tools: { exec: { security: "full" } } });
  const before = await gateway.start();
  const log = () => readFileSync(join(gateway.folder, "state", "workspace", "log"), "utf8");
  await before.call("chat.send", { sessionKey: "main", message: "Do it.", idempotencyKey: "r1" });
  await written(log);

  await gateway.kill();
  const after = await gateway.start();
  await after.call("agent.wait", { runId: "r1", timeoutMs: 9_000 });

  assert.match(log(), /^\d+\n$/);
  assert.equal(isAlive(Number(log())), false);
  const detachedPid = Number(readFileSync(join(gateway.folder, "state", "workspace", "detached"), "utf8"));
  assert.equal(isAlive(detachedPid), false);
  assert.equal(await say(after, "And now?"), "Hello from the model.");
});

/** Waits until a file has a line. */
async function written(read: () => string): Promise<void> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  for (;;) {
    try {
      if (read().endsWith("\n")) return;
    } catch (error) {
      if (limit.aborted) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
