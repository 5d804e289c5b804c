// MCP servers: programs and services whose tools the agents use.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { httpServer, stdioServer } from "../fakes/mcp-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { framesIn, wordsIn } from "../support/frames.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";
import { withoutCoverage } from "../support/program.ts";
import { admin, configFor, say } from "./support.ts";

/** A gateway with MCP servers; models are fake when a provider is given. */
async function gatewayWith(servers: object, options: { config?: object; clock?: never } = {}): Promise<TestGateway> {
  const { config = { models: { detectLocal: false } } } = options;
  return await testGateway({ config: JSON.stringify({ ...config, mcp: { servers } }) });
}

/** Calls one tool as an operator's run would. */
async function invoke(gateway: TestGateway, tool: string, args: object = {}) {
  const response = await fetch(`${gateway.httpUrl}/tools/invoke`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.token}`, "content-type": "application/json" },
    body: JSON.stringify({ tool, args }),
  });
  const { result, error } = await response.json();
  return { status: response.status, content: result?.content, message: error?.message };
}

test("a model is offered the tools of a program, calls one, and gets its answer", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await gatewayWith({ fake: stdioServer() }, { config: JSON.parse(configFor(server)) });
  const client = await admin(gateway);
  server.script({ kind: "tool-call", name: "mcp_fake_echo", arguments: { text: "ping" } });

  await say(client, "Try it");

  const [first, second] = server.requests;
  const tools = first?.body.tools as { function: { name: string; description: string; parameters: object } }[];
  const echo = tools.find(({ function: { name } }) => name === "mcp_fake_echo")!.function;
  assert.deepEqual(wordsIn(echo.description), [
    'what the MCP server fake says of its tool: Tool of the MCP server "fake", described in its own words: Says it again.',
  ]);
  assert.deepEqual(echo.parameters, { type: "object", properties: { text: { type: "string" } } });
  assert.ok(tools.every(({ function: { name } }) => /^[A-Za-z0-9_-]{1,64}$/.test(name)));
  const { content } = (second!.body.messages as { content: string }[]).at(-1)!;
  assert.deepEqual(wordsIn(content), ["answer of the tool mcp_fake_echo: ping"]);
  const system = (second!.body.messages as { content: string }[])[0]!.content;
  for (const { mark } of [...framesIn(content), ...framesIn(echo.description)])
    assert.ok(system.includes(`mark in this run is ${mark}.`));
});

test("a service over HTTP is sent the configured headers, and they are told to nobody", async () => {
  await using service = await httpServer();
  const headers = { "x-api-key": "a-very-secret-value" };
  await using gateway = await gatewayWith({ web: { url: service.url, headers } });
  const client = await admin(gateway);

  const { content } = await invoke(gateway, "mcp_web_echo", { text: "ping" });

  assert.deepEqual(content, [{ type: "text", text: "ping" }]);
  assert.equal(service.seen[0]?.["x-api-key"], "a-very-secret-value");
  const told = JSON.stringify([await client.call("mcp.status", {}), await client.call("config.get", {}), gateway.log]);
  assert.doesNotMatch(told, /a-very-secret-value/);
});

describe("answers", () => {
  const CASES: readonly [tool: string, args: object, status: number, answer: unknown][] = [
    ["sum", { a: 1, b: 2 }, 200, [{ type: "text", text: '{"sum":3}' }]],
    ["fail", {}, 400, "no such thing"],
  ];
  for (const [tool, args, status, answer] of CASES) {
    test(`of ${tool} are passed on`, async () => {
      await using gateway = await gatewayWith({ fake: stdioServer() });

      const { content, message, ...rest } = await invoke(gateway, `mcp_fake_${tool}`, args);

      assert.deepEqual([rest.status, content ?? message], [status, answer]);
    });
  }

  test("with pictures show them", async () => {
    await using gateway = await gatewayWith({ fake: stdioServer() });

    const { content } = await invoke(gateway, "mcp_fake_picture");

    assert.deepEqual([content[1].type, content[1].mimeType], ["image", "image/png"]);
  });
});

describe("a program", () => {
  test("gets what any program needs and what it is given, and none of the gateway's secrets", async () => {
    const fake = stdioServer({ env: { GIVEN: "1" } });
    const config = JSON.stringify({ mcp: { servers: { fake } } });
    await using gateway = await testGateway({
      config,
      env: { PATH: process.env.PATH ?? "", OPENAI_API_KEY: "sk-not-for-you" },
    });

    const { content } = await invoke(gateway, "mcp_fake_env");

    assert.deepEqual(withoutCoverage(content[0].text.split(" ")), ["GIVEN", "PATH"]);
  });

  test("is started when a run first needs it, once, and ended with the gateway", async () => {
    await using gateway = await gatewayWith({});
    const journal = join(gateway.stateDir, "starts");
    await gateway.stop();
    gateway.writeConfig(JSON.stringify({ mcp: { servers: { fake: stdioServer({ journal }) } } }));
    await gateway.start();
    const client = await admin(gateway);
    const before = await client.call("mcp.status", {});

    await invoke(gateway, "mcp_fake_echo", { text: "1" });
    await invoke(gateway, "mcp_fake_echo", { text: "2" });
    const after = await client.call("mcp.status", {});
    await gateway.stop();

    assert.deepEqual([before.servers[0].state, after.servers[0].state], ["idle", "connected"]);
    const pids = readFileSync(journal, "utf8").trim().split("\n");
    assert.equal(pids.length, 1);
    assert.throws(() => process.kill(Number(pids[0]), 0), { code: "ESRCH" });
  });

  test("that is deaf to being asked is killed when the gateway stops", async () => {
    await using gateway = await gatewayWith({});
    const journal = join(gateway.stateDir, "starts");
    const fake = stdioServer({ mode: "deaf-to-ends", journal });
    gateway.writeConfig(JSON.stringify({ mcp: { servers: { fake } } }));
    await gateway.logged("config changed");
    await invoke(gateway, "mcp_fake_echo");

    await gateway.stop();

    const [pid] = readFileSync(journal, "utf8").trim().split("\n");
    assert.throws(() => process.kill(Number(pid), 0), { code: "ESRCH" });
  });

  test("that crashes in a call says so, and is not started again at once", async () => {
    await using gateway = await gatewayWith({ fake: stdioServer() });
    const client = await admin(gateway);

    const { status, message } = await invoke(gateway, "mcp_fake_crash");

    assert.equal(status, 400);
    assert.match(
      message,
      /the MCP server fake ended during the call \(it ended with code 3\); whether it took effect is/,
    );
    const [row] = (await client.call("mcp.status", {})).servers;
    assert.deepEqual([row.state, row.problem], ["failed", "it ended with code 3"]);
    assert.equal((await invoke(gateway, "mcp_fake_echo")).status, 404);
    assert.equal((await client.call("mcp.test", { name: "fake" })).tools.length, 8);
  });

  test("whose settings change is ended, and the new one used", async () => {
    await using gateway = await gatewayWith({ fake: stdioServer() });
    await invoke(gateway, "mcp_fake_echo", { text: "1" });

    gateway.writeConfig(JSON.stringify({ mcp: { servers: { other: stdioServer() } } }));
    await gateway.logged("config changed");

    assert.equal((await invoke(gateway, "mcp_fake_echo")).status, 404);
    assert.equal((await invoke(gateway, "mcp_other_echo")).status, 200);
  });
});

describe("a server in trouble", () => {
  test("holds a run up for a moment only, and the others go on", async () => {
    await using gateway = await gatewayWith({ mute: stdioServer({ mode: "mute" }), fake: stdioServer() });

    const { status } = await invoke(gateway, "mcp_fake_echo", { text: "ping" });

    assert.equal(status, 200);
  });

  test("that is not there is named with what is wrong", async () => {
    const missing = { command: "/no/such/program" };
    const nobody = { url: "http://127.0.0.1:9/mcp" };
    await using gateway = await gatewayWith({ missing, nobody, empty: {} });
    const client = await admin(gateway);

    const problem = async (name: string) => (await client.request("mcp.test", { name })).error?.message ?? "";

    assert.match(
      await problem("missing"),
      /^the MCP server missing cannot be reached: there is no program \/no\/such\/program/,
    );
    assert.match(await problem("nobody"), /^the MCP server nobody cannot be reached: /);
    assert.equal(await problem("empty"), "the MCP server empty cannot be reached: it has neither a command nor a url");
    assert.match(await problem("other"), /^no MCP server "other" is switched on \(there are missing, nobody, empty\)/);
  });

  test("whose call never ends is given up after its time", async () => {
    await using gateway = await gatewayWith({ fake: { ...stdioServer(), timeoutSeconds: 1 } });

    const { status, message } = await invoke(gateway, "mcp_fake_hang");

    assert.deepEqual([status, message], [400, "mcp_fake_hang did not end within 1 s and was stopped."]);
  });
});

describe("policy", () => {
  test("a server's own list says which of its tools are offered", async () => {
    const tools = { allow: ["e*", "sum"], deny: ["env"] };
    await using gateway = await gatewayWith({ fake: { ...stdioServer(), tools } });
    const client = await admin(gateway);

    const { tools: offered } = await client.call("mcp.test", { name: "fake" });

    assert.deepEqual(
      offered.map(({ name, changes }: { name: string; changes: boolean }) => [name, changes]),
      [
        ["mcp_fake_echo", false],
        ["mcp_fake_sum", false],
      ],
    );
  });

  test("group:mcp stands for all of them", async () => {
    const config = { tools: { deny: ["group:mcp"] } };
    await using gateway = await gatewayWith({ fake: stdioServer() }, { config });

    assert.equal((await invoke(gateway, "mcp_fake_echo")).status, 404);
  });

  test("a server that is switched off is not started", async () => {
    await using gateway = await gatewayWith({ fake: { ...stdioServer(), enabled: false } });
    const client = await admin(gateway);

    assert.equal((await invoke(gateway, "mcp_fake_echo")).status, 404);
    assert.equal((await client.call("mcp.status", {})).servers[0].state, "off");
  });
});
