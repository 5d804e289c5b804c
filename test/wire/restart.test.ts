// A restart in place: the listener stays open, no client is refused, and a repeated request is answered.
import assert from "node:assert/strict";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { get as getSecurely } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { GatewayClient, type WebSocketLike } from "@moltbot/protocol";
import { WebSocket } from "ws";
import { pricedConfig } from "../agent/usage-support.ts";
import { FakeClock } from "../fakes/clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { type TestGateway, TOKEN, testGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { within } from "../support/time-limit.ts";

const CLIENTS = 20;
const RESTARTS = 3;

/** Asks until told to stop; each request is asked once more when it fails. */
class Load {
  readonly failures: string[] = [];
  answers = 0;
  gapMs = 0;
  readonly ended: Promise<void>;
  #isOver = false;
  #lastAt = performance.now();

  constructor(ask: () => Promise<void>) {
    this.ended = this.#run(ask);
  }

  /** Stops asking, and waits for the last answer. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.ended;
  }

  /** Waits until so many more requests have been answered. */
  async goesOn(more: number): Promise<void> {
    const wanted = this.answers + more;
    while (this.answers < wanted) await nextTurn();
  }

  async #run(ask: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      try {
        await ask().catch(ask);
        this.answers++;
        this.gapMs = Math.max(this.gapMs, performance.now() - this.#lastAt);
        this.#lastAt = performance.now();
      } catch (error) {
        this.failures.push((error as Error).message);
      }
      await sleep(5);
    }
  }
}

