// What doctor finds, and when it fails.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { freePort, Home, type Outcome } from "./harness.ts";

interface Findings {
  readonly ok: boolean;
  readonly findings: readonly {
    readonly level: string;
    readonly subject: string;
    readonly says: string;
    readonly fix?: string;
  }[];
}

function found({ stdout }: Outcome, subject: string): readonly { level: string; says: string }[] {
  const { findings } = JSON.parse(stdout) as Findings;
  return findings.filter((each) => each.subject === subject).map(({ level, says }) => ({ level, says }));
}

test("before the first start nothing is broken, and 3 says that no gateway runs", async () => {
  using home = new Home();

  const outcome = await home.run(["doctor", "--json"], { env: { MOLTBOT_GATEWAY_PORT: await freePort() } });

  assert.equal(outcome.code, 3);
  assert.deepEqual(found(outcome, "gateway"), [{ level: "warn", says: "Not running" }]);
});

test("a folder without a config lacks no secret, since the first start makes one", async () => {
  using home = new Home();
  mkdirSync(home.stateDir, { mode: 0o700 });

  const outcome = await home.run(["doctor", "--json"], { env: { MOLTBOT_GATEWAY_PORT: await freePort() } });

  assert.equal(outcome.code, 3);
  assert.deepEqual(found(outcome, "secret"), []);
});

test("a running gateway passes every check but the model's", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const outcome = await home.run(["doctor", "--json"]);

  const { ok, findings } = JSON.parse(outcome.stdout) as Findings;
  assert.deepEqual([outcome.code, ok], [0, true]);
  assert.deepEqual(
    findings.filter(({ level }) => level !== "ok").map(({ subject }) => subject),
    ["model"],
  );
});

test("a state folder that others may enter fails, with the command that closes it", async () => {
  using home = new Home();
  mkdirSync(home.stateDir);
  chmodSync(home.stateDir, 0o755);

  const outcome = await home.run(["doctor"], { env: { MOLTBOT_GATEWAY_PORT: await freePort() } });

  assert.equal(outcome.code, 1);
  assert.match(outcome.stdout, new RegExp(`fail {2}state .*\\n.*chmod 700 ${home.stateDir}`));
});

test("an invalid config fails with the setting and its line", async () => {
  using home = new Home();
  mkdirSync(home.stateDir, { mode: 0o700 });
  writeFileSync(join(home.stateDir, "moltbot.json"), '{\n  "gateway": {\n    "port": "x" } }\n', { mode: 0o600 });

  const outcome = await home.run(["doctor"], { env: { MOLTBOT_GATEWAY_PORT: await freePort() } });

  assert.equal(outcome.code, 1);
  assert.match(outcome.stdout, /fail {2}config +gateway\.port must be integer\n.*moltbot\.json line 3/);
});

const NAMES =
  '{ gateway: { auth: { token: "0123456789abcdef0123456789abcdef" } }, channels: { telegram: { botToken: "1:x", enabled: false, owners: ["@ann", 5000001] } } }';
const NAME_SAYS =
  'channels.telegram.owners.0 holds "@ann", which is no Telegram id and has no effect: people can take any name';

for (const isRunning of [false, true])
  test(`a name where only an id has an effect is said, ${isRunning ? "by the gateway" : "without a gateway"}`, async () => {
    using home = new Home();
    mkdirSync(home.stateDir, { mode: 0o700 });
    writeFileSync(join(home.stateDir, "moltbot.json"), NAMES, { mode: 0o600 });
    await using _gateway = isRunning ? await home.gateway() : undefined;

    const outcome = await home.run(
      ["doctor", "--json"],
      isRunning ? {} : { env: { MOLTBOT_GATEWAY_PORT: await freePort() } },
    );

    assert.deepEqual(
      found(outcome, "config").filter(({ level }) => level === "warn"),
      [{ level: "warn", says: NAME_SAYS }],
    );
  });

test("a token that is easy to guess fails", async () => {
  using home = new Home();
  await home.run(["config", "set", "gateway.auth.token", "hunter2hunter2"]);

  const outcome = await home.run(["doctor", "--json"], { env: { MOLTBOT_GATEWAY_PORT: await freePort() } });

  assert.deepEqual(found(outcome, "secret"), [{ level: "fail", says: "The gateway token is easy to guess" }]);
});

test("a port that another program holds fails", async () => {
  using home = new Home();
  using other = new Home();
  await using gateway = await other.gateway();

  const outcome = await home.run(["doctor", "--json"], { env: { MOLTBOT_GATEWAY_PORT: gateway.link.port } });

  assert.deepEqual(found(outcome, "port"), [
    { level: "fail", says: `${gateway.link.port} is used by another program` },
  ]);
});
