// `doctor --fix`: what it mends, that a dry run changes nothing, and that everything can be taken back.

import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { GatewayClient } from "@moltbot/protocol";
import { sha256Hex } from "../../packages/gateway/src/base/ids.ts";
import { FakeSystem } from "../fakes/system/tools.ts";
import { freePort, Home } from "./harness.ts";

const STRONG = "0123456789abcdefghijklmnopqrstuv";

/** A home on a system of its own, whose gateway does not run unless a test starts it. */
class SickHome extends Home {
  readonly system = new FakeSystem();
  port = "";

  static async make(config?: string): Promise<SickHome> {
    const home = new SickHome();
    home.port = await freePort();
    mkdirSync(home.stateDir, { mode: 0o700 });
    if (config !== undefined) writeFileSync(home.config, config, { mode: 0o600 });
    return home;
  }

  get config(): string {
    return join(this.stateDir, "moltbot.json");
  }

  override env(more: Record<string, string> = {}): Record<string, string> {
    return super.env({ ...this.system.env, MOLTBOT_GATEWAY_PORT: this.port, ...more });
  }

  /** Every file with its mode and text, for telling that nothing has changed. */
  picture(): string {
    const names = readdirSync(this.stateDir, { recursive: true, encoding: "utf8" }).sort();
    const lines = names
      .filter((name) => !name.startsWith("doctor") && !name.endsWith(".undone"))
      .map((name) => {
        const path = join(this.stateDir, name);
        const state = statSync(path);
        return `${name} ${(state.mode & 0o777).toString(8)} ${state.isFile() ? sha256Hex(readFileSync(path)) : ""}`;
      });
    return [(statSync(this.stateDir).mode & 0o777).toString(8), ...lines].join("\n");
  }

