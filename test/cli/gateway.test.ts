// The gateway as a process: how it starts, whom it lets in from the command line, how it ends.

import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openLine } from "../../packages/gateway/src/cli/commands/gateway-run.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { BUILT } from "../support/program.ts";
import { Home } from "./harness.ts";

test("a first start makes a private state folder, and prints the address without the token to what is no terminal", async () => {
  using home = new Home();

  await using gateway = await home.gateway();

  const config = readFileSync(join(home.stateDir, "moltbot.json"), "utf8");
  assert.equal(statSync(home.stateDir).mode & 0o777, 0o700);
  assert.equal(gateway.link.origin, `http://127.0.0.1:${gateway.link.port}`);
  assert.equal(gateway.link.hash, "");
  assert.match(gateway.token, /^[\w-]{43}$/);
  assert.ok(config.includes(`"token": "${gateway.token}"`));
});

test("health finds the running gateway without being told where it is", async () => {
  using home = new Home();
  await using gateway = await home.gateway();

  const { code, stdout } = await home.run(["health"]);

  assert.equal(code, 0);
  assert.equal(stdout.split("\n")[0], `● The gateway at ${gateway.url} is well.`);
});

test("health --json prints the snapshot alone", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const { code, stdout, stderr } = await home.run(["health", "--json"]);

  assert.deepEqual([code, stderr, JSON.parse(stdout).ok], [0, "", true]);
});

test("the device identity is made on first use and kept private", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();
  const path = join(home.stateDir, "identity", "device.json");

  await home.run(["health"]);
  const first = readFileSync(path, "utf8");
  await home.run(["health"]);

  const { deviceId, ...others } = JSON.parse(first);
  assert.equal(readFileSync(path, "utf8"), first);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.match(deviceId, /^[0-9a-f]{64}$/);
  assert.deepEqual(Object.keys(others), ["version", "publicKeyPem", "privateKeyPem", "createdAtMs"]);
});

test("a wrong token exits 4 and names where the right one is", async () => {
  using home = new Home();
  await using gateway = await home.gateway();

  const { code, stderr } = await home.run(["health", "--token", "wrong"]);

  assert.deepEqual(
    [code, stderr],
    [
      4,
      `The gateway at ${gateway.url} does not accept this token. The right one is gateway.auth.token in the gateway's moltbot.json.\n`,
    ],
  );
});

test("a secret of the config is not sent to another address", async () => {
  using home = new Home();
  using stranger = new Home();
  await using _gateway = await home.gateway();
  await using other = await stranger.gateway();

  const { code, stderr } = await home.run(["health", "--url", other.url]);

  assert.deepEqual(
    [code, stderr],
    [4, `The gateway at ${other.url} wants a token. Pass --token, or set gateway.remote.token.\n`],
  );
});

test("gateway.mode remote sends every command to the remote gateway", async () => {
  using home = new Home();
  using away = new Home();
  await using gateway = await away.gateway();
  await home.run(["config", "set", "gateway.remote.url", gateway.url]);
  await home.run(["config", "set", "gateway.remote.token", gateway.token]);

  await home.run(["config", "set", "gateway.mode", "remote"]);
  const { code, stdout } = await home.run(["health"]);

  assert.deepEqual([code, stdout.split("\n")[0]], [0, `● The gateway at ${gateway.url} is well.`]);
});

test("the token may come from the environment, under both names", async () => {
  using home = new Home();
  using away = new Home();
  await using gateway = await away.gateway();
  const call = ["health", "--url", gateway.url];

  const ours = await home.run(call, { env: { MOLTBOT_GATEWAY_TOKEN: gateway.token } });
  const older = await home.run(call, { env: { CLAWDBOT_GATEWAY_TOKEN: gateway.token } });

  assert.deepEqual([ours.code, older.code], [0, 0]);
});

test("a second gateway on the same state folder is refused with the pid of the first", async () => {
  using home = new Home();
  await using gateway = await home.gateway();

  const { code, stderr } = await home.run(["gateway", "--port", "0"]);

  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^A gateway \\(pid ${gateway.pid}, .*already runs on .*moltbot gateway stop`));
});

test("a port that is taken is refused and named", async () => {
  using home = new Home();
  using second = new Home();
  await using gateway = await home.gateway();

  const { code, stderr } = await second.run(["gateway", "--port", gateway.link.port]);

  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`${gateway.link.port}`));
  assert.doesNotMatch(stderr, /\n\s+at /);
});

test("an invalid config refuses the first start with file, line and what is wrong", async () => {
  using home = new Home();
  await home.run(["config", "set", "gateway.port", "18789"]);
  const path = join(home.stateDir, "moltbot.json");
  writeFileSync(path, '{\n  "gateway": { "port": "many" }\n}\n');
  writeFileSync(`${path}.last-good`, "{ nothing good");

  const { code, stderr } = await home.run(["gateway", "--port", "0"]);

  assert.equal(code, 78);
  assert.match(stderr, /moltbot\.json line 2: gateway\.port/);
});

test("SIGTERM and Ctrl-C end the gateway with 0", async () => {
  using home = new Home();

  const first = await home.gateway();
  const byTerm = await first.end("SIGTERM");
  const second = await home.gateway();
  const byInt = await second.end("SIGINT");

  assert.deepEqual([byTerm, byInt], [0, 0]);
});

test("gateway stop ends the running gateway and says so", async () => {
  using home = new Home();
  await using gateway = await home.gateway();

  const { code, stdout } = await home.run(["gateway", "stop"]);

  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^The gateway \\(pid ${gateway.pid}\\) stopped after`));
});

