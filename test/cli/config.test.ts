// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as config files name them
// Settings from the command line: in the file when no gateway runs, through the gateway when one does.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Home } from "./harness.ts";

test("a setting that nobody made has its default", async () => {
  using home = new Home();

  const { code, stdout } = await home.run(["config", "get", "gateway.port"]);

  assert.deepEqual([code, stdout], [0, "18789\n"]);
});

test("without a gateway a setting is written to the file", async () => {
  using home = new Home();

  const { code, stdout } = await home.run(["config", "set", "gateway.port", "19000"]);
  const read = await home.run(["config", "get", "gateway.port"]);

  const path = join(home.stateDir, "moltbot.json");
  assert.deepEqual([code, read.stdout], [0, "19000\n"]);
  assert.equal(stdout, `gateway.port is 19000 now.\nWritten to ${path}; it counts from the gateway's next start.\n`);
});

test("a first change makes a config that the gateway can start with", async () => {
  using home = new Home();

  await home.run(["config", "set", "session.mainKey", "home"]);
  await using gateway = await home.gateway();

  assert.match(gateway.token, /^[\w-]{43}$/);
});

test("comments of the file survive a change", async () => {
  using home = new Home();
  const path = join(home.stateDir, "moltbot.json");
  mkdirSync(home.stateDir);
  writeFileSync(path, '{\n  // the door\n  "gateway": { "port": 1000 }, // keep me\n}\n');

  await home.run(["config", "set", "gateway.port", "2000"]);

  assert.equal(readFileSync(path, "utf8"), '{\n  // the door\n  "gateway": { "port": 2000 }, // keep me\n}\n');
});

test("a wrong value is refused, named, and changes nothing", async () => {
  using home = new Home();
  await home.run(["config", "set", "gateway.port", "19000"]);

  const { code, stderr } = await home.run(["config", "set", "gateway.port", "many"]);
  const read = await home.run(["config", "get", "gateway.port"]);

  assert.deepEqual([code, read.stdout], [1, "19000\n"]);
  assert.match(stderr, /^gateway\.port must be integer\. Nothing was changed\.\n$/);
});

test("a setting that nobody knows is refused with the one that was meant", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["config", "set", "gateway.prot", "1"]);
  const elsewhere = await home.run(["config", "set", "channels.telegram.onwers", '["1"]']);
  const unheard = await home.run(["config", "set", "weather.sunny", "true"]);
  const { stdout } = await home.run(["config", "get", "gateway", "--json"]);

  assert.deepEqual(
    [code, stderr],
    [
      2,
      "gateway.prot is not a setting; nothing was changed. Did you mean gateway.port? --force writes it all the same.\n",
    ],
  );
  assert.match(elsewhere.stderr, /Did you mean channels\.telegram\.owners\?/);
  assert.equal(unheard.stderr, "weather is not a setting; nothing was changed. --force writes it all the same.\n");
  assert.ok(!("prot" in JSON.parse(stdout)));
});

test("--force writes a setting that nobody knows; many of them are counted, without empty names", async () => {
  using home = new Home();
  const strange = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`strange${at}`, at]));

  const forced = await home.run(["config", "set", "gateway", JSON.stringify(strange), "--force"]);
  const next = await home.run(["config", "set", "gateway.port", "19000", "--json"]);

  assert.equal(forced.code, 0);
  assert.match(
    forced.stderr,
    /^50 settings of the file are not known and are ignored; `moltbot doctor` names them\.$/m,
  );
  assert.deepEqual(
    JSON.parse(next.stdout).ignored.filter((name: string) => !/^gateway\.strange\d+$/.test(name)),
    [],
  );
});

test("long ids keep their digits", async () => {
  using home = new Home();

  await home.run(["config", "set", "channels.discord.allowFrom", "[2337342461901537289]"]);
  const { stdout } = await home.run(["config", "get", "channels.discord.allowFrom", "--json"]);

  assert.deepEqual(JSON.parse(stdout), ["2337342461901537289"]);
});

test("a variable is used as it is set, and stands in the file as it was written", async () => {
  using home = new Home();
  const env = { MY_TOKEN: "a-token-from-the-environment" };
  await home.run(["config", "set", "gateway.auth.token", "${MY_TOKEN}"], { env });
  await home.run(["config", "set", "gateway.port", "18999"], { env });

  const { stdout } = await home.run(["config", "get", "gateway.auth.token"], { env });
  const { stdout: path } = await home.run(["config", "path"]);

  assert.equal(stdout, "a-token-from-the-environment\n");
  assert.match(readFileSync(path.trim(), "utf8"), /"token": "\$\{MY_TOKEN\}"/);
});

test("--text keeps a value that looks like a number as text", async () => {
  using home = new Home();

  await home.run(["config", "set", "gateway.auth.token", "1234567890123456", "--text"]);
  const { stdout } = await home.run(["config", "get", "gateway.auth.token", "--json"]);

  assert.equal(stdout, '"1234567890123456"\n');
});

test("secrets are hidden in a whole config and shown when named", async () => {
  using home = new Home();
  await home.run(["config", "set", "gateway.auth.token", "a-secret-for-this-test"]);

  const whole = await home.run(["config", "get"]);
  const named = await home.run(["config", "get", "gateway.auth.token"]);

  assert.equal(JSON.parse(whole.stdout).gateway.auth.token, "(hidden)");
  assert.equal(named.stdout, "a-secret-for-this-test\n");
});