  override [Symbol.dispose](): void {
    this.system[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

/** A certificate that has ended in February 2026. */
const ENDED = `-----BEGIN CERTIFICATE-----
MIIBWjCCAQGgAwIBAgIJE0ldhViGYho1MAkGByqGSM49BAEwDDEKMAgGA1UEAxMB
eDAeFw0yNjAxMDEwMDAwMDBaFw0yNjAyMDEwMDAwMDBaMAwxCjAIBgNVBAMTAXgw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS72+BJ3lKynLYWrBVrj42xZJrx8lzI
Sp5gWZHU9uwHvPIiBtjqZgLxQOOEmqctZBeNRk0PQKMKQz86WnUTP/8ho00wSzAM
BgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIFoDAdBgNVHSUEFjAUBggrBgEFBQcD
AQYIKwYBBQUHAwIwDAYDVR0RBAUwA4IBeDAJBgcqhkjOPQQBA0gAMEUCIDDYezRA
WDp7Kl2O9SCSetG8cWcS9Ouj5STrg2FrXxJCAiEAxS59PNGW/l/6Bj8I/ciy5XVw
Q0OZaAUDKVMSHuxYpdg=
-----END CERTIFICATE-----
`;

const settings = (more: object) => JSON.stringify({ gateway: { auth: { token: STRONG } }, ...more });

interface Case {
  readonly name: string;
  readonly config: string;
  readonly spoil?: (home: SickHome) => void;
  readonly isMended: (home: SickHome) => boolean;
  /** What the person is told once. */
  readonly told?: RegExp;
}

const cases: readonly Case[] = [
  {
    name: "config",
    config: '{ "gateway": { "port": "many" } }',
    spoil: (home) => writeFileSync(`${home.config}.last-good`, settings({}), { mode: 0o600 }),
    isMended: (home) => readFileSync(home.config, "utf8") === settings({}),
  },
  {
    name: "modes",
    config: settings({}),
    spoil(home) {
      mkdirSync(join(home.stateDir, "identity"), { mode: 0o755 });
      writeFileSync(join(home.stateDir, "identity", "device.key"), "key", { mode: 0o644 });
      chmodSync(home.stateDir, 0o755);
      chmodSync(home.config, 0o664);
    },
    isMended: (home) =>
      [
        home.stateDir,
        home.config,
        join(home.stateDir, "identity"),
        join(home.stateDir, "identity", "device.key"),
      ].every((path) => (statSync(path).mode & 0o077) === 0),
  },
  {
    name: "stale-instance",
    config: settings({}),
    spoil: (home) =>
      writeFileSync(join(home.stateDir, "gateway.json"), '{"pid":2147483646,"url":"ws://127.0.0.1:1"}', {
        mode: 0o600,
      }),
    isMended: (home) => !existsSync(join(home.stateDir, "gateway.json")),
  },
  {
    name: "secret",
    config: '{\n  // mine\n  "gateway": { "auth": { "token": "hunter2" } },\n}\n',
    isMended: (home) => /\/\/ mine[\s\S]*"token": "[\w-]{43}"/.test(readFileSync(home.config, "utf8")),
    told: /^The new gateway token is [\w-]{43} \(shown once/m,
  },
  {
    name: "hooks-token",
    config: settings({ hooks: { enabled: true, token: STRONG } }),
    isMended: (home) => JSON.parse(readFileSync(home.config, "utf8")).hooks.token !== STRONG,
    told: /^The new hooks\.token is [\w-]{43}/m,
  },
  {
    name: "account-conflict",
    config: settings({ channels: { telegram: { accounts: { a: { botToken: "1:x" }, b: { botToken: "1:x" } } } } }),
    isMended: (home) => JSON.parse(readFileSync(home.config, "utf8")).channels.telegram.accounts.b.enabled === false,
  },
  {
    name: "certificate",
    config: settings({}),
    spoil(home) {
      const folder = join(home.stateDir, "gateway", "tls");
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      chmodSync(join(home.stateDir, "gateway"), 0o700);
      writeFileSync(join(folder, "gateway-key.pem"), "a key");
      writeFileSync(join(folder, "gateway-cert.pem"), ENDED);
      for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o600);
    },
    isMended: (home) => readdirSync(join(home.stateDir, "gateway", "tls")).length === 0,
  },
  {
    name: "database",
    config: settings({}),
    spoil(home) {
      const path = join(home.stateDir, "state.db");
      for (const each of [`${path}.daily`, path]) {
        using db = new DatabaseSync(each);
        db.exec(
          "create table schema_versions (x); insert into schema_versions values (1); create table t (x); insert into t select hex(randomblob(500)) from (values (1),(2),(3),(4),(5),(6),(7),(8))",
        );
      }
      for (const each of [`${path}.daily`, path]) chmodSync(each, 0o600);
      truncateSync(path, statSync(path).size - 4_096);
    },
    isMended(home) {
      const path = join(home.stateDir, "state.db");
      return readFileSync(path).equals(readFileSync(`${path}.daily`));
    },
  },
];

for (const { name, config, spoil, isMended, told } of cases)
  test(`${name}: a dry run says it and changes nothing; it is mended; it is taken back`, async () => {
    using home = await SickHome.make(config);
    spoil?.(home);
    const before = home.picture();

    const dry = await home.run(["doctor", "--fix", "--dry-run", "--json"]);
    const afterDry = home.picture();
    const fixed = await home.run(["doctor", "--fix"]);
    const wasMended = isMended(home);
    const again = await home.run(["doctor", "--fix", "--dry-run", "--json"]);
    const undone = await home.run(["doctor", "--undo"]);
    const afterUndo = home.picture();

    assert.deepEqual(
      JSON.parse(dry.stdout).steps.map((step: { name: string }) => step.name),
      [name],
    );
    assert.equal(afterDry, before);
    assert.equal(fixed.code, 0, fixed.stderr);
    assert.match(fixed.stdout, new RegExp(`^${name}: `));
    if (told) assert.match(fixed.stderr, told);
    assert.ok(wasMended);
    assert.deepEqual(JSON.parse(again.stdout).steps, []);
    assert.equal(undone.code, 0, undone.stderr);
    assert.match(undone.stdout, new RegExp(`^Taken back what was mended at .*: ${name}\\.\\n$`));
    assert.equal(afterUndo, before);
  });

test("what was changed since is not taken back, and said; --only mends nothing else", async () => {
  using home = await SickHome.make('{ "gateway": { "auth": { "token": "hunter2" } } }');
  chmodSync(home.config, 0o644);

  const fixed = await home.run(["doctor", "--fix", "--only", "secret"]);
  const mode = statSync(home.config).mode & 0o777;
  writeFileSync(home.config, settings({ logging: {} }));
  const undone = await home.run(["doctor", "--undo"]);
  const unknown = await home.run(["doctor", "--fix", "--only", "teeth"]);

  assert.deepEqual([fixed.code, mode, undone.code, unknown.code], [0, 0o644, 1, 2]);
  assert.match(undone.stderr, /^secret: .*moltbot\.json was changed since; what stood there is in .*doctor/);
  assert.equal(readFileSync(home.config, "utf8"), settings({ logging: {} }));
  assert.match(unknown.stderr, /^--only is one of config, modes, .*not "teeth"\.\n$/);
});

test("services: another brand's is removed, a program that is gone is replaced, lingering is turned on, and all is taken back", async () => {
  using home = await SickHome.make(settings({}));
  home.system.mark("no-rights");
  await home.run(["gateway", "install", "--port", "0"]);
  await home.run(["gateway", "stop"]);
  const unit = join(home.system.units, "moltbot-gateway.service");
  const old = join(home.system.units, "clawdbot-gateway.service");
  const broken = readFileSync(unit, "utf8").replace(/^ExecStart="[^"]*"/m, 'ExecStart="/gone/bin/node"');
  writeFileSync(unit, broken);
  writeFileSync(old, "[Service]\nExecStart=/usr/bin/true\n");
  rmSync(join(home.system.folder, "no-rights"));

  const dry = await home.run(["doctor", "--fix", "--dry-run", "--json"]);
  const fixed = await home.run(["doctor", "--fix"]);
  const status = JSON.parse((await home.run(["gateway", "status", "--json"])).stdout);
  await home.run(["gateway", "stop"]);
  const undone = await home.run(["doctor", "--undo"]);

  assert.deepEqual(
    JSON.parse(dry.stdout).steps.map((step: { name: string }) => step.name),
    ["other-services", "service-program", "linger"],
  );
  assert.equal(fixed.code, 0, fixed.stderr);
  assert.deepEqual([status.service.state.isRunning, status.service.others], [true, []]);
  assert.ok(home.system.calls.some((call) => call.startsWith("loginctl enable-linger")));
  assert.equal(undone.code, 0, undone.stderr);
  assert.equal(readFileSync(unit, "utf8"), broken);
  assert.ok(existsSync(old));
  assert.ok(home.system.calls.some((call) => call.startsWith("loginctl disable-linger")));
});

test("a job that is on and can never run again is switched off while the gateway runs, and on again", async () => {
  using home = await SickHome.make(settings({}));
  await using gateway = await home.gateway();
  home.port = gateway.link.port;
  // Clients of protocol 3 may add a job whose time has passed.
  const client = new GatewayClient({
    ...{ url: gateway.url, token: STRONG, maxProtocol: 3, scopes: ["operator.admin"], reconnect: false },
    client: { id: "cli", version: "1", platform: "linux", mode: "cli" },
  });
  await client.connect();
  const { id } = (await client.request("cron.add" as string, {
    ...{ name: "never", schedule: { kind: "at", atMs: 1_000_000_000_000 }, sessionTarget: "main" },
    ...{ payload: { kind: "systemEvent", text: "hello" }, wakeMode: "next-heartbeat" },
  })) as { id: string };
  client.close();
  const isOn = async () => {
    const { stdout } = await home.run(["gateway", "call", "cron.list", "--params", '{"includeDisabled": true}']);
    return JSON.parse(stdout).jobs.find((job: { id: string }) => job.id === id).enabled;
  };

  const looked = await home.run(["doctor", "--json"]);
  const fixed = await home.run(["doctor", "--fix"]);
  const afterFix = await isOn();
  const undone = await home.run(["doctor", "--undo"]);

  assert.ok(looked.stdout.includes(`the job never (${id}) is on and can never run again`));
  assert.deepEqual(
    [fixed.code, afterFix, undone.code, await isOn()],
    [0, false, 0, true],
    fixed.stderr + undone.stderr,
  );
});

test("a new secret of a gateway that runs counts when the command returns", async () => {
  using home = await SickHome.make('{ gateway: { auth: { mode: "token", token: "letmein-2026" } } }');
  await using _gateway = await home.gateway(["--port", home.port]);
  const begun = () => readFileSync(join(home.stateDir, "gateway.json"), "utf8");
  const before = begun();

  const fixed = await home.run(["doctor", "--fix", "--only", "secret"]);
  const hasRestarted = begun() !== before;
  const health = await home.run(["health"]);

  assert.deepEqual([fixed.code, hasRestarted, health.code], [0, true, 0], fixed.stderr + health.stderr);
});