test("gateway status tells process and answer, and exits 3 when nothing runs", async () => {
  using home = new Home();
  const gateway = await home.gateway();

  const up = await home.run(["gateway", "status", "--json"]);
  await gateway.end("SIGTERM");
  const down = await home.run(["gateway", "status", "--json"]);

  const answers = [up, down].map(({ stdout }) => JSON.parse(stdout));
  assert.deepEqual([up.code, answers[0].process.pid, answers[0].answer.ok], [0, gateway.pid, true]);
  assert.deepEqual([down.code, answers[1].process, answers[1].answer.ok], [3, null, false]);
});

test("gateway probe reaches the local gateway and tells each call apart", async () => {
  using home = new Home();
  await using gateway = await home.gateway();

  const { code, stdout } = await home.run(["gateway", "probe", "--json"]);

  const { ok, targets } = JSON.parse(stdout);
  assert.deepEqual([code, ok, targets[0].kind, targets[0].url], [0, true, "local", gateway.url]);
  assert.deepEqual(Object.keys(targets[0].calls), ["health", "status", "system-presence", "config.get"]);
});

test("gateway call prints the answer of any method, and reads parameters from stdin", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const { code, stdout } = await home.run(["gateway", "call", "logs.tail", "--params", "-"], { input: '{"limit": 1}' });

  assert.deepEqual([code, JSON.parse(stdout).lines.length], [0, 1]);
});

test("a method's refusal is said in the gateway's words and exits 1", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const { code, stderr } = await home.run(["gateway", "call", "no.such.method"]);

  assert.deepEqual([code, stderr], [1, "Unknown method: no.such.method.\n"]);
});

test("with TLS the local command line pins the gateway's own certificate", async () => {
  using home = new Home();
  await using gateway = await home.gateway(["--tls"]);

  const pinned = await home.run(["health"]);
  const wrong = await home.run(["health", "--tls-fingerprint", "sha256:".padEnd(71, "0")]);

  assert.equal(gateway.link.protocol, "https:");
  assert.equal(pinned.code, 0, pinned.stderr);
  assert.equal(wrong.code, 3);
  assert.match(wrong.stderr, /shows another certificate than the pinned one/);
});

test("logs prints lines for people, and the lines as they are with --json", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const people = await home.run(["logs"]);
  const machines = await home.run(["logs", "--json", "--limit", "1"]);

  assert.match(people.stdout, /^\d\d:\d\d:\d\d info {2}gateway listens url=ws:/m);
  assert.deepEqual(Object.keys(JSON.parse(machines.stdout)).slice(0, 3), ["time", "level", "msg"]);
});

test("logs of a gateway that is gone come from its file", async () => {
  using home = new Home();
  const gateway = await home.gateway();
  await gateway.end("SIGKILL");

  const { code, stdout, stderr } = await home.run(["logs"]);

  assert.equal(code, 0);
  assert.match(stdout, /gateway listens url=ws:/);
  assert.match(stderr, /^The gateway does not run; these are the last lines of .*gateway\.log\.\n$/);
});

test("a terminal is shown the link that signs in; a journal is told how to get it", () => {
  const url = "http://127.0.0.1:18789/#token=s3cret";

  assert.equal(openLine(url, { isTerminal: true, profile: undefined }), `Open ${url}`);
  assert.equal(
    openLine(url, { isTerminal: false, profile: "work" }),
    "Open http://127.0.0.1:18789/ with the link that `moltbot --profile work dashboard` prints: it signs you in.",
  );
});

test("the dashboard link is the gateway's address with the token", async () => {
  using home = new Home();
  await using gateway = await home.gateway();

  const { code, stdout } = await home.run(["dashboard", "--no-open"]);

  assert.deepEqual([code, stdout], [0, `${gateway.link.href}#token=${gateway.token}\n`]);
});

test("the built command line starts the built gateway", async () => {
  using home = new Home(BUILT);
  await using gateway = await home.gateway();

  const { code, stdout } = await home.run(["health"]);

  assert.deepEqual([code, stdout.split("\n")[0]], [0, `● The gateway at ${gateway.url} is well.`]);
});

test("the built gateway brings TLS and a model's SDK along", async () => {
  using home = new Home(BUILT);
  await using model = await fakeOpenAI();
  const provider = { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }] };
  await home.run(["config", "set", "models", JSON.stringify({ detectLocal: false, providers: { fake: provider } })]);
  await using _gateway = await home.gateway(["--tls"]);

  const { code, stdout, stderr } = await home.run(["agent", "hello"]);

  assert.deepEqual([code, stdout, stderr], [0, "Hello from the model.\n", ""]);
});

test("starting a gateway that runs already gives its link again on a terminal", async () => {
  using home = new Home();
  await using gateway = await home.gateway();
  await using terminal = home.terminal(["gateway"], 200);

  const code = await terminal.ended();

  assert.deepEqual(
    [code, terminal.lines.slice(0, 2)],
    [
      0,
      [
        `moltbot runs already (pid ${gateway.pid}); \`moltbot gateway stop\` stops it.`,
        `Open ${gateway.link.href}#token=${gateway.token}`,
      ],
    ],
  );
});