function httpGet(port: number, agent: Agent | false): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get({ host: "127.0.0.1", port, path: "/healthz", agent }, (response) => {
      response.resume();
      response.once("end", () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`)),
      );
    });
    request.once("error", reject);
  });
}

function clientOf(gateway: TestGateway): GatewayClient {
  return new GatewayClient({
    url: gateway.url,
    client: { id: "cli", version: "1", platform: "linux", mode: "cli" },
    scopes: ["operator.admin"],
    token: TOKEN,
    createSocket: (url) => new WebSocket(url, { perMessageDeflate: false }) as unknown as WebSocketLike,
  });
}

test("restarts under load: no request fails after its own retry, over sockets and over HTTP", async (t) => {
  await using gateway = await testGateway({ config: "{}" });
  const { port } = gateway;
  const clients = Array.from({ length: CLIENTS }, () => clientOf(gateway));
  await Promise.all(clients.map((client) => client.connect()));
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  const overSockets = clients.map(
    (client) =>
      new Load(async () => {
        await client.connect();
        await client.request("system.info");
      }),
  );
  const loads = [...overSockets, new Load(() => httpGet(port, false)), new Load(() => httpGet(port, kept))];

  for (let at = 0; at < RESTARTS; at++) {
    const seen = gateway.log.length;
    const admin = await gateway.connect();
    await admin.call("gateway.restart", { delayMs: 0 });
    await gateway.logged("gateway listens", seen);
    await within(Promise.all(loads.map((each) => each.goesOn(3))), "all to be answered again");
  }
  await within(Promise.all(loads.map((each) => each.end())), "the loads to end");
  for (const client of clients) client.close();
  kept.destroy();

  t.diagnostic(`longest gap ${Math.round(Math.max(...loads.map(({ gapMs }) => gapMs)))} ms over ${RESTARTS} restarts`);
  assert.deepEqual(
    loads.flatMap(({ failures }) => failures),
    [],
  );
});

test("who connects, asks or upgrades during a restart is answered by the next gateway", async () => {
  await using gateway = await testGateway({ config: "{}" });
  const { port } = gateway;
  const admin = await gateway.connect();
  const seen = gateway.log.length;

  await admin.call("gateway.restart", { delayMs: 0 });
  await within(admin.closed, "the end");
  const [asked, upgraded] = await Promise.all([
    httpGet(port, false).then(() => "answered"),
    within(gateway.connect(), "hello-ok"),
  ]);

  await gateway.logged("gateway listens", seen);
  assert.deepEqual([asked, upgraded.hello.type], ["answered", "hello-ok"]);
});

test("a client that does not answer the close does not hold up the others", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ clock, config: "{}" });
  const admin = await gateway.connect();
  const { raw } = await RawSocket.upgrade(gateway.port);
  const seen = gateway.log.length;

  await admin.call("gateway.restart", { delayMs: 0 });
  const mover = setInterval(() => clock.advance(50), 10);
  const listens = await gateway.logged("gateway listens", seen).finally(() => clearInterval(mover));
  const stops = await gateway.logged("gateway stops", seen);

  assert.equal((await raw.end()).code, 1012);
  assert.ok(listens.at - stops.at < 2_000);
});

test("a door that does not fit any more makes room for a new one on the same port", async () => {
  await using gateway = await testGateway({ config: "{}" });
  const { port } = gateway;
  const seen = gateway.log.length;

  gateway.writeConfig("{ gateway: { tls: { enabled: true } } }");
  await gateway.logged("gateway listens", seen);
  const status = await new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: "/healthz", rejectUnauthorized: false, agent: false as const };
    getSecurely(options, (response) => resolve(response.resume().statusCode)).once("error", reject);
  });

  assert.deepEqual([gateway.port, status], [port, 200]);
});

test("a restart that is asked for during a restart is made after it", async () => {
  await using gateway = await testGateway({ config: "{}" });
  const seen = gateway.log.length;
  gateway.running.restartProcess("the first");
  await gateway.logged("restarting the program", seen);
  const between = gateway.log.length;

  gateway.running.restartProcess("the second");
  await gateway.logged("restarting the program", between);
  await gateway.logged("gateway listens", gateway.log.length);
  const client = await gateway.connect();

  assert.equal(typeof (await client.call("health", {})).ok, "boolean");
});

test("what comes while a restart fails is answered when it has succeeded", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ clock, config: "{}" });
  const { port } = gateway;
  const logs = join(gateway.stateDir, "logs");
  const admin = await gateway.connect();
  const seen = gateway.log.length;
  await admin.call("gateway.restart", { delayMs: 0 });
  renameSync(logs, `${logs}.aside`);
  writeFileSync(logs, "");
  const slowly = setInterval(() => clock.advance(20), 10);
  await gateway.logged("the restart failed; trying again", seen).finally(() => clearInterval(slowly));

  const asked = httpGet(port, false);
  const connecting = RawSocket.upgrade(port);
  const first = await Promise.race([asked.then(() => "answered"), sleep(300, "waits")]);
  rmSync(logs);
  clock.advance(6_000);
  await within(asked, "the answer");
  const { nonce } = await within(connecting, "the challenge");

  assert.deepEqual([first, typeof nonce], ["waits", "string"]);
});

test("when the restart fails, who waits at the door is told to come again", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ clock, config: "{}" });
  const { port } = gateway;
  const admin = await gateway.connect();
  const seen = gateway.log.length;
  await admin.call("gateway.restart", { delayMs: 0 });
  // The folder of the log becomes a file: nothing can be opened there.
  renameSync(join(gateway.stateDir, "logs"), join(gateway.stateDir, "logs.aside"));
  writeFileSync(join(gateway.stateDir, "logs"), "");

  const slowly = setInterval(() => clock.advance(20), 10);
  await gateway.logged("the restart failed; trying again", seen).finally(() => clearInterval(slowly));
  const asked = httpGet(port, false).then(
    () => "200",
    (error: Error) => error.message,
  );
  clock.advance(16_000);
  const told = await within(asked, "the answer");
  rmSync(join(gateway.stateDir, "logs"));
  const mover = setInterval(() => clock.advance(1_000), 20);
  await gateway.logged("gateway listens", seen).finally(() => clearInterval(mover));

  assert.equal(told, "503");
  assert.equal((await gateway.connect()).hello.type, "hello-ok");
});

test("a run under way is taken up by the next gateway, and answered once", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(model) });
  model.script({ kind: "hang", after: "" }, { kind: "turn", text: "Here I am again." });
  const admin = await gateway.connect();
  await admin.call("chat.send", { sessionKey: "main", message: "Hello", idempotencyKey: "k1" });
  while (model.requests.length === 0) await nextTurn();
  const seen = gateway.log.length;

  await admin.call("gateway.restart", { delayMs: 0 });
  await gateway.logged("gateway listens", seen);
  const again = await gateway.connect();
  const { status } = await again.call("agent.wait", { runId: "k1", timeoutMs: 30_000 });
  const { messages } = await again.call("chat.history", { sessionKey: "main" });

  const said = messages.map(({ role, content }: { role: string; content: { text?: string }[] }) => [
    role,
    content[0]?.text,
  ]);
  assert.deepEqual(
    [status, said],
    [
      "ok",
      [
        ["user", "Hello"],
        ["assistant", "Here I am again."],
      ],
    ],
  );
});
