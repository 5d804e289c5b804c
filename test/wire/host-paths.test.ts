// Who may read, but not administer, is told nothing of where things are on this machine (security: secrets and logs).
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { METHODS } from "../../packages/gateway/src/definitions.ts";
import { configFor } from "../agent/support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { type Connected, type TestGateway, testGateway } from "../support/gateway.ts";

/** What methods with required parameters are asked for; the others are asked for nothing. */
const PARAMS: Readonly<Record<string, object>> = {
  "chat.history": { sessionKey: "main" },
  "sessions.preview": { keys: ["agent:main:main"] },
  "sessions.search": { query: "look" },
  "inbox.why": { id: 1 },
  "usage.cost": {},
};

const READ = [...METHODS.values()].filter(({ access }) => access === "operator.read").map(({ name }) => name);

describe("with operator.read", () => {
  const home = mkdtempSync(join(tmpdir(), "moltbot-home-"));
  const workspace = mkdtempSync(join(tmpdir(), "moltbot-workspace-"));
  let gateway: TestGateway;
  let admin: Connected;
  let reader: Connected;
  const server = fakeOpenAI();

  before(async () => {
    const config = {
      ...JSON.parse(configFor(await server)),
      mcp: { servers: { gone: { command: join(home, "bin/no-such-server"), cwd: workspace } } },
      channels: { signal: { cliPath: join(home, "bin/signal-cli") } },
    };
    config.agents.defaults.workspace = workspace;
    gateway = await testGateway({ config: JSON.stringify(config), env: { HOME: home } });
    admin = await gateway.connect({ scopes: ["operator.admin"] });
    reader = await gateway.connect({ scopes: ["operator.read"] });
    const message = `look at ${gateway.stateDir}/a, ${home}/b and ${workspace}/c`;
    const idempotencyKey = "paths";
    await admin.call("chat.send", { sessionKey: "main", message, idempotencyKey });
    await admin.request("agent.wait", { runId: idempotencyKey, timeoutMs: 10_000 });
    await admin.request("mcp.test", { name: "gone" });
  });

  after(async () => {
    await gateway[Symbol.asyncDispose]();
    await (await server)[Symbol.asyncDispose]();
    for (const folder of [home, workspace]) rmSync(folder, { recursive: true, force: true });
  });

  const placesIn = (value: unknown) => {
    const text = JSON.stringify(value);
    return [gateway.stateDir, home, workspace].filter((path) => text.includes(path));
  };

  test("the answer to connect names no place", () => assert.deepEqual(placesIn(reader.hello), []));

  for (const method of READ) {
    test(`${method} names no place`, async () => {
      const answer = await reader.request(method, PARAMS[method] ?? {});

      assert.deepEqual(placesIn(answer), []);
    });
  }

  test("nothing that was heard meanwhile names a place, events too", () => {
    assert.ok(reader.frames.some(({ event }) => event === "chat"));
    assert.deepEqual(placesIn(reader.frames), []);
  });

  test("whoever administers sees them", async () => {
    const { messages } = await admin.call("chat.history", { sessionKey: "main" });

    assert.deepEqual(placesIn(messages).length, 3);
    assert.equal(admin.hello.snapshot.stateDir, gateway.stateDir);
  });
});