test("undo brings the version before back, and undo again takes that back", async () => {
  using home = new Home();
  await home.run(["config", "set", "gateway.port", "1111"]);
  await home.run(["config", "set", "gateway.port", "2222"]);

  await home.run(["config", "undo"]);
  const once = await home.run(["config", "get", "gateway.port"]);
  await home.run(["config", "undo"]);
  const twice = await home.run(["config", "get", "gateway.port"]);

  assert.deepEqual([once.stdout, twice.stdout], ["1111\n", "2222\n"]);
});

test("history lists what changed in each version, the latest first", async () => {
  using home = new Home();
  await home.run(["config", "set", "gateway.port", "1111"]);
  await home.run(["config", "set", "session.mainKey", "home"]);
  await home.run(["config", "unset", "gateway.port"]);

  const { stdout } = await home.run(["config", "history"]);

  const rows = stdout.split("\n").filter((line) => /^ *\d/.test(line));
  assert.match(rows.join("\n"), /^ 1 .*gateway\.port\n 2 .*session\.mainKey\n 3 .*gateway\.port$/);
});

test("a running gateway has a change at once, and the file too", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const { code, stdout } = await home.run(["config", "set", "session.mainKey", "home", "--json"]);
  const inForce = await home.run(["gateway", "call", "config.get"]);

  assert.deepEqual([code, JSON.parse(stdout).isLive], [0, true]);
  assert.equal(JSON.parse(inForce.stdout).config.session.mainKey, "home");
  assert.match(readFileSync(join(home.stateDir, "moltbot.json"), "utf8"), /"mainKey": "home"/);
});

test("a running gateway refuses a wrong value in the same words", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const { code, stderr } = await home.run(["config", "set", "gateway.port", "many"]);

  assert.deepEqual([code, stderr], [1, "gateway.port must be integer. Nothing was changed.\n"]);
});

test("where the settings name a gateway elsewhere, with an address or without, they are changed here", async () => {
  using home = new Home();
  await using gateway = await home.gateway();

  await home.run(["config", "set", "gateway.mode", "remote"]);
  const lost = await home.run(["health"]);
  const named = await home.run(["health", "--url", gateway.url, "--token", gateway.token]);
  const mode = await home.run(["config", "get", "gateway.mode"]);
  const history = await home.run(["config", "history"]);
  const away = await home.run(["config", "set", "gateway.remote.url", "ws://127.0.0.1:9"]);
  const back = await home.run(["config", "set", "gateway.mode", "local"]);
  const found = await home.run(["health"]);

  assert.deepEqual(
    [lost, named, mode, history, away, back, found].map(({ code }) => code),
    [1, 0, 0, 0, 0, 0, 0],
  );
  assert.match(
    lost.stderr,
    /gateway\.remote\.url is not set\. Set it with `moltbot config set gateway\.remote\.url URL`/,
  );
  assert.equal(mode.stdout.trim(), "remote");
});

test("the path of the file follows the profile and the environment", async () => {
  using home = new Home();

  const usual = await home.run(["config", "path"]);
  const profile = await home.run(["config", "path", "--profile", "work"], { env: { HOME: home.stateDir } });
  const named = await home.run(["config", "path"], { env: { MOLTBOT_CONFIG_PATH: "/elsewhere/x.json" } });

  assert.deepEqual(
    [usual.stdout, profile.stdout, named.stdout],
    [`${home.stateDir}/moltbot.json\n`, `${home.stateDir}/.moltbot-work/moltbot.json\n`, "/elsewhere/x.json\n"],
  );
});

test("reading settings leaves no trace", async () => {
  using home = new Home();

  await home.run(["config", "get", "gateway.port"]);

  assert.equal(existsSync(home.stateDir), false);
});

const RESTARTING: readonly (readonly [setting: string, value: string])[] = [
  ["backup.stream", "journal/"],
  ["backup.streamMegabytes", "8"],
  ["backup.passphrase", "a long line of words that nobody guesses"],
  ["gateway.controlUi.allowedOrigins", '["https://example.org"]'],
];

test("a change that restarts the gateway returns when it is back; the next command finds it", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();
  mkdirSync(join(home.stateDir, "journal"));
  const begun = () => readFileSync(join(home.stateDir, "gateway.json"), "utf8");

  const results = [];
  for (const [setting, value] of RESTARTING) {
    const before = begun();
    const set = await home.run(["config", "set", setting, value]);
    const next = await home.run(["health", "--json"]);
    results.push([setting, set.code, set.stdout.split("\n")[1], next.code, begun() !== before]);
  }
  const undone = await home.run(["config", "undo"]);
  const after = await home.run(["status", "--json"]);

  assert.deepEqual(
    results,
    RESTARTING.map(([setting]) => [setting, 0, "The gateway has restarted for it.", 0, true]),
  );
  assert.deepEqual([undone.code, after.code], [0, 0]);
});

test("a change of a live setting restarts nothing", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();
  const begun = () => readFileSync(join(home.stateDir, "gateway.json"), "utf8");
  const before = begun();

  const { code, stdout } = await home.run(["config", "set", "backup.streamMegabytes", "8"]);

  assert.deepEqual([code, stdout, begun()], [0, "backup.streamMegabytes is 8 now.\n", before]);
});

test("a gateway that does not come back is an error that says what to do", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const tls = '{"enabled": true, "certPath": "/nowhere/cert.pem", "keyPath": "/nowhere/key.pem"}';
  const { code, stderr } = await home.run(["config", "set", "gateway.tls", tls, "--timeout", "3000"]);

  assert.equal(code, 5);
  assert.match(
    stderr,
    /^The change is written, and `moltbot config undo` takes it back, but the gateway at .* is not back after 3 s; `moltbot logs` says why\.\n$/,
  );
});
